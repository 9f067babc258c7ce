// SPDX-License-Identifier: Apache-2.0
// The decoder for gzip and zlib's accept the same streams, and make the same of them, however these
// are cut into pieces.
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <string>

#include "coracle/archive/stream.hpp"
#include "fuzz.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_limit = 1 << 20;
constexpr std::string_view k_magic = "\x1f\x8b\x08";

/// As many members as there are, with zeros behind each; nothing for what is damaged or unfinished.
std::optional<std::string> inflate_by_zlib(std::string text) {
  z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK) return std::nullopt;
  std::string plain;
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<unsigned>(text.size());
  char buffer[4096];
  int result = Z_OK;
  while (plain.size() <= k_limit) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    result = ::inflate(&stream, Z_NO_FLUSH);
    plain.append(buffer, sizeof buffer - stream.avail_out);
    if (result == Z_STREAM_END) {
      while (stream.avail_in > 0 && *stream.next_in == 0) {
        ++stream.next_in;
        --stream.avail_in;
      }
      if (stream.avail_in == 0) break;
      ::inflateReset(&stream);
    } else if (result != Z_OK) {
      break;
    }
  }
  ::inflateEnd(&stream);
  if (result != Z_STREAM_END || plain.size() > k_limit) return std::nullopt;
  return plain;
}

/// A few bytes at a time.
class SlowSource final : public ByteSource {
 public:
  SlowSource(std::string_view text, std::size_t step) : source_(text), step_(step) {}
  std::size_t read(void* buffer, std::size_t size) override {
    return source_.read(buffer, std::min(size, step_));
  }

 private:
  MemorySource source_;
  std::size_t step_;
};

std::optional<std::string> inflate_by_us(std::string_view text, std::size_t in, std::size_t out) {
  try {
    SlowSource source(text, in);
    const auto plain = make_decompressor(source);
    std::string result;
    std::string buffer(out, '\0');
    while (const std::size_t got = plain->read(buffer.data(), buffer.size())) {
      result.append(buffer, 0, got);
      if (result.size() > k_limit) return std::nullopt;
    }
    return result;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// What the fuzzer makes is no deflated data with a right checksum: both ends are made so.
std::string with_ends(std::string_view text) {
  std::string stream(text);
  if (!stream.starts_with(k_magic))
    stream = std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10) + stream;
  z_stream inflater{};
  if (::inflateInit2(&inflater, -15) != Z_OK) return stream;
  std::string rest = stream.substr(std::min<std::size_t>(stream.size(), 10));
  std::string plain;
  char buffer[4096];
  inflater.next_in = reinterpret_cast<Bytef*>(rest.data());
  inflater.avail_in = static_cast<unsigned>(rest.size());
  int result = Z_OK;
  while (result == Z_OK && plain.size() < k_limit) {
    inflater.next_out = reinterpret_cast<Bytef*>(buffer);
    inflater.avail_out = sizeof buffer;
    result = ::inflate(&inflater, Z_NO_FLUSH);
    plain.append(buffer, sizeof buffer - inflater.avail_out);
  }
  if (result == Z_STREAM_END) {
    stream.resize(stream.size() - inflater.avail_in);
    auto check = static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(plain.data()),
                                                    static_cast<unsigned>(plain.size())));
    auto size = static_cast<std::uint32_t>(plain.size());
    stream.append(reinterpret_cast<const char*>(&check), 4);
    stream.append(reinterpret_cast<const char*>(&size), 4);
  }
  ::inflateEnd(&inflater);
  return stream;
}

void compare(const std::string& stream) {
  const auto expected = inflate_by_zlib(stream);
  fuzz::require(inflate_by_us(stream, stream.size() + 1, k_limit) == expected, "the same as zlib");
  fuzz::require(inflate_by_us(stream, 3, 100) == expected, "the same in small pieces");
}

}  // namespace
}  // namespace coracle::archive

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coracle;
  const auto text = fuzz::as_text(data, size);
  if (text.starts_with(archive::k_magic)) archive::compare(std::string(text));
  archive::compare(archive::with_ends(text));
  return 0;
}
