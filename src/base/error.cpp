// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/error.hpp"

#include <errno.h>
#include <string.h>

namespace coracle {

Error::Error(ErrorClass error_class, std::string message)
    : class_(error_class), message_(std::move(message)) {}

Error& Error::add_context(std::string context) {
  contexts_.push_back(std::move(context));
  return *this;
}

Error& Error::set_hint(std::string hint) {
  hint_ = std::move(hint);
  return *this;
}

Error& Error::set_exit_code(int code) {
  exit_code_ = code;
  return *this;
}

std::string Error::describe() const {
  std::string text;
  for (auto context = contexts_.rbegin(); context != contexts_.rend(); ++context) {
    text += *context;
    text += ": ";
  }
  return text + message_;
}

const char* Error::what() const noexcept {
  try {
    what_ = describe();
    return what_.c_str();
  } catch (...) {
    return message_.c_str();
  }
}

ErrorClass class_of_errno(int errno_value) noexcept {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH: return ErrorClass::not_found;
    case EEXIST:
    case EBUSY:
    case EADDRINUSE:
    case ENOTEMPTY: return ErrorClass::conflict;
    case EPERM:
    case EACCES:
    case EROFS: return ErrorClass::permission_denied;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP: return ErrorClass::invalid_argument;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN: return ErrorClass::unavailable;
    default: return ErrorClass::internal;
  }
}

SysError::Capture::Capture() noexcept : value(errno) {}

SysError::SysError(int errno_value, std::string message)
    : Error(class_of_errno(errno_value), message + ": " + strerror(errno_value)),
      errno_(errno_value) {}

}  // namespace coracle
