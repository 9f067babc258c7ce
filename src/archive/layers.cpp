// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/layers.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "archive/merged_view_internal.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::archive {

linux::Fd open_in_layers(const std::vector<std::string>& layers, const std::string& path,
                         int flags) {
  const MergedView view(layers);
  auto entry = view.resolve(path, (flags & O_NOFOLLOW) == 0);
  if (!entry) {
    errno = ENOENT;
    return linux::Fd();
  }
  if ((flags & O_PATH) != 0) return std::move(entry->fd);
  if (!S_ISREG(entry->info.st_mode) && !S_ISDIR(entry->info.st_mode)) {
    errno = EINVAL;
    return linux::Fd();
  }
  // Through the descriptor, not by name again: what is there now may be something else.
  return linux::try_open_at(AT_FDCWD, linux::proc_path(entry->fd.get()), flags & ~O_NOFOLLOW);
}

}  // namespace coracle::archive
