// SPDX-License-Identifier: Apache-2.0
// Runs a part of a test in a user namespace, or under different limits: in a child process, whose
// findings come back as text.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::test {

/// What `work` returns, run in a child; "error: …" for an Error that leaves it, and "died: …" when
/// the child does not end by itself.
template <typename Work>
std::string in_child(Work&& work) {
  linux::Pipe pipe = linux::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) {
    std::string text;
    try {
      text = work();
    } catch (const Error& error) {
      text = "error: " + error.describe();
    } catch (const std::exception& error) {
      text = std::string("exception: ") + error.what();
    }
    try {
      linux::write_all(pipe.write.get(), text, "pipe");
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  linux::Child child(pid);
  pipe.write.reset();
  std::string text = linux::read_all(pipe.read.get());
  const int status = child.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return "died: status " + std::to_string(status) + " " + text;
  }
  return text;
}

inline bool is_root() {
  return ::geteuid() == 0;
}

/// `work` as root of a new user namespace with these maps.
template <typename Work>
std::string in_user_namespace(const linux::IdMappings& mappings, Work&& work) {
  return in_child([&] {
    linux::enter_user_namespace(linux::NewUserNamespace(mappings).finish().get());
    return work();
  });
}

/// Maps as a rootless engine has them. For root some that no user here has.
inline linux::IdMappings engine_mappings() {
  constexpr std::uint32_t k_first = 100'000;
  constexpr std::uint32_t k_count = 65'536;
  if (is_root()) return {{{0, k_first, k_count}}, {{0, k_first, k_count}}};
  return linux::rootless_mappings(linux::current_identity());
}

}  // namespace coracle::test
