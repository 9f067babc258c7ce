// SPDX-License-Identifier: Apache-2.0
// The user namespaces that rootless containers live in. Making one costs two setuid helpers;
// joining that of a container that runs already costs one system call, so the monitors of running
// containers are listed by the maps of their namespace.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "coracle/linux/process.hpp"
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

/// A descriptor of the user namespace of a process; invalid when it is gone.
linux::Fd open_namespace_of(const linux::ProcessIdentity& process);

/// A user namespace with given maps: that of a listed process, or else a new one.
class UserNamespace {
 public:
  /// A new one is begun here, and completes while the caller does something else.
  /// @param runroot  the engine's directory for what does not outlive a boot
  UserNamespace(const std::string& runroot, const linux::IdMappings& mappings);
  /// Waits until it is complete. Then processes forked from this one can enter it as well.
  void finish();
  /// Makes this single-threaded process its root.
  void enter();

 private:
  linux::Fd namespace_;
  std::optional<linux::NewUserNamespace> new_;
};

/// Lists this process, which has entered such a namespace, for others to join.
[[nodiscard]] NamespaceEntry list_in_namespace(const std::string& runroot,
                                               const linux::IdMappings& mappings);

}  // namespace coracle::engine
