// SPDX-License-Identifier: Apache-2.0
#include <bzlib.h>
#include <lzma.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>

#include "archive_support.hpp"
#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"

using namespace coracle;
using namespace coracle::archive;

namespace {

std::string compress(oci::Compression kind, std::string_view text) {
  if (kind == oci::Compression::xz) {
    std::string out(lzma_stream_buffer_bound(text.size()), '\0');
    std::size_t size = 0;
    REQUIRE(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr,
                                    reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                    reinterpret_cast<std::uint8_t*>(out.data()), &size,
                                    out.size()) == LZMA_OK);
    out.resize(size);
    return out;
  }
  if (kind == oci::Compression::bzip2) {
    std::string out(text.size() + text.size() / 100 + 600, '\0');
    auto size = static_cast<unsigned>(out.size());
    REQUIRE(BZ2_bzBuffToBuffCompress(out.data(), &size, const_cast<char*>(text.data()),
                                     static_cast<unsigned>(text.size()), 9, 0, 0) == BZ_OK);
    out.resize(size);
    return out;
  }
  return compressed(kind, text);
}

std::string decompress(std::string_view compressed, const GrowthLimits& limits = {}) {
  MemorySource source(compressed);
  const auto plain = make_decompressor(source, limits);
  MemorySink sink;
  copy(*plain, sink);
  return sink.take();
}

std::string decompress_error(std::string_view compressed, const GrowthLimits& limits = {}) {
  try {
    decompress(compressed, limits);
    return "";
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::invalid_argument);
    return error.message();
  }
}

/// Text that compresses, but not to nothing.
std::string sample(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;
    text += "line " + std::to_string(state >> 20) + "\n";
  }
  text.resize(size);
  return text;
}

/// Gives one byte at a time, as a slow pipe does.
class Dripping final : public ByteSource {
 public:
  explicit Dripping(std::string_view text) : inner_(text) {}
  std::size_t read(void* buffer, std::size_t) override { return inner_.read(buffer, 1); }

 private:
  MemorySource inner_;
};

/// Zeros without end, or until it throws.
class Zeros final : public ByteSource {
 public:
  explicit Zeros(std::uint64_t before_error = ~0ULL) : left_(before_error) {}
  std::size_t read(void* buffer, std::size_t size) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
    if (count == 0) throw Error(ErrorClass::unavailable, "the line is dead");
    std::fill_n(static_cast<char*>(buffer), count, '\0');
    left_ -= count;
    total += count;
    return count;
  }
  std::atomic<std::uint64_t> total = 0;

 private:
  std::uint64_t left_;
};

constexpr auto k_kinds = {oci::Compression::gzip, oci::Compression::zstd, oci::Compression::xz,
                          oci::Compression::bzip2};

}  // namespace

TEST_CASE("compressed streams are told by their first bytes", "[archive][stream]") {
  for (const auto kind : k_kinds) CHECK(detect_compression(compress(kind, "x")) == kind);
  CHECK(detect_compression("") == oci::Compression::none);
  CHECK(detect_compression("BZhello") == oci::Compression::none);
  CHECK(detect_compression("etc/passwd") == oci::Compression::none);
  CHECK(detect_compression("\x1f\x8b") == oci::Compression::none);
  CHECK(detect_compression("\x53\x2a\x4d\x18") == oci::Compression::zstd);
}

TEST_CASE("every compression gives back what went in", "[archive][stream]") {
  const std::string text = sample(700'000);
  for (const auto kind : k_kinds) {
    CAPTURE(oci::to_string(kind));
    CHECK(decompress(compress(kind, text)) == text);
    CHECK(decompress(compress(kind, "")).empty());
    const std::string compressed = compress(kind, "slowly");
    Dripping slow(compressed);
    MemorySink sink;
    CHECK(copy(*make_decompressor(slow), sink) == 6);
    CHECK(sink.text() == "slowly");
  }
  CHECK(decompress(text) == text);
  CHECK(decompress("").empty());
  CHECK(decompress("abc") == "abc");
}

TEST_CASE("members and frames that follow each other are one stream", "[archive][stream]") {
  for (const auto kind : k_kinds) {
    CAPTURE(oci::to_string(kind));
    CHECK(decompress(compress(kind, "one ") + compress(kind, "") + compress(kind, "two")) ==
          "one two");
  }
  using namespace std::string_literals;
  const std::string skippable = "\x50\x2a\x4d\x18\x03\0\0\0abc"s;
  CHECK(decompress(skippable + compress(oci::Compression::zstd, "x") + skippable) == "x");
  CHECK(decompress(compress(oci::Compression::gzip, "x") + std::string(1000, '\0')) == "x");
}

TEST_CASE("damaged streams are refused", "[archive][stream]") {
  const std::string text = sample(100'000);
  for (const auto kind : k_kinds) {
    CAPTURE(oci::to_string(kind));
    const std::string good = compress(kind, text);
    CHECK(decompress_error(good.substr(0, good.size() / 2)).find("ends too early") !=
          std::string::npos);
    CHECK_FALSE(decompress_error(good.substr(0, good.size() - 1)).empty());
    CHECK_FALSE(decompress_error(good + "garbage").empty());
    // The tail holds a checksum, a size or the last data; bzip2 fills its last byte up.
    for (std::size_t back = kind == oci::Compression::bzip2 ? 2 : 1; back <= 8; ++back) {
      CAPTURE(back);
      std::string bad = good;
      bad[bad.size() - back] = static_cast<char>(bad[bad.size() - back] ^ 1);
      CHECK_FALSE(decompress_error(bad).empty());
    }
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 0x10);
    CHECK_FALSE(decompress_error(bad).empty());
  }
}

TEST_CASE("zeros pass, bombs do not", "[archive][stream]") {
  const GrowthLimits limits{.free = 1 << 20, .ratio = 2000, .total = 64 << 20};
  const std::string mebibyte(1 << 20, '\0');
  CHECK(decompress(compress(oci::Compression::bzip2, mebibyte), limits).size() == mebibyte.size());
  CHECK(decompress(compress(oci::Compression::gzip, std::string(32 << 20, '\0')), limits).size() ==
        32 << 20);

  // Ten kilobytes that would become ten gigabytes: bzip2's best, again and again.
  std::string bomb;
  const std::string piece = compress(oci::Compression::bzip2, std::string(45'000'000, '\0'));
  while (bomb.size() < 10'000) bomb += piece;
  REQUIRE(bomb.size() / piece.size() * 45'000'000 > 5'000'000'000);
  CHECK(decompress_error(bomb, limits).find("refused as a decompression bomb") !=
        std::string::npos);

  CHECK(decompress_error(compress(oci::Compression::gzip, std::string(65 << 20, '\0')), limits)
            .find("holds more than 67108864 bytes") != std::string::npos);
}

TEST_CASE("compressing the same gives the same bytes", "[archive][stream]") {
  const std::string text = sample(300'000);
  for (const auto kind : {oci::Compression::gzip, oci::Compression::zstd}) {
    CHECK(compress(kind, text) == compress(kind, text));
  }
  const std::string gzip = compress(oci::Compression::gzip, text);
  CHECK(gzip.substr(0, 8) == std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
  MemorySink one;
  MemorySink two;
  for (auto* sink : {&one, &two}) {
    const auto compressor = make_zstd_compressor(1, *sink);
    compressor->write(text);
    compressor->finish();
  }
  CHECK(one.text() == two.text());
  CHECK(decompress(one.text()) == text);
}

TEST_CASE("sources and sinks hash and count on the way", "[archive][stream]") {
  const std::string text = sample(500'000);
  MemorySource source(text);
  HashingSource hashed(source);
  char first[10];
  CHECK(hashed.read(first, sizeof first) == sizeof first);
  CHECK(hashed.finish() == sha256_of(text));
  CHECK(hashed.size() == text.size());

  MemorySink memory;
  HashingSink sink(memory);
  sink.write(text);
  sink.finish();
  CHECK(sink.digest() == sha256_of(text));
  CHECK(sink.size() == text.size());
  CHECK(memory.text() == text);

  MemorySource again(text);
  CHECK(read_text(again, text.size()) == text);
  MemorySource more(text);
  CHECK_THROWS_AS(read_text(more, text.size() - 1), Error);
}

TEST_CASE("pipes are read and written whole", "[archive][stream]") {
  const std::string text = sample(50'000);
  auto pipe = linux::make_pipe();
  FdSink sink(pipe.write.get(), "pipe");
  sink.write(text);
  pipe.write.reset();
  FdSource source(pipe.read.get());
  CHECK(read_text(source, 100'000) == text);
  FdSource bad(-1);
  char byte = 0;
  CHECK_THROWS_AS(bad.read(&byte, 1), SysError);
}

TEST_CASE("reading ahead keeps order, end and errors", "[archive][stream]") {
  const std::string text = sample(12'345'678);
  MemorySource source(text);
  const auto ahead = make_read_ahead(source);
  MemorySink sink;
  CHECK(copy(*ahead, sink) == text.size());
  CHECK(sink.text() == text);
  char byte = 0;
  CHECK(ahead->read(&byte, 1) == 0);

  Zeros failing(5 << 20);
  const auto doomed = make_read_ahead(failing);
  MemorySink zeros;
  CHECK_THROWS_WITH(copy(*doomed, zeros), "the line is dead");
  CHECK(zeros.text().size() == 5 << 20);

  MemorySource nothing("");
  CHECK(make_read_ahead(nothing)->read(&byte, 1) == 0);
}

TEST_CASE("reading ahead is bounded and can be given up", "[archive][stream]") {
  Zeros endless;
  {
    const auto ahead = make_read_ahead(endless);
    char byte = 1;
    CHECK(ahead->read(&byte, 1) == 1);
    CHECK(byte == 0);
  }
  CHECK(endless.total <= 6 << 20);
}
