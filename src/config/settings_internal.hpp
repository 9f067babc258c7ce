// SPDX-License-Identifier: Apache-2.0
// The table of keys: where each stands in the file, which variables set it, where its value goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "coracle/config/config.hpp"

namespace coracle::config {

/// A number of bytes: "64m" in text, a number too in the file.
struct ByteCount {
  std::int64_t Config::*member;
};

/// Where a key's value goes; the alternative is the key's type.
using Target = std::variant<std::string Config::*, std::int64_t Config::*, ByteCount,
                            bool Config::*, std::vector<std::string> Config::*>;

struct Setting {
  KeyDescription description;
  Target target;
};

const std::vector<Setting>& settings();

/// Sets a value that is written as text: in the environment, or as a string in the file. A list is
/// separated by commas.
/// @param origin  "CORACLE_ROOT" or "coracle.conf: [storage] driver", for messages
/// @throws Error invalid_argument when the text is no value of the key's type
void assign_text(const Setting& setting, std::string_view text, std::string_view origin,
                 Config& config);

[[noreturn]] void throw_wrong_type(const Setting& setting, std::string_view origin);

}  // namespace coracle::config
