// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace coracle {

/// 64 hexadecimal digits from the kernel's random source: ids of containers, volumes, exec
/// sessions.
std::string random_id();
/// `bytes` random bytes as hexadecimal digits.
std::string random_hex(std::size_t bytes);
/// A name such as "quiet_harbour" for a container that was given none.
std::string random_name();

/// The 12 digits that listings show.
std::string short_id(std::string_view id);
inline constexpr std::size_t k_short_id_length = 12;
inline constexpr std::size_t k_id_length = 64;

/// An id that cannot be taken for one of another kind of object.
template <typename Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  const std::string& str() const noexcept { return text_; }
  std::string brief() const { return short_id(text_); }
  bool empty() const noexcept { return text_.empty(); }
  auto operator<=>(const Id&) const = default;

 private:
  std::string text_;
};

using ContainerId = Id<struct ContainerTag>;
using ImageId = Id<struct ImageTag>;  ///< hex digits of the image configuration's digest

}  // namespace coracle
