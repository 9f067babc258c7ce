// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/error_text.hpp"
#include "coracle/engine/transfers.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::engine {
namespace {

/// What went wrong, or nothing.
std::string pull_in_child(const Context& context, const PullRequest& request,
                          TransferObserver& observer,
                          const linux::Cancellation& cancellation) noexcept {
  try {
    Context own(context.config());
    (void)pull_image(own, request, observer, cancellation);
    return "";
  } catch (const Error& error) {
    return serialize_error(error);
  } catch (const std::exception& error) {
    return serialize_error(Error(ErrorClass::internal, error.what()));
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
  const std::string failure = linux::read_all(report.read.get(), k_error_text_size);
  const int code = linux::exit_code_of(child.wait());
  if (!failure.empty()) throw parse_error(failure);
  if (code != 0) {
    throw Error(ErrorClass::internal, "the process that pulled ended with code {}", code);
  }
}

}  // namespace coracle::engine
