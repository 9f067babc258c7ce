// SPDX-License-Identifier: Apache-2.0
// What every verb of the engine works on: the configuration and the stores, opened once by a front
// door. Opening creates nothing on disk.
#pragma once

#include <optional>
#include <string>

#include "coracle/base/error.hpp"
#include "coracle/config/config.hpp"
#include "coracle/engine/user_namespace.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/store/container_store.hpp"
#include "coracle/store/event_journal.hpp"
#include "coracle/store/image_store.hpp"
#include "coracle/store/network_store.hpp"
#include "coracle/store/pod_store.hpp"
#include "coracle/store/secret_store.hpp"
#include "coracle/store/volume_store.hpp"

namespace coracle::engine {

class Context {
 public:
  explicit Context(config::Config config);

  const config::Config& config() const noexcept { return config_; }
  store::ContainerStore& containers() noexcept { return containers_; }
  store::ImageStore& images() noexcept { return images_; }
  store::NetworkStore& networks() noexcept { return networks_; }
  store::PodStore& pods() noexcept { return pods_; }
  const store::EventJournal& events() const noexcept { return events_; }
  const store::VolumeStore& volumes() const noexcept { return volumes_; }
  const store::SecretStore& secrets() const noexcept { return secrets_; }

  /// The ids of the engine's user namespace; empty for root, who needs none.
  const linux::IdMappings& mappings();
  /// Begins what enter_namespace() needs: the sooner, the less it has to wait.
  void begin_namespace();
  /// Waits for what begin_namespace() began. Processes forked from now on can enter_namespace().
  void finish_namespace();
  /// Lets go of it, once they are forked.
  void drop_namespace() { namespace_.reset(); }
  /// Makes this single-threaded process root of the engine's user namespace, if it is an ordinary
  /// user's: before files of images and containers are touched. May be repeated.
  void enter_namespace();
  /// Whether it is, or needs not to.
  bool is_in_namespace() const noexcept { return entered_ || !config_.rootless; }
  /// Why there is no namespace here that one can mount in, neither a new one nor ours: containers
  /// are chroots at best (engine/container/chroot/chroot.hpp), in a user namespace if one can be
  /// made. nullptr: there is one, as far as trying to make it tells.
  const Error* lack_of_namespaces();
  /// The same for the user namespace that a process is in, which has the same maps. False if it is
  /// gone.
  bool try_enter_namespace_of(const linux::ProcessIdentity& process);
  /// Gives this process a mount namespace of its own, into which mounts of the host still come. May
  /// be repeated; after enter_namespace().
  void enter_mount_namespace();
  /// Directory of small files that can be made again.
  std::string cache_directory() const { return config_.root + "/cache"; }

 private:
  void take_other_namespace(const Error& error);
  void do_without_namespaces(const Error& error);
  void settle_for_one_id(const std::string& why);
  void warn_of_one_id();

  config::Config config_;
  store::ContainerStore containers_;
  store::ImageStore images_;
  store::NetworkStore networks_;
  store::PodStore pods_;
  store::EventJournal events_;
  store::VolumeStore volumes_;
  store::SecretStore secrets_;
  linux::IdMappings mappings_;
  std::string why_one_id_;  ///< until it has been said
  std::optional<UserNamespace> namespace_;
  std::optional<Error> lack_;
  bool can_make_namespaces_ = false;  ///< as far as that has been tried
  bool entered_ = false;
  bool has_own_mounts_ = false;
};

}  // namespace coracle::engine
