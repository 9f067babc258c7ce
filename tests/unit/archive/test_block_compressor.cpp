// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <random>

#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"

using namespace coracle;
using namespace coracle::archive;

namespace {

/// Half of it compresses.
std::string sample(std::size_t size) {
  std::minstd_rand random(7);
  std::string text(size, 'a');
  for (std::size_t i = 0; i < size; i += 2) text[i] = static_cast<char>(random() % 64);
  return text;
}

std::string read_all(ByteSource& source, std::size_t step = 100'000) {
  std::string text;
  std::string buffer(step, '\0');
  while (const auto got = source.read(buffer.data(), buffer.size())) text.append(buffer, 0, got);
  return text;
}

std::string compress(const std::string& text, oci::Compression kind, int level = -1) {
  MemorySource plain(text);
  return read_all(*make_compressed(plain, kind, level));
}

class FailingSource final : public ByteSource {
 public:
  explicit FailingSource(std::size_t good) : left_(good) {}
  std::size_t read(void* /*buffer*/, std::size_t size) override {
    if (left_ == 0) throw Error(ErrorClass::unavailable, "the disk is gone");
    const std::size_t count = std::min(size, left_);
    left_ -= count;
    return count;
  }

 private:
  std::size_t left_;
};

}  // namespace

TEST_CASE("blocks compressed side by side are one stream") {
  for (const auto kind : {oci::Compression::gzip, oci::Compression::zstd}) {
    for (const std::size_t size : {0UL, 1UL, 1UL << 20, (1UL << 20) + 1, 9'000'000UL}) {
      const std::string text = sample(size);
      const std::string packed = compress(text, kind);
      CHECK(detect_compression(packed) == kind);
      MemorySource source(packed);
      CHECK(read_all(*make_decompressor(source)) == text);
      // The same at any time.
      CHECK(compress(text, kind) == packed);
      if (size > 1000) CHECK(packed.size() < size * 9 / 10);
    }
  }
}

TEST_CASE("levels") {
  const std::string text = sample(500'000);
  CHECK(compress(text, oci::Compression::gzip, 12).size() <
        compress(text, oci::Compression::gzip, 1).size());
  MemorySource plain(text);
  CHECK_THROWS_AS(make_compressed(plain, oci::Compression::gzip, 13), Error);
  CHECK_THROWS_AS(make_compressed(plain, oci::Compression::zstd, 99), Error);
  CHECK_THROWS_AS(make_compressed(plain, oci::Compression::xz, -1), Error);
}

TEST_CASE("what a source throws comes after what it gave before") {
  for (const std::size_t good : {0UL, 5UL, 3'000'000UL}) {
    FailingSource source(good);
    const auto compressed = make_compressed(source, oci::Compression::gzip, -1);
    CHECK_THROWS_WITH(read_all(*compressed), "the disk is gone");
  }
}

TEST_CASE("a stream that nobody reads to its end") {
  const std::string text = sample(20'000'000);
  for (const std::size_t taken : {0UL, 10UL, 2'000'000UL}) {
    MemorySource plain(text);
    const auto compressed = make_compressed(plain, oci::Compression::zstd, -1);
    std::string buffer(taken, '\0');
    if (taken > 0) CHECK(compressed->read(buffer.data(), taken) > 0);
  }
}
