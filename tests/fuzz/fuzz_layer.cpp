// SPDX-License-Identifier: Apache-2.0
// Unpacks whatever comes into a scratch directory: nothing beside it may change, and what was
// accepted packs to a layer that is accepted too.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "coracle/archive/pack_layer.hpp"
#include "coracle/archive/tar.hpp"
#include "coracle/archive/unpack_layer.hpp"
#include "coracle/linux/file.hpp"
#include "fuzz.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_block = 512;
constexpr std::size_t k_checksum = 148;
constexpr std::size_t k_checksum_size = 8;
constexpr std::size_t k_magic = 257;

/// Makes the checksums of what looks like headers right: else hardly an input would get past them.
std::string with_checksums(std::string_view text) {
  std::string tar(text);
  for (std::size_t at = 0; at + k_block <= tar.size(); at += k_block) {
    if (tar.compare(at + k_magic, 5, "ustar") != 0) continue;
    tar.replace(at + k_checksum, k_checksum_size, k_checksum_size, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < k_block; ++i) sum += static_cast<unsigned char>(tar[at + i]);
    char digits[k_checksum_size];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    tar.replace(at + k_checksum, std::strlen(digits) + 1, digits, std::strlen(digits) + 1);
  }
  return tar;
}

/// A directory with "in", where layers go, and "beside", which must stay as it is.
class Scratch {
 public:
  Scratch() : directory_(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", "coracle-fuzz-") {
    linux::make_directory(beside());
    linux::write_new_file(beside() + "/file", "content");
  }

  linux::Fd make_empty() const {
    linux::remove_tree(in());
    linux::make_directory(in(), 0755);
    return linux::open_file(in(), O_RDONLY | O_DIRECTORY);
  }
  bool is_intact() const {
    auto names = linux::list_directory(directory_.path());
    std::ranges::sort(names);
    return names == std::vector<std::string>{"beside", "in"} &&
           linux::list_directory(beside()) == std::vector<std::string>{"file"} &&
           linux::read_file(beside() + "/file") == "content" &&
           linux::stat_if_exists(beside() + "/file")->st_nlink == 1;
  }

 private:
  std::string in() const { return directory_.path() + "/in"; }
  std::string beside() const { return directory_.path() + "/beside"; }

  linux::TempDir directory_;
};

/// The layers below have one file and one directory.
UnpackOptions bounded_options() {
  UnpackOptions options;
  options.limits = {.free = 1 << 20, .ratio = 100, .total = 16 << 20};
  options.open_below = [](const std::string& path) {
    return path.ends_with("hostname") ? linux::open_if_exists("/proc/sys/kernel/hostname", O_PATH)
                                      : linux::Fd();
  };
  return options;
}

void check_layer(const Scratch& scratch, std::string_view layer) {
  std::string packed;
  {
    const linux::Fd directory = scratch.make_empty();
    MemorySource source(layer);
    unpack_layer(source, directory.get(), bounded_options());
    MemorySink sink;
    pack_layer(directory.get(), sink);
    packed = sink.take();
  }
  const linux::Fd directory = scratch.make_empty();
  try {
    MemorySource source(packed);
    unpack_layer(source, directory.get());
    MemorySink sink;
    pack_layer(directory.get(), sink);
    fuzz::require(sink.text() == packed, "what was packed packs to the same again");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    fuzz::require(false, "what was packed is accepted");
  }
}

void check_container(std::string_view text) {
  MemorySource source(text);
  for_each_entry(source, [](const TarEntry& entry, ByteSource& data) {
    constexpr std::size_t k_limit = 1 << 20;
    if (entry.kind == TarEntry::Kind::file) read_text(data, k_limit);
    return true;
  });
}

}  // namespace
}  // namespace coracle::archive

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coracle;
  static const archive::Scratch k_scratch;
  const std::string layer = archive::with_checksums(fuzz::as_text(data, size));
  fuzz::tolerate_refusal([&] { archive::check_layer(k_scratch, layer); });
  fuzz::require(k_scratch.is_intact(), "nothing outside the directory changes");
  fuzz::tolerate_refusal([&] { archive::check_container(layer); });
  return 0;
}
