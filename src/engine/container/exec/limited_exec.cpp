// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec/limited_exec.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/process_tree.hpp"
#include "engine/apart.hpp"
#include "engine/container/exec/exec_plan.hpp"

namespace coracle::engine {
namespace {

using Clock = std::chrono::steady_clock;

/// Of the answer beside the output, which JSON makes longer by its escapes.
constexpr std::size_t k_answer_frame = 64 << 10;
constexpr std::size_t k_longest_escape = 6;

/// Some of what can be read now: who writes without end is not waited for. False at the end.
bool take_output(int output, std::size_t limit, std::string& text) {
  char chunk[8192];
  constexpr int k_chunks = 8;  // What a pipe holds.
  for (int i = 0; i < k_chunks; ++i) {
    const ssize_t got = ::read(output, chunk, sizeof chunk);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    const std::size_t room = limit - std::min(limit, text.size());
    text.append(chunk, std::min(room, static_cast<std::size_t>(got)));
  }
  return true;
}

/// Reads until the program has ended or its time is up. What it has left running may hold the pipe
/// for ever, and is not waited for.
LimitedExecResult follow(runtime::StartedProcess& started, int output, const LimitedExec& exec) {
  LimitedExecResult result;
  const auto end = Clock::now() + exec.timeout;
  pollfd set[2] = {{started.pidfd.get(), POLLIN, 0}, {output, POLLIN, 0}};
  while (set[0].revents == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) {
      result.timed_out = true;
      linux::kill_session(started.process.pid());
      break;
    }
    ::poll(set, 2, static_cast<int>(std::min<std::int64_t>(left, 1'000'000'000)));
    if (set[1].revents != 0 && !take_output(output, exec.output_limit, result.output)) {
      set[1].fd = -1;
    }
  }
  result.exit_code = linux::exit_code_of(started.process.wait());
  take_output(output, exec.output_limit, result.output);
  return result;
}

/// In a process of its own, which enters the container's user namespace for good.
/// @param is_chroot  the container has no pid namespace that ends what is left running
std::string run_in_child(ExecPlan& plan, const LimitedExec& exec, bool is_chroot) {
  if (is_chroot) linux::adopt_descendants();
  const linux::Fd null = linux::open_file("/dev/null", O_RDONLY);
  linux::Pipe pipe = linux::make_pipe();
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  runtime::StartedProcess started =
      plan.start({null.get(), pipe.write.get(), pipe.write.get()}, true);
  // Another identity takes it back.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  pipe.write.reset();
  const LimitedExecResult result = follow(started, pipe.read.get(), exec);
  if (is_chroot) linux::end_descendants();
  return dump_json({{"exit_code", result.exit_code},
                    {"timed_out", result.timed_out},
                    {"output", result.output}});
}

}  // namespace

LimitedExecResult run_limited(Context& context, const store::ContainerConfig& config,
                              const store::ContainerState& state, const LimitedExec& exec) {
  ExecPlan plan(context, config, state, exec.request);
  const std::string answer =
      answer_from_child("the process that joins the container",
                        k_answer_frame + k_longest_escape * exec.output_limit, [&] {
                          ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
                          return run_in_child(plan, exec, config.is_chroot);
                        });
  const Json document = parse_json(answer, "what the program has come to");
  return {static_cast<int>(json::get_int(document, "exit_code")),
          json::get_bool(document, "timed_out"), json::get_string(document, "output")};
}

}  // namespace coracle::engine
