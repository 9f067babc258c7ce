// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include "archive/directory_times_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::archive {
namespace {

struct stat stat_of(int directory, std::string_view path) {
  struct stat info {};
  if (::fstat(directory, &info) != 0) throw SysError("cannot stat directory '{}'", path);
  return info;
}

}  // namespace

void DirectoryTimes::set(int directory, std::string_view path, timespec mtime) {
  times_.insert_or_assign(stat_of(directory, path).st_ino, Wanted{std::string(path), mtime});
}

void DirectoryTimes::keep(int directory, std::string_view path) {
  const struct stat info = stat_of(directory, path);
  times_.try_emplace(info.st_ino, Wanted{std::string(path), info.st_mtim});
}

void DirectoryTimes::apply() {
  for (const auto& [inode, wanted] : times_) {
    const linux::Fd directory = linux::try_open_in_root(root_, wanted.path, O_RDONLY | O_DIRECTORY);
    struct stat info {};
    // Another entry may have replaced it.
    if (!directory || ::fstat(directory.get(), &info) != 0 || info.st_ino != inode) continue;
    const timespec times[2] = {wanted.mtime, wanted.mtime};
    ::futimens(directory.get(), times);
  }
  times_.clear();
}

}  // namespace coracle::archive
