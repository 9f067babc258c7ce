// SPDX-License-Identifier: Apache-2.0
// Content digests as the OCI image specification writes them (descriptor.md, "Digests").
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace coracle {

/// "sha256:<64 hex digits>" or "sha512:<128 hex digits>".
class Digest {
 public:
  Digest() = default;
  /// @throws Error invalid_argument if `text` is not a well formed digest of a known algorithm
  static Digest parse(std::string_view text);
  static Digest sha256_from_hex(std::string hex);

  const std::string& str() const noexcept { return text_; }
  std::string_view algorithm() const noexcept;
  std::string_view hex() const noexcept;
  bool empty() const noexcept { return text_.empty(); }
  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Incremental hash of a stream.
class Hasher {
 public:
  explicit Hasher(std::string_view algorithm = "sha256");
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void update(const void* data, std::size_t size);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// Call once; the hasher is spent afterwards.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest sha256_of(std::string_view text);

}  // namespace coracle
