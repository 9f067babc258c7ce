// SPDX-License-Identifier: Apache-2.0
// Layers of many and of large files: that memory and the number of system calls stay in bounds.
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <thread>

#include "archive_support.hpp"

using namespace coracle;
using namespace coracle::archive;
using test::TarBuilder;

namespace {

/// A tar of `count` small files, `per_directory` in each directory, made while it is read.
class ManyFiles final : public ByteSource {
 public:
  ManyFiles(int count, int per_directory) : count_(count), per_directory_(per_directory) {}

  std::size_t read(void* buffer, std::size_t size) override {
    while (rest_.empty() && next_ <= count_) refill();
    const std::size_t got = std::min(size, rest_.size());
    std::copy_n(rest_.data(), got, static_cast<char*>(buffer));
    rest_.erase(0, got);
    return got;
  }

 private:
  void refill() {
    TarBuilder builder;
    const std::string directory = fmt::format("usr/share/d{}", next_ / per_directory_);
    if (next_ % per_directory_ == 0) builder.directory(directory);
    builder.file(fmt::format("{}/f{}", directory, next_));
    rest_ = next_ == count_ ? std::string(1024, '\0') : builder.unfinished();
    ++next_;
  }

  int count_;
  int per_directory_;
  int next_ = 0;
  std::string rest_;
};

/// One file of nothing but a pattern, made while it is read.
class LargeFile final : public ByteSource {
 public:
  explicit LargeFile(std::uint64_t size)
      : head_(TarBuilder().header({.name = "large"}, size).unfinished()), left_(size) {}

  std::size_t read(void* buffer, std::size_t size) override {
    if (!head_.empty()) {
      const std::size_t got = std::min(size, head_.size());
      std::copy_n(head_.data(), got, static_cast<char*>(buffer));
      head_.erase(0, got);
      return got;
    }
    const auto got = static_cast<std::size_t>(std::min<std::uint64_t>(size, left_));
    std::fill_n(static_cast<char*>(buffer), got, 'x');
    left_ -= got;
    return got;
  }

 private:
  std::string head_;
  std::uint64_t left_;
};

/// A sanitizer keeps what is freed.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool k_is_sanitized = true;
#elif defined(__has_feature)
constexpr bool k_is_sanitized = __has_feature(address_sanitizer);
#else
constexpr bool k_is_sanitized = false;
#endif

/// In memory where that is possible: removing so many files from a disk takes longer than the test.
std::string fast_parent() {
  return linux::exists("/dev/shm") ? "/dev/shm" : "";
}

/// The most memory this process had, in KiB.
long peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("a layer of 200,000 files in 20,000 directories", "[archive][many]") {
  const Sandbox box(fast_parent());
  const std::string findings = test::in_child([&] {
    const long before = peak_memory();
    ManyFiles source(200'000, 10);
    const auto report = unpack_layer(source, box.fd());
    const long grown = peak_memory() - before;
    struct stat info {};
    ::stat(box.path("usr/share/d19999").c_str(), &info);
    const bool times = info.st_mtim.tv_sec == 1'000'000'000;
    return fmt::format("{} {} {}", report.files, times,
                       grown < 48 << 10 || k_is_sanitized ? "small" : fmt::format("{} KiB", grown));
  });
  CHECK(findings == "220000 true small");
}

TEST_CASE("memory does not grow with the size of a layer", "[archive][many]") {
  const Sandbox box;
  const std::string findings = test::in_child([&] {
    const long before = peak_memory();
    constexpr std::uint64_t k_size = 600 << 20;
    LargeFile source(k_size);
    const auto report = unpack_layer(source, box.fd());
    const long grown = peak_memory() - before;
    return fmt::format("{} {}", report.size > k_size,
                       grown < 32 << 10 ? "small" : fmt::format("{} KiB", grown));
  });
  CHECK(findings == "true small");
}

TEST_CASE("several layers at once", "[archive][many]") {
  constexpr int k_layers = 4;
  const Sandbox boxes[k_layers];
  UnpackReport reports[k_layers];
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < k_layers; ++i) {
      threads.emplace_back([&, i] {
        ManyFiles source(3000, 30);
        reports[i] = unpack_layer(source, boxes[i].fd());
      });
    }
  }
  for (int i = 0; i < k_layers; ++i) {
    CHECK(reports[i].files == 3100);
    CHECK(reports[i].diff_id == reports[0].diff_id);
    CHECK(describe_tree(boxes[i].path("usr/share/d7")) ==
          describe_tree(boxes[0].path("usr/share/d7")));
  }
}
