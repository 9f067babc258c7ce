// SPDX-License-Identifier: Apache-2.0
// How a child gives up. Between fork and exec there are no exceptions and no destructors: a step
// that fails tells the parent which one, the errno and the subject, and the process ends.
#pragma once

#include <string>

#include "runtime/protocol/message.hpp"

namespace coracle::runtime::child {

/// Sends the failure with the current errno and ends the process.
[[noreturn]] void fail(int socket, protocol::Step step, const char* subject) noexcept;
[[noreturn]] void fail(int socket, protocol::Step step, int error, const char* subject) noexcept;

/// Fails the step unless `result` is a success (>= 0); returns it.
inline int check(int socket, int result, protocol::Step step, const char* subject) noexcept {
  if (result < 0) fail(socket, step, subject);
  return result;
}
inline int check(int socket, int result, protocol::Step step, const std::string& subject) noexcept {
  return check(socket, result, step, subject.c_str());
}

}  // namespace coracle::runtime::child
