// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>
#include <thread>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/subordinate_ids.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/linux/user_namespace_trial.hpp"

namespace coracle::linux {
namespace {

/// Whether the kernel lets us write the map without a helper: one line that maps our own id, or the
/// capability in our own namespace.
bool may_write_directly(const std::vector<IdRange>& ranges, std::uint32_t own) {
  return ::geteuid() == 0 ||
         (ranges.size() == 1 && ranges[0].size == 1 && ranges[0].outside == own);
}

/// Whether we may map groups as we like. Otherwise the kernel wants setgroups(2) given up first
/// (CVE-2014-8989).
bool may_map_groups() {
  return ::geteuid() == 0 && holds_capability("setgid");
}

void write_map(const std::string& path, const std::string& text) {
  try {
    write_existing(path, text);
  } catch (SysError& error) {
    const auto refusal = explain_map_refusal();
    error.set_hint(refusal.cause + ": " + refusal.fix);
    throw;
  }
}

[[noreturn]] void hold_namespace(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Locks and pipes of the parent's end with it.
  ::close_range(0, ~0U, 0);
  while (::getppid() == parent) ::pause();
  ::_exit(0);
}

/// A child in a new user namespace that does nothing. Its memory is a copy, as after fork(2).
Child start_holder() {
  const pid_t parent = ::getpid();
  const long pid =
      ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) hold_namespace(parent);
  if (pid > 0) return Child(static_cast<pid_t>(pid));
  SysError error("cannot create a user namespace");
  const auto refusal = explain_refusal(error.code());
  error.set_hint(refusal.cause + ": " + refusal.fix);
  throw error;
}

}  // namespace

MappingHelper::MappingHelper(const char* program, pid_t pid, const std::vector<IdRange>& ranges)
    : program_(program), pid_(pid) {
  Pipe complaint = make_pipe();
  SpawnOptions options;
  options.argv = {program, std::to_string(pid)};
  for (const auto& range : ranges) {
    options.argv.push_back(std::to_string(range.inside));
    options.argv.push_back(std::to_string(range.outside));
    options.argv.push_back(std::to_string(range.size));
  }
  options.standard_error = complaint.write.get();
  try {
    child_ = spawn(options);
  } catch (Error& error) {
    if (error.error_class() == ErrorClass::unavailable) {
      error.set_hint("install newuidmap and newgidmap (Debian: apt-get install uidmap)");
    }
    throw;
  }
  complaint_ = std::move(complaint.read);
}

void MappingHelper::finish() {
  if (!child_.valid() || exit_code_of(child_.wait()) == 0) return;
  const std::string said(trim(read_all(complaint_.get(), 1U << 16)));
  Error error(ErrorClass::unavailable, "{} refused to map the ids of process {}: {}", program_,
              pid_, said.empty() ? "no reason given" : said);
  error.set_hint(fmt::format(
      "check that {0} is setuid root and that /etc/subuid and /etc/subgid grant you ranges: "
      "usermod --add-subuids {1} --add-subgids {1} USER",
      program_, free_id_range()));
  throw error;
}

MappingWriter::MappingWriter(pid_t pid, const IdMappings& mappings) {
  const std::string proc = fmt::format("/proc/{}/", pid);
  const bool direct_uids = may_write_directly(mappings.uids, ::geteuid());
  const bool direct_gids = may_write_directly(mappings.gids, ::getegid());
  if (!direct_uids) uids_ = MappingHelper("newuidmap", pid, mappings.uids);
  if (!direct_gids) gids_ = MappingHelper("newgidmap", pid, mappings.gids);
  if (direct_uids) write_map(proc + "uid_map", format_id_map(mappings.uids));
  if (direct_gids) {
    if (!may_map_groups()) write_map(proc + "setgroups", "deny");
    write_map(proc + "gid_map", format_id_map(mappings.gids));
  }
}

void MappingWriter::finish() {
  uids_.finish();
  gids_.finish();
}

NewUserNamespace::NewUserNamespace(const IdMappings& mappings)
    : holder_(start_holder()), maps_(holder_.pid(), mappings) {}

Fd NewUserNamespace::finish() {
  maps_.finish();
  Fd fd = open_file(fmt::format("/proc/{}/ns/user", holder_.pid()), O_RDONLY);
  ::kill(holder_.pid(), SIGKILL);  // Reaped with this object: that may take a while.
  return fd;
}

void enter_user_namespace(int user_namespace) {
  // Only a process of one thread may. One that has been joined is gone for pthread_join(3) a moment
  // before it is for the kernel.
  constexpr int k_tries = 1000;
  int tries = 0;
  while (::setns(user_namespace, CLONE_NEWUSER) != 0) {
    if (errno != EINVAL || ++tries == k_tries || list_directory("/proc/self/task").size() < 2) {
      throw SysError("cannot enter a user namespace");
    }
    std::this_thread::yield();
  }
  become_namespace_root();
}

void become_namespace_root() {
  if (::setresgid(0, 0, 0) != 0) throw SysError("cannot become group 0 of the user namespace");
  if (::setresuid(0, 0, 0) != 0) throw SysError("cannot become user 0 of the user namespace");
}

}  // namespace coracle::linux
