// SPDX-License-Identifier: Apache-2.0
// The heads of HTTP messages (RFC 9110).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coracle::registry {

/// Names and values in order. Names are compared without regard to case.
class HttpFields {
 public:
  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// The first value of that name, or "".
  std::string_view get(std::string_view name) const;
  /// All values of that name.
  std::vector<std::string_view> get_all(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct RequestHead {
  std::string method = "GET";
  std::string target = "/";
  HttpFields fields;
};

struct ResponseHead {
  int status = 0;
  HttpFields fields;

  bool is_success() const noexcept { return status >= 200 && status < 300; }
  bool is_redirect() const noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  }
  /// Content-Length, if it is there and makes sense.
  std::optional<std::uint64_t> content_length() const;
};

}  // namespace coracle::registry
