// SPDX-License-Identifier: Apache-2.0
// The one error type that crosses rooms: a class that decides exit code and HTTP status, a message
// for a person, and the chain of "while …" lines each layer adds about its own subject.
#pragma once

#include <exception>
#include <fmt/core.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coracle {

/// What kind of failure it is. Callers branch on this, never on message text.
enum class ErrorClass {
  not_found,          ///< the named object does not exist
  conflict,           ///< it exists already, is in use, or is in the wrong state
  invalid_argument,   ///< the user, a file or a peer said something that makes no sense
  permission_denied,  ///< the kernel or a policy says no
  unavailable,        ///< a helper, feature or resource is missing now
  not_implemented,    ///< understood, and not supported on purpose
  internal,           ///< everything else: i/o errors and our own mistakes
};

/// Exit codes of docker and podman for failures of the engine itself.
inline constexpr int k_exit_engine = 125;
inline constexpr int k_exit_not_executable = 126;
inline constexpr int k_exit_not_found = 127;

/// Messages are lower case, without a full stop, and name their subject in quotes.
class Error : public std::exception {
 public:
  Error(ErrorClass error_class, std::string message);

  template <typename... Args>
  requires(sizeof...(Args) > 0)
      Error(ErrorClass error_class, fmt::format_string<Args...> format, Args&&... args)
      : Error(error_class, fmt::format(format, std::forward<Args>(args)...)) {}

  /// Adds what the caller was doing, outermost last: `while loading 'a.tar'`.
  Error& add_context(std::string context);
  /// Adds what the user can do about it; printed on a line of its own.
  Error& set_hint(std::string hint);
  /// Overrides the exit code that the class implies (126 and 127 of run and exec).
  Error& set_exit_code(int code);

  ErrorClass error_class() const noexcept { return class_; }
  const std::string& message() const noexcept { return message_; }
  const std::vector<std::string>& contexts() const noexcept { return contexts_; }
  const std::string& hint() const noexcept { return hint_; }
  int exit_code() const noexcept { return exit_code_.value_or(k_exit_engine); }
  bool has_exit_code() const noexcept { return exit_code_.has_value(); }

  /// "context: context: message", outermost first: one line for `Error: …`.
  std::string describe() const;
  const char* what() const noexcept override;

 private:
  ErrorClass class_;
  std::string message_;
  std::vector<std::string> contexts_;
  std::string hint_;
  std::optional<int> exit_code_;
  mutable std::string what_;
};

/// A failed system call. The error class follows from errno; the text is "message: strerror".
class SysError : public Error {
 public:
  SysError(int errno_value, std::string message);

  /// Takes the current errno before it formats anything.
  template <typename... Args>
  explicit SysError(fmt::format_string<Args...> format, Args&&... args)
      : SysError(Capture{}, format, std::forward<Args>(args)...) {}

  int code() const noexcept { return errno_; }

 private:
  struct Capture {
    Capture() noexcept;
    int value;
  };
  template <typename... Args>
  SysError(Capture saved, fmt::format_string<Args...> format, Args&&... args)
      : SysError(saved.value, fmt::format(format, std::forward<Args>(args)...)) {}

  int errno_;
};

/// The class that an errno value stands for.
ErrorClass class_of_errno(int errno_value) noexcept;

/// Runs `work`; an Error that leaves it gets one more "while …" line.
template <typename Work>
decltype(auto) in_context(std::string context, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.add_context(std::move(context));
    throw;
  }
}

}  // namespace coracle
