// SPDX-License-Identifier: Apache-2.0
// docker's daemon as a place of images: its API over its socket.
#pragma once

#include <memory>
#include <string>

#include "coracle/linux/cancellation.hpp"
#include "coracle/registry/download.hpp"

namespace coracle::registry {

class DockerDaemon {
 public:
  /// @throws Error not_implemented for a DOCKER_HOST that is no socket of this machine
  explicit DockerDaemon(const linux::Cancellation& cancellation);

  /// The archive that `docker save NAME` would write.
  /// @throws Error unavailable when no daemon listens, not_found in its words
  std::unique_ptr<Download> export_image(const std::string& name) const;
  /// Sends an archive, as `docker load` would. The archive ends with a read() of 0 bytes.
  void import_images(Download& archive) const;

 private:
  const linux::Cancellation& cancellation_;
  std::string socket_;
};

}  // namespace coracle::registry
