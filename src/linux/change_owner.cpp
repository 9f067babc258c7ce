// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/change_owner.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::linux {
namespace {

void change(int parent, const std::string& name, uid_t uid, gid_t gid) {
  struct stat info {};
  if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  const bool differs = info.st_uid != uid || info.st_gid != gid;
  if (differs && ::fchownat(parent, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
    throw SysError("cannot change the owner of '{}'", name);
  }
  if (!S_ISDIR(info.st_mode)) return;
  const Fd directory = open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  Directory entries(directory.get());
  while (const auto entry = entries.next())
    change(directory.get(), std::string(entry->name), uid, gid);
}

}  // namespace

void change_owner_of_tree(const std::string& path, uid_t uid, gid_t gid) {
  change(AT_FDCWD, path, uid, gid);
}

}  // namespace coracle::linux
