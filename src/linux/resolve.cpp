// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/resolve.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <deque>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::linux {
namespace {

constexpr int k_max_links = 40;  // As the kernel's MAXSYMLINKS.

int openat2(int directory, const char* path, int flags, mode_t mode, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = resolve;
  // EAGAIN: a rename raced with the resolution of "..".
  for (int attempt = 0; attempt < 32; ++attempt) {
    const long fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) return static_cast<int>(fd);
  }
  return -1;
}

/// Kernels before 5.6, and seccomp filters that do not know the call, answer with the first two;
/// with the third it gives up where others rename without end, who need not be near.
bool is_to_be_walked(int error) {
  return error == ENOSYS || error == EPERM || error == EAGAIN;
}

/// The resolution of openat2 by hand: one component at a time, each opened without following links.
/// `follow` says whether symbolic links are resolved (inside the root) or refused.
Fd walk(int root, const std::string& path, int flags, mode_t mode, bool follow) {
  std::deque<std::string> rest;
  for (auto& part : split(path, '/')) rest.push_back(std::move(part));
  std::vector<Fd> parents;
  const auto current = [&] { return parents.empty() ? root : parents.back().get(); };
  int links = 0;
  while (!rest.empty()) {
    const std::string name = rest.front();
    rest.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (!parents.empty()) parents.pop_back();
      continue;
    }
    bool last = true;
    for (const auto& part : rest) last = last && (part.empty() || part == ".");
    Fd link(::openat(current(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    const bool is_link = link && ::fstat(link.get(), &info) == 0 && S_ISLNK(info.st_mode);
    const bool wants_link = last && (flags & O_NOFOLLOW) != 0;
    if (is_link && !wants_link) {
      if (!follow || ++links > k_max_links) {
        errno = ELOOP;
        return Fd();
      }
      std::string target(4096, '\0');
      const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
      if (size < 0) return Fd();
      target.resize(static_cast<std::size_t>(size));
      if (target.starts_with('/')) parents.clear();
      auto parts = split(target, '/');
      for (auto part = parts.rbegin(); part != parts.rend(); ++part)
        rest.push_front(std::move(*part));
      continue;
    }
    if (last) return Fd(::openat(current(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
    Fd next(::openat(current(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return Fd();
    parents.push_back(std::move(next));
  }
  return Fd(::openat(current(), ".", flags | O_CLOEXEC, mode));
}

}  // namespace

Fd try_open_in_root(int root, const std::string& path, int flags, mode_t mode) noexcept {
  Fd fd(openat2(root, path.empty() ? "." : path.c_str(), flags, mode,
                RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  if (fd || !is_to_be_walked(errno)) return fd;
  return walk(root, path, flags, mode, true);
}

Fd try_reopen_regular(int file) noexcept {
  struct stat info {};
  if (file < 0 || ::fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) return Fd();
  return Fd(::open(proc_path(file).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

Fd try_open_regular_in_root(int root, const std::string& path) noexcept {
  return try_reopen_regular(try_open_in_root(root, path, O_PATH).get());
}

Fd open_in_root(int root, const std::string& path, int flags, mode_t mode) {
  Fd fd = try_open_in_root(root, path, flags, mode);
  if (!fd) throw SysError("cannot open '{}' in the root file system", path);
  return fd;
}

Fd try_open_no_symlinks(int root, const std::string& path, int flags, mode_t mode) noexcept {
  Fd fd(openat2(root, path.empty() ? "." : path.c_str(), flags, mode,
                RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS));
  if (fd || !is_to_be_walked(errno)) return fd;
  if (path.starts_with('/') || ("/" + path + "/").find("/../") != std::string::npos) {
    errno = EXDEV;
    return Fd();
  }
  return walk(root, path, flags, mode, false);
}

Fd ensure_directory_in_root(int root, std::string_view path, mode_t mode) {
  constexpr int k_flags = O_PATH | O_DIRECTORY;
  std::string reached;
  Fd current = open_in_root(root, "/", k_flags);
  for (const auto& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    const std::string next = reached + "/" + part;
    Fd fd = try_open_in_root(root, next, k_flags);
    if (!fd && errno == ENOENT) {
      // The name itself may be a dangling link: mkdirat does not follow it and says EEXIST.
      if (::mkdirat(current.get(), part.c_str(), mode) != 0 && errno != EEXIST) {
        throw SysError("cannot create directory '{}' in the root file system", next);
      }
      fd = try_open_in_root(root, next, k_flags);
    }
    if (!fd) throw SysError("cannot create directory '{}' in the root file system", next);
    current = std::move(fd);
    reached = next;
  }
  return current;
}

std::optional<struct stat> follow_if_exists(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return info;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw SysError("cannot stat '{}'", path);
}

std::string follow_links(std::string path) {
  constexpr int k_max_links = 40;  // As the kernel's MAXSYMLINKS.
  for (int i = 0; i < k_max_links; ++i) {
    const auto info = stat_if_exists(path);
    if (!info || !S_ISLNK(info->st_mode)) return path;
    const std::string target = read_link(path);
    path = target.starts_with('/') ? target : parent_path(path) + "/" + target;
  }
  throw SysError(ELOOP, "cannot follow '" + path + "'");
}

std::string path_of(int fd) {
  return read_link(proc_path(fd));
}

std::string proc_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace coracle::linux
