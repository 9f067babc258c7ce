// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <map>
#include <string>

extern char** environ;

namespace coracle::config {

/// The environment is exactly this until the end of the scope.
class ScopedEnvironment {
 public:
  explicit ScopedEnvironment(const std::map<std::string, std::string>& variables) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      const auto equals = text.find('=');
      if (equals != std::string::npos) saved_[text.substr(0, equals)] = text.substr(equals + 1);
    }
    replace(variables);
  }
  ~ScopedEnvironment() { replace(saved_); }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  static void replace(const std::map<std::string, std::string>& variables) {
    ::clearenv();
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }

  std::map<std::string, std::string> saved_;
};

}  // namespace coracle::config
