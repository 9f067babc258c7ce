// SPDX-License-Identifier: Apache-2.0
// Go's text/template, for --format: parsed once, executed for each row.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "cli/format/schema.hpp"

namespace coracle::cli::format {

/// What one execution may cost; a template comes from the command line or from a script, and must
/// not be able to hang or exhaust the process.
struct TemplateLimits {
  std::size_t steps = 2'000'000;  ///< nodes evaluated, and bytes produced / 64
  std::size_t output_bytes = 64U << 20U;
  int depth = 100;  ///< of {{template}} calls
};

class Template {
 public:
  /// @param name  what messages call it: the command's name
  /// @throws Error invalid_argument "template: NAME:LINE: …"
  Template(std::string_view source, std::string name);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  /// @param data    what `.` is; must outlive the call
  /// @param schema  what is known about it beyond the JSON
  /// @throws Error invalid_argument "template: NAME:LINE:COLUMN: executing …"
  std::string execute(const Json& data, const Schema& schema = {},
                      const TemplateLimits& limits = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coracle::cli::format
