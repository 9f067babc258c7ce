// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/base64.hpp"

using namespace coracle;

TEST_CASE("base64 there and back") {
  const std::pair<const char*, const char*> k_vectors[] = {
      {"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"user:pass", "dXNlcjpwYXNz"}};
  for (const auto& [plain, text] : k_vectors) {
    CHECK(encode_base64(plain) == text);
    CHECK(decode_base64(text) == plain);
  }
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(decode_base64(encode_base64(bytes)) == bytes);
}

TEST_CASE("base64 that is sloppy, and what is none") {
  CHECK(decode_base64(" Zg\n") == "f");
  CHECK(decode_base64("Zm8") == "fo");
  for (const char* text : {"Z", "Zg=a", "Zm9v!", "Z m 9 v", "Zm9vZ"}) {
    INFO(text);
    CHECK_FALSE(decode_base64(text));
  }
}
