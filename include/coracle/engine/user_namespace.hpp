// SPDX-License-Identifier: Apache-2.0
// The user namespaces that rootless containers live in. Making one costs two setuid helpers; joining
// that of a container that runs already costs one system call, so the monitors of running
// containers are listed by the maps of their namespace.
#pragma once

#include <string>

#include "coracle/linux/user_namespace.hpp"

namespace coracle::engine {

/// A listed process. The entry goes with the object; that of a killed process is dropped by whoever
/// finds it.
class NamespaceEntry {
 public:
  NamespaceEntry() = default;
  NamespaceEntry(NamespaceEntry&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  NamespaceEntry& operator=(NamespaceEntry&& other) noexcept;
  ~NamespaceEntry();

 private:
  friend NamespaceEntry list_in_namespace(const std::string&, const linux::IdMappings&);
  explicit NamespaceEntry(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Makes this single-threaded process root of a user namespace with these maps: that of a listed
/// process, or else a new one.
/// @param runroot  the engine's directory for what does not outlive a boot
void enter_user_namespace(const std::string& runroot, const linux::IdMappings& mappings);

/// Lists this process, which has entered such a namespace, for others to join.
[[nodiscard]] NamespaceEntry list_in_namespace(const std::string& runroot,
                                               const linux::IdMappings& mappings);

}  // namespace coracle::engine
