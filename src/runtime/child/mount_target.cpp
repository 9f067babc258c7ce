// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/mount_target.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>

namespace coracle::runtime::child {
namespace {

constexpr int k_max_links = 8;

bool is_directory(const char* path) noexcept {
  struct stat info {};
  return ::stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool make_parents(const char* path, mode_t mode) noexcept {
  char parent[PATH_MAX];
  const char* slash = ::strrchr(path, '/');
  if (slash == nullptr || slash == path) return true;
  const auto length = static_cast<std::size_t>(slash - path);
  if (length >= sizeof parent) {
    errno = ENAMETOOLONG;
    return false;
  }
  ::memcpy(parent, path, length);
  parent[length] = '\0';
  return make_directories(parent, mode);
}

/// Writes where the link at `path` points to, as an absolute path, into `target`.
bool read_target(const char* path, char (&target)[PATH_MAX]) noexcept {
  char text[PATH_MAX];
  const ssize_t size = ::readlink(path, text, sizeof text - 1);
  if (size <= 0) return false;
  text[size] = '\0';
  std::size_t prefix = 0;
  if (text[0] != '/') {
    const char* slash = ::strrchr(path, '/');
    prefix = slash == nullptr ? 0 : static_cast<std::size_t>(slash - path) + 1;
  }
  if (prefix + static_cast<std::size_t>(size) >= sizeof target) {
    errno = ENAMETOOLONG;
    return false;
  }
  ::memcpy(target, path, prefix);
  ::memcpy(target + prefix, text, static_cast<std::size_t>(size) + 1);
  return true;
}

bool create_file(const char* path) noexcept {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

bool ensure_linked(const char* path, bool is_file, int links) noexcept {
  struct stat info {};
  if (::stat(path, &info) == 0) return true;
  if (errno != ENOENT) return false;
  if (::lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
    char target[PATH_MAX];
    if (links >= k_max_links) {
      errno = ELOOP;
      return false;
    }
    return read_target(path, target) && ensure_linked(target, is_file, links + 1);
  }
  if (!is_file) return make_directories(path, 0755);
  return make_parents(path, 0755) && create_file(path);
}

}  // namespace

bool make_directories(const char* path, mode_t mode) noexcept {
  // Looking first: mkdir of what is there costs a FUSE file system a question that stat does not.
  if (is_directory(path)) return true;
  if (::mkdir(path, mode) == 0) return true;
  if (errno == EEXIST) {
    if (is_directory(path)) return true;
    struct stat info {};
    if (::lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) return ensure_linked(path, false, 0);
    errno = ENOTDIR;
    return false;
  }
  if (errno != ENOENT) return false;
  return make_parents(path, mode) && (::mkdir(path, mode) == 0 || is_directory(path));
}

bool ensure_target(const char* path, bool is_file) noexcept {
  return ensure_linked(path, is_file, 0);
}

}  // namespace coracle::runtime::child
