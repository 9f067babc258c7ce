// SPDX-License-Identifier: Apache-2.0
// JSON text in and out. Cheap to include: the value type is only declared here. Code that reads or
// builds values includes "coracle/base/json_value.hpp" in its .cpp file.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace coracle {

/// Objects keep the order of insertion, so that what we print reads in the order we chose.
using Json = nlohmann::ordered_json;

/// Parses one document. Bounded against hostile input: texts above 4 KiB may be 128 levels deep and
/// have 20,000 members in one object.
/// @param origin  what the text is, for the message: a path or "manifest of 'name'"
/// @throws Error invalid_argument naming origin and position
Json parse_json(std::string_view text, std::string_view origin);

/// Compact text; bytes that are not UTF-8 become U+FFFD, so it never throws for content.
std::string dump_json(const Json& value);
/// Indented by four spaces as podman's inspect prints it; no final newline.
std::string dump_json_pretty(const Json& value);

}  // namespace coracle
