// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/digest.hpp"

// The EVP interface loads and initialises OpenSSL's providers on first use, which costs more than
// hashing a manifest does. The plain functions use the same assembly and cost nothing to start.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <array>
#include <openssl/sha.h>
#include <variant>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle {
namespace {

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += k_digits[byte >> 4];
    text += k_digits[byte & 15];
  }
  return text;
}

}  // namespace

Digest Digest::parse(std::string_view text) {
  const auto parts = split_once(text, ':');
  const bool valid = parts && is_hex(parts->second) &&
                     ((parts->first == "sha256" && parts->second.size() == 64) ||
                      (parts->first == "sha512" && parts->second.size() == 128));
  if (!valid) throw Error(ErrorClass::invalid_argument, "invalid digest '{}'", text.substr(0, 160));
  return Digest(std::string(text));
}

Digest Digest::sha256_from_hex(std::string hex) {
  return parse("sha256:" + hex);
}

std::string_view Digest::algorithm() const noexcept {
  return std::string_view(text_).substr(0, text_.find(':'));
}

std::string_view Digest::hex() const noexcept {
  return text_.empty() ? std::string_view{} : std::string_view(text_).substr(text_.find(':') + 1);
}

struct Hasher::State {
  std::variant<SHA256_CTX, SHA512_CTX> context;
};

Hasher::Hasher(std::string_view algorithm) : state_(std::make_unique<State>()) {
  if (algorithm == "sha256") {
    SHA256_Init(&state_->context.emplace<SHA256_CTX>());
  } else if (algorithm == "sha512") {
    SHA512_Init(&state_->context.emplace<SHA512_CTX>());
  } else {
    throw Error(ErrorClass::invalid_argument, "unknown digest algorithm '{}'", algorithm);
  }
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(const void* data, std::size_t size) {
  if (auto* context = std::get_if<SHA256_CTX>(&state_->context)) {
    SHA256_Update(context, data, size);
  } else {
    SHA512_Update(std::get_if<SHA512_CTX>(&state_->context), data, size);
  }
}

Digest Hasher::finish() {
  if (auto* context = std::get_if<SHA256_CTX>(&state_->context)) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
    SHA256_Final(sum.data(), context);
    return Digest::parse("sha256:" + to_hex(sum));
  }
  std::array<unsigned char, SHA512_DIGEST_LENGTH> sum{};
  SHA512_Final(sum.data(), std::get_if<SHA512_CTX>(&state_->context));
  return Digest::parse("sha512:" + to_hex(sum));
}

Digest sha256_of(std::string_view text) {
  Hasher hasher;
  hasher.update(text);
  return hasher.finish();
}

}  // namespace coracle
