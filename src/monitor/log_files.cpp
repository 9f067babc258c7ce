// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "coracle/base/error.hpp"

namespace coracle::monitor {

std::vector<LogFile> open_log_files(const std::string& path, const LogFile* known) {
  std::vector<LogFile> files;
  // From the newest on: a rotation moves files away from us, so we may meet one twice in a row, or
  // a gap of one, but never miss one.
  int missing = 0;
  for (int number = 0; missing < 2; ++number) {
    const std::string name = number == 0 ? path : path + "." + std::to_string(number);
    LogFile file;
    file.fd = linux::open_if_exists(name, O_RDONLY | O_NOCTTY);
    struct stat info {};
    if (!file.fd) {
      ++missing;
      continue;
    }
    if (::fstat(file.fd.get(), &info) != 0) throw SysError("cannot inspect '{}'", name);
    missing = 0;
    if (known != nullptr && info.st_ino == known->inode) break;
    if (!files.empty() && files.back().inode == info.st_ino) continue;
    file.inode = info.st_ino;
    file.size = info.st_size;
    file.modified = Timestamp(std::chrono::seconds(info.st_mtim.tv_sec) +
                              std::chrono::nanoseconds(info.st_mtim.tv_nsec));
    files.push_back(std::move(file));
  }
  std::ranges::reverse(files);
  return files;
}

bool is_newest(const std::string& path, const LogFile& file) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && info.st_ino == file.inode;
}

}  // namespace coracle::monitor
