// SPDX-License-Identifier: Apache-2.0
// Each entry that is made in a directory changes its time: the right ones are remembered here and
// set when no more entries come.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <string>
#include <string_view>
#include <unordered_map>

namespace coracle::archive {

class DirectoryTimes {
 public:
  explicit DirectoryTimes(int root) noexcept : root_(root) {}

  /// The time that `directory`, at `path` below the root, shall have in the end.
  void set(int directory, std::string_view path, timespec mtime);
  /// The time it has now, unless another one is known: call before the first entry is made in it.
  void keep(int directory, std::string_view path);
  /// Sets all times and forgets them.
  void apply();
  /// Whether it holds so many that apply() is due. Directories must then be kept anew.
  bool is_full() const noexcept { return times_.size() >= k_most; }

 private:
  static constexpr std::size_t k_most = 8192;

  struct Wanted {
    std::string path;
    timespec mtime;
  };
  int root_;
  std::unordered_map<ino_t, Wanted> times_;
};

}  // namespace coracle::archive
