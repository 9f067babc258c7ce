// SPDX-License-Identifier: Apache-2.0
// docker's daemon as a place of images: its API over its socket.
#pragma once

#include <memory>
#include <string>

#include "coracle/linux/cancellation.hpp"
#include "coracle/registry/download.hpp"

namespace coracle::registry {

/// An archive on its way to the daemon.
class DaemonImport {
 public:
  virtual ~DaemonImport() = default;
  virtual void write(const void* data, std::size_t size) = 0;
  /// @throws Error unavailable with the daemon's words when it does not take it
  virtual void finish() = 0;
};

class DockerDaemon {
 public:
  /// @throws Error not_implemented for a DOCKER_HOST that is no socket of this machine
  explicit DockerDaemon(const linux::Cancellation& cancellation);

  /// The archive that `docker save NAME` would write.
  /// @throws Error unavailable when no daemon listens, not_found in its words
  std::unique_ptr<Download> export_image(const std::string& name) const;
  /// Begins what `docker load` does.
  std::unique_ptr<DaemonImport> import_images() const;

 private:
  const linux::Cancellation& cancellation_;
  std::string socket_;
};

}  // namespace coracle::registry
