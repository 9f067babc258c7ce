// SPDX-License-Identifier: Apache-2.0
#include "engine/apart.hpp"

#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/error_text.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::engine {
namespace {

/// What went wrong, or nothing.
std::string try_work(Context& context, const std::function<void()>& work) noexcept {
  try {
    context.enter_namespace();
    work();
    return "";
  } catch (const Error& error) {
    return serialize_error(error);
  } catch (const std::exception& error) {
    return serialize_error(Error(ErrorClass::internal, "{}", error.what()));
  }
}

}  // namespace

void in_namespace_apart(Context& context, const std::function<void()>& work) {
  if (!context.config().rootless) return work();
  context.finish_namespace();  // Its helpers are children of this process.
  linux::Pipe report = linux::make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) {
    const std::string failure = try_work(context, work);
    const auto size = static_cast<ssize_t>(failure.size());
    const bool is_told = ::write(report.write.get(), failure.data(), failure.size()) == size;
    ::_exit(failure.empty() && is_told ? 0 : 1);
  }
  linux::Child child(pid);
  report.write.reset();
  const std::string failure = linux::read_all(report.read.get(), k_error_text_size);
  const int code = linux::exit_code_of(child.wait());
  if (!failure.empty()) throw parse_error(failure);
  if (code != 0) throw Error(ErrorClass::internal, "a process of ours ended with code {}", code);
}

}  // namespace coracle::engine
