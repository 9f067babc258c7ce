// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle {

/// All parts between separators; "a,,b" gives three, "" gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);
/// Before and after the first separator; nothing if it does not occur.
std::optional<std::pair<std::string_view, std::string_view>> split_once(std::string_view text,
                                                                        char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// Without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool is_hex(std::string_view text);
/// What dirname(3) and basename(3) give, for a path that does not end in a slash.
std::string parent_path(std::string_view path);
std::string file_name(std::string_view path);
/// A whole number in `base`, signed or not, nothing else around it; nothing on any other text or
/// overflow.
std::optional<std::int64_t> parse_int(std::string_view text, int base = 10);
/// "10", "10b", "10k", "1.5m", "2GiB", … in bytes, powers of 1024 (docker's RAMInBytes).
std::optional<std::int64_t> parse_size(std::string_view text);
/// strconv.ParseBool: 1, t, T, TRUE, true, True, 0, f, …
std::optional<bool> parse_bool(std::string_view text);
/// Splits one line of comma separated values as encoding/csv does ("a,\"b,c\"").
std::vector<std::string> split_csv(std::string_view text);
/// Puts in the values of "$NAME" and "${NAME}"; names without one become nothing.
std::string expand_variables(std::string_view text,
                             const std::map<std::string, std::string>& values);

/// The candidate with the least edit distance to `word`, if it is near enough to suggest.
std::optional<std::string> nearest_match(std::string_view word,
                                         const std::vector<std::string>& candidates);

}  // namespace coracle
