// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/base64.hpp"

#include <openssl/evp.h>

#include "coracle/base/strings.hpp"

namespace coracle {

std::string encode_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // With room for the terminating zero.
  const int length = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string padded(trim(text));
  while (padded.ends_with('=')) padded.pop_back();
  const std::size_t length =
      padded.size() / 4 * 3 + (padded.size() % 4 == 0 ? 0 : padded.size() % 4 - 1);
  if (padded.size() % 4 == 1 || padded.find('=') != std::string::npos) return std::nullopt;
  while (padded.size() % 4 != 0) padded += '=';
  std::string bytes(padded.size() / 4 * 3, '\0');
  const int decoded = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                        reinterpret_cast<const unsigned char*>(padded.data()),
                                        static_cast<int>(padded.size()));
  if (decoded < 0) return std::nullopt;
  bytes.resize(length);
  return bytes;
}

}  // namespace coracle
