// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coracle/engine/context.hpp"

namespace coracle::engine {

/// A container's root file system as it is: that of the running process, or mounted for as long as
/// this lives, in a mount namespace of this process' own; meanwhile the container is locked, as an
/// upper directory must not be mounted twice. Moves the process into the engine's user namespace.
class ContainerRoot {
 public:
  /// Whether what is mounted in a container that does not run is there as well: volumes, images,
  /// and directories of the host. In a running one all of it is.
  enum class Volumes { left_out, mounted };

  ContainerRoot(Context& context, const ContainerId& id, Volumes volumes = Volumes::left_out);
  ~ContainerRoot();
  ContainerRoot(const ContainerRoot&) = delete;
  ContainerRoot& operator=(const ContainerRoot&) = delete;

  int fd() const noexcept { return root_.get(); }

 private:
  void open_running(Context& context, const store::ContainerConfig& config,
                    const store::ContainerState& state);

  std::optional<linux::FileLock> lock_;
  linux::Fd root_;
  std::string mounted_;
};

/// The files of a container without what is mounted in it, for reading, whether it runs or not; of
/// owners as an image has them. Moves the process into the engine's user namespace.
class ImageRoot {
 public:
  ImageRoot(Context& context, const store::ContainerConfig& config);
  ~ImageRoot();
  ImageRoot(const ImageRoot&) = delete;
  ImageRoot& operator=(const ImageRoot&) = delete;

  int fd() const noexcept { return root_.get(); }

 private:
  linux::Fd root_;
  std::string mounted_;
};

/// The root file system of a running container as a detached mount, without what is mounted in it:
/// volumes, secrets, /proc and the like. Runs in the engine's user namespace.
linux::Fd copy_root_mount(const linux::ProcessIdentity& process);

}  // namespace coracle::engine
