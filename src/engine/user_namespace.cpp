// SPDX-License-Identifier: Apache-2.0
#include "coracle/engine/user_namespace.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::engine {
namespace {

/// One directory for each pair of maps, named by what they hold.
std::string directory_for(const std::string& runroot, const linux::IdMappings& mappings) {
  std::string name;
  const auto append = [&](char side, const std::vector<linux::IdRange>& ranges) {
    for (const auto& range : ranges) {
      name += fmt::format("{}{}-{}-{}", side, range.inside, range.outside, range.size);
    }
  };
  append('u', mappings.uids);
  append('g', mappings.gids);
  // A map of hundreds of lines would not fit a file name; its namespace is then not shared.
  if (name.size() > 200) return {};
  return runroot + "/namespaces/" + name;
}

std::optional<linux::ProcessIdentity> parse_entry(const std::string& name) {
  const auto parts = split_once(name, '.');
  if (!parts) return std::nullopt;
  const auto pid = parse_int(parts->first);
  const auto start = parse_int(parts->second);
  if (!pid || !start) return std::nullopt;
  return linux::ProcessIdentity{static_cast<pid_t>(*pid), static_cast<std::uint64_t>(*start)};
}

linux::Fd open_listed(const std::string& directory) {
  for (const auto& name : linux::list_directory(directory)) {
    if (const auto process = parse_entry(name)) {
      if (linux::Fd fd = open_namespace_of(*process)) return fd;
    }
    ::unlink((directory + "/" + name).c_str());
  }
  return {};
}

}  // namespace

linux::Fd open_namespace_of(const linux::ProcessIdentity& process) {
  // Another user's process may have the number by now: its files are not for us.
  linux::Fd fd =
      linux::try_open_at(AT_FDCWD, fmt::format("/proc/{}/ns/user", process.pid), O_RDONLY);
  // Only a process that is still itself after the opening was it before.
  if (fd && !linux::is_alive(process)) fd.reset();
  return fd;
}

NamespaceEntry& NamespaceEntry::operator=(NamespaceEntry&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

NamespaceEntry::~NamespaceEntry() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

UserNamespace::UserNamespace(const std::string& runroot, const linux::IdMappings& mappings) {
  const std::string directory = directory_for(runroot, mappings);
  if (!directory.empty()) namespace_ = open_listed(directory);
  if (!namespace_) new_.emplace(mappings);
}

void UserNamespace::finish() {
  if (new_ && !namespace_) namespace_ = new_->finish();
}

void UserNamespace::enter() {
  finish();
  linux::enter_user_namespace(namespace_.get());
}

NamespaceEntry list_in_namespace(const std::string& runroot, const linux::IdMappings& mappings) {
  const std::string directory = directory_for(runroot, mappings);
  if (directory.empty()) return {};
  linux::ensure_directory(directory);
  const auto self = linux::identity_of(::getpid());
  const std::string path = fmt::format("{}/{}.{}", directory, self.pid, self.start_time);
  const linux::Fd file = linux::open_file(path, O_WRONLY | O_CREAT, 0600);
  return NamespaceEntry(path);
}

}  // namespace coracle::engine
