// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/engine/transfers.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::engine {
namespace {

constexpr std::size_t k_max_report = 1U << 20;

std::string report_of(const Error& error) {
  return dump_json({{"class", static_cast<int>(error.error_class())},
                    {"message", error.describe()},
                    {"hint", error.hint()},
                    {"exit_code", error.exit_code()}});
}

[[noreturn]] void rethrow(const std::string& report) {
  const Json document = parse_json(report, "report");
  Error error(static_cast<ErrorClass>(json::require_int(document, "class")),
              json::require_string(document, "message"));
  if (auto hint = json::get_string(document, "hint"); !hint.empty()) error.set_hint(hint);
  error.set_exit_code(static_cast<int>(json::require_int(document, "exit_code")));
  throw error;
}

/// What went wrong, or nothing.
std::string pull_in_child(const Context& context, const PullRequest& request,
                          TransferObserver& observer,
                          const linux::Cancellation& cancellation) noexcept {
  try {
    Context own(context.config());
    (void)pull_image(own, request, observer, cancellation);
    return "";
  } catch (const Error& error) {
    return report_of(error);
  } catch (const std::exception& error) {
    return report_of(Error(ErrorClass::internal, error.what()));
  }
}

}  // namespace

void pull_image_apart(const Context& context, const PullRequest& request,
                      TransferObserver& observer, const linux::Cancellation& cancellation) {
  linux::Pipe report = linux::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) {
    const std::string failure = pull_in_child(context, request, observer, cancellation);
    try {
      linux::write_all(report.write.get(), failure, "report");
    } catch (const Error&) {
      ::_exit(1);
    }
    ::_exit(failure.empty() ? 0 : 1);
  }
  linux::Child child(pid);
  report.write.reset();
  pollfd set[2] = {{report.read.get(), POLLIN, 0}, {cancellation.fd(), POLLIN, 0}};
  while (::poll(set, 2, -1) < 0 || set[0].revents == 0) {
    // It cleans up before it ends. Of the terminal's Ctrl-C it knows by itself.
    if (set[1].revents != 0 && set[1].fd >= 0) {
      ::kill(pid, SIGTERM);
      set[1].fd = -1;
    }
  }
  const std::string failure = linux::read_all(report.read.get(), k_max_report);
  const int code = linux::exit_code_of(child.wait());
  if (!failure.empty()) rethrow(failure);
  if (code != 0) {
    throw Error(ErrorClass::internal, "the process that pulled ended with code {}", code);
  }
}

}  // namespace coracle::engine
