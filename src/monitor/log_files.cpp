// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "coracle/base/error.hpp"

namespace coracle::monitor {

namespace {

/// How often the files are opened again because they were rotated meanwhile. Files of any size are
/// opened many times faster than they fill up.
constexpr int k_attempts = 100;

std::optional<LogFile> open_log_file(const std::string& name) {
  LogFile file;
  file.fd = linux::open_if_exists(name, O_RDONLY | O_NOCTTY);
  if (!file.fd) return std::nullopt;
  struct stat info {};
  if (::fstat(file.fd.get(), &info) != 0) throw SysError("cannot inspect '{}'", name);
  file.inode = info.st_ino;
  file.size = info.st_size;
  file.modified = Timestamp(std::chrono::seconds(info.st_mtim.tv_sec) +
                            std::chrono::nanoseconds(info.st_mtim.tv_nsec));
  return file;
}

/// From the newest on. A rotation renames from the oldest on: where the two cross, we meet one file
/// twice in a row or find one name missing, and miss none.
std::vector<LogFile> open_newest_first(const std::string& path, const LogFile* known) {
  std::vector<LogFile> files;
  int missing = 0;
  for (int number = 0; missing < 2; ++number) {
    auto file = open_log_file(number == 0 ? path : path + "." + std::to_string(number));
    missing = file ? 0 : missing + 1;
    if (!file) continue;
    if (known != nullptr && file->inode == known->inode) break;
    if (files.empty() || files.back().inode != file->inode) files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace

std::vector<LogFile> open_log_files(const std::string& path, const LogFile* known) {
  std::vector<LogFile> files;
  for (int attempt = 0; attempt < k_attempts; ++attempt) {
    files = open_newest_first(path, known);
    // Had a whole rotation passed, an older name could have given a newer file.
    if (files.empty() || is_newest(path, files.front())) break;
  }
  std::ranges::reverse(files);
  return files;
}

bool is_newest(const std::string& path, const LogFile& file) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && info.st_ino == file.inode;
}

}  // namespace coracle::monitor
