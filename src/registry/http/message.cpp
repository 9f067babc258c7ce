// SPDX-License-Identifier: Apache-2.0
#include "registry/http/message.hpp"

#include <strings.h>

#include <algorithm>

#include "coracle/base/strings.hpp"

namespace coracle::registry {
namespace {

bool same_name(std::string_view one, std::string_view other) {
  return one.size() == other.size() && ::strncasecmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace

void HttpFields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void HttpFields::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
}

std::string_view HttpFields::get(std::string_view name) const {
  const auto found = std::ranges::find_if(
      fields_, [&](const auto& field) { return same_name(field.first, name); });
  return found == fields_.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<std::string_view> HttpFields::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [known, value] : fields_) {
    if (same_name(known, name)) values.emplace_back(value);
  }
  return values;
}

std::optional<std::uint64_t> ResponseHead::content_length() const {
  const auto length = parse_int(trim(fields.get("Content-Length")));
  if (!length || *length < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*length);
}

}  // namespace coracle::registry
