// SPDX-License-Identifier: Apache-2.0
#include "coracle/runtime/hooks.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <optional>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "runtime/child/namespaces.hpp"

namespace coracle::runtime {
namespace {

constexpr std::size_t k_max_complaint = 4096;

/// Between a hook and whoever waits for it.
struct Streams {
  linux::Fd state;
  linux::Pipe complaint = linux::make_pipe();
};

/// @param own_group  whether it leads a process group, which is what a timeout kills
linux::Child spawn_hook(const oci::Hook& hook, const Streams& streams, bool own_group) {
  linux::SpawnOptions options;
  options.program = hook.path;
  options.argv = hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
  if (!hook.env.empty()) options.environment = hook.env;
  options.standard_input = streams.state.get();
  options.standard_error = streams.complaint.write.get();
  options.own_group = own_group;
  return linux::spawn(options);
}

/// The container's process learns from the end of its connection that our parent is gone.
void keep_only(const Streams& streams, const std::vector<NamespaceHandle>& inside) {
  std::vector<int> kept = {streams.state.get(), streams.complaint.write.get()};
  for (const auto& entry : inside) kept.push_back(entry.descriptor.get());
  linux::close_all_but(STDERR_FILENO + 1, kept);
}

/// A pid namespace takes effect for children only, and the others must not change this process: a
/// process between this one and the hook.
linux::Child spawn_hook_inside(const oci::Hook& hook, const Streams& streams,
                               const std::vector<NamespaceHandle>& inside) {
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid > 0) return linux::Child(pid);
  ::setpgid(0, 0);                       // What a timeout kills; the hook stays in it.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // What the container can see of us is the hook.
  keep_only(streams, inside);
  try {
    std::vector<NamespaceStep> steps;
    for (const auto& entry : inside) steps.push_back({entry.descriptor.get(), entry.flag, ""});
    if (child::join_namespaces(steps) != nullptr) {
      throw SysError("cannot join the container's namespaces");
    }
    if (inside.front().flag == CLONE_NEWUSER) linux::become_namespace_root();
    linux::Child child = spawn_hook(hook, streams, false);
    ::_exit(linux::exit_code_of(child.wait()));
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    (void)!::write(streams.complaint.write.get(), text.data(), text.size());
  }
  ::_exit(k_exit_engine);
}

using Clock = std::chrono::steady_clock;

/// Reads what a hook says until it has ended, of which the beginning is kept.
/// @returns false when its time is over
bool hear_out(int complaint, int end, std::optional<Clock::time_point> deadline,
              std::string& said) {
  ::fcntl(complaint, F_SETFL, O_NONBLOCK);
  while (true) {
    int timeout = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
    }
    pollfd events[] = {{complaint, POLLIN, 0}, {end, POLLIN, 0}};
    const int ready = ::poll(events, 2, timeout);
    if (ready == 0) return false;
    char text[k_max_complaint];
    const ssize_t size = ::read(complaint, text, sizeof text);
    if (size == 0) complaint = -1;  // It says no more.
    if (size > 0)
      said.append(text, std::min(static_cast<std::size_t>(size), k_max_complaint - said.size()));
    if (ready > 0 && events[1].revents != 0 && size <= 0) return true;
  }
}

/// A file in memory that the hook reads from its beginning, however long it is, or not at all.
linux::Fd file_of(const std::string& state) {
  linux::Fd file(::memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) throw SysError("cannot make a file in memory");
  linux::write_all(file.get(), state, "the state");
  ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw SysError("cannot rewind a file in memory");
  return file;
}

void run_hook(const oci::Hook& hook, const std::string& state,
              const std::vector<NamespaceHandle>& inside) {
  Streams streams{file_of(state)};
  linux::Child child =
      inside.empty() ? spawn_hook(hook, streams, true) : spawn_hook_inside(hook, streams, inside);
  streams.complaint.write.reset();
  const linux::Fd end = child.open_pidfd();
  std::optional<Clock::time_point> deadline;
  if (hook.timeout) deadline = Clock::now() + std::chrono::seconds(*hook.timeout);
  std::string said;
  if (!hear_out(streams.complaint.read.get(), end.get(), deadline, said)) {
    ::kill(-child.pid(), SIGKILL);
    throw Error(ErrorClass::unavailable, "did not end within {} seconds", *hook.timeout);
  }
  const int code = linux::exit_code_of(child.wait());
  if (code == 0) return;
  const auto text = trim(said);
  throw Error(ErrorClass::internal, "exit code {}{}{}", code, text.empty() ? "" : ": ", text);
}

}  // namespace

void run_hooks(std::string_view stage, const std::vector<oci::Hook>& hooks,
               const oci::RuntimeState& state, const std::vector<NamespaceHandle>& inside) {
  if (hooks.empty()) return;
  const std::string text = oci::serialize(state);
  for (const auto& hook : hooks) {
    in_context(fmt::format("{} hook '{}'", stage, hook.path),
               [&] { run_hook(hook, text, inside); });
  }
}

void try_hooks(std::string_view stage, const std::vector<oci::Hook>& hooks,
               const oci::RuntimeState& state) noexcept {
  for (const auto& hook : hooks) {
    try {
      run_hooks(stage, {hook}, state);
    } catch (const Error& error) {
      log::warn("{}", error.describe());
    } catch (const std::exception& error) {
      log::warn("{} hook '{}': {}", stage, hook.path, error.what());
    }
  }
}

}  // namespace coracle::runtime
