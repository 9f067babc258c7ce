// SPDX-License-Identifier: Apache-2.0
// Where images are: containers-transports(5).
#pragma once

#include <string>
#include <string_view>

namespace coracle::engine {

enum class Transport {
  registry,        ///< docker://NAME, or a name alone
  docker_archive,  ///< docker-archive:FILE[:NAME]
  oci_archive,     ///< oci-archive:FILE[:NAME]
  oci_layout,      ///< oci:DIRECTORY[:NAME]
  directory,       ///< dir:DIRECTORY
  docker_daemon,   ///< docker-daemon:NAME
  storage,         ///< containers-storage:NAME: this store
};

/// "docker", "docker-archive", …: as policies and messages have it.
std::string_view to_string(Transport transport) noexcept;

struct ImageLocation {
  Transport transport = Transport::registry;
  std::string path;  ///< of a file or directory
  std::string name;  ///< of the image there; may be empty with a path

  std::string str() const;
};

/// @throws Error invalid_argument for a transport that is not known, or lacks what it needs
ImageLocation parse_location(std::string_view text);

}  // namespace coracle::engine
