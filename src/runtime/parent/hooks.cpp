// SPDX-License-Identifier: Apache-2.0
#include "coracle/runtime/hooks.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <chrono>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::runtime {
namespace {

constexpr std::size_t k_max_complaint = 4096;

/// Between a hook and whoever waits for it.
struct Pipes {
  linux::Pipe state = linux::make_pipe();
  linux::Pipe complaint = linux::make_pipe();
};

linux::Child spawn_hook(const oci::Hook& hook, const Pipes& pipes) {
  linux::SpawnOptions options;
  options.program = hook.path;
  options.argv = hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
  if (!hook.env.empty()) options.environment = hook.env;
  options.standard_input = pipes.state.read.get();
  options.standard_error = pipes.complaint.write.get();
  return linux::spawn(options);
}

/// A pid namespace takes effect for children only, and the others must not change this process: a
/// process between this one and the hook.
linux::Child spawn_hook_inside(const oci::Hook& hook, const Pipes& pipes,
                               const std::vector<NamespaceHandle>& inside) {
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid > 0) return linux::Child(pid);
  ::setpgid(0, 0);  // What a timeout kills.
  try {
    for (const auto& entry : inside) {
      if (::setns(entry.descriptor.get(), entry.flag) != 0) {
        throw SysError("cannot join the container's namespaces");
      }
      if (entry.flag == CLONE_NEWUSER) linux::become_namespace_root();
    }
    linux::Child child = spawn_hook(hook, pipes);
    ::_exit(linux::exit_code_of(child.wait()));
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    (void)!::write(pipes.complaint.write.get(), text.data(), text.size());
  }
  ::_exit(k_exit_engine);
}

std::string complaint_of(int pipe) {
  ::fcntl(pipe, F_SETFL, O_NONBLOCK);
  char text[k_max_complaint];
  const ssize_t size = ::read(pipe, text, sizeof text);
  return std::string(trim(std::string_view(text, size > 0 ? static_cast<std::size_t>(size) : 0)));
}

/// A hook that reads nothing must not stop us: the state fits into the pipe, or is cut.
void hand_over(int pipe, const std::string& state) {
  ::fcntl(pipe, F_SETFL, O_NONBLOCK);
  ::fcntl(pipe, F_SETPIPE_SZ, static_cast<int>(state.size()));
  (void)!::write(pipe, state.data(), state.size());
}

void run_hook(const oci::Hook& hook, const std::string& state,
              const std::vector<NamespaceHandle>& inside) {
  Pipes pipes;
  hand_over(pipes.state.write.get(), state);
  pipes.state.write.reset();
  linux::Child child = inside.empty() ? spawn_hook(hook, pipes) : spawn_hook_inside(hook, pipes, inside);
  if (hook.timeout) {
    const linux::Fd end(static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0)));
    if (!linux::wait_readable(end.get(), *hook.timeout * 1000)) {
      if (!inside.empty()) ::kill(-child.pid(), SIGKILL);
      throw Error(ErrorClass::unavailable, "did not end within {} seconds", *hook.timeout);
    }
  }
  const int code = linux::exit_code_of(child.wait());
  if (code == 0) return;
  const std::string said = complaint_of(pipes.complaint.read.get());
  throw Error(ErrorClass::internal, "exit code {}{}{}", code, said.empty() ? "" : ": ", said);
}

}  // namespace

void run_hooks(std::string_view stage, const std::vector<oci::Hook>& hooks,
               const oci::RuntimeState& state, const std::vector<NamespaceHandle>& inside) {
  if (hooks.empty()) return;
  const std::string text = oci::serialize(state);
  for (const auto& hook : hooks) {
    in_context(fmt::format("{} hook '{}'", stage, hook.path), [&] { run_hook(hook, text, inside); });
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
