// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "archive/overlay_internal.hpp"
#include "coracle/archive/pack_layer.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::archive {
namespace {

enum class Found { yes, no, hidden };

/// Whether one layer has `path`, and whether it hides what the layers below have there.
Found look_up(int layer, const std::string& path) {
  std::string reached;
  for (const auto& part : split(path, '/')) {
    if (!reached.empty()) {
      const linux::Fd directory = linux::try_open_in_root(layer, reached, O_RDONLY | O_DIRECTORY);
      if (!directory) return Found::hidden;  // Something else than a directory is in the way.
      if (is_opaque(directory.get())) {
        struct stat info {};
        const linux::Fd entry = linux::try_open_in_root(layer, path, O_PATH | O_NOFOLLOW);
        const bool there = entry && ::fstat(entry.get(), &info) == 0 && !is_whiteout(info);
        return there ? Found::yes : Found::hidden;
      }
    }
    reached += (reached.empty() ? "" : "/") + part;
    const linux::Fd entry = linux::try_open_in_root(layer, reached, O_PATH | O_NOFOLLOW);
    struct stat info {};
    if (!entry || ::fstat(entry.get(), &info) != 0) return Found::no;
    if (is_whiteout(info)) return Found::hidden;
  }
  return Found::yes;
}

class ChangeLister {
 public:
  ChangeLister(const std::vector<std::string>& below,
               const std::function<bool(std::string_view)>& excluded)
      : excluded_(excluded) {
    for (const auto& path : below) below_.push_back(linux::open_file(path, O_RDONLY | O_DIRECTORY));
  }

  void visit(int directory, const std::string& path) {
    linux::Directory entries(directory);
    std::vector<std::string> names;
    while (const auto entry = entries.next()) names.emplace_back(entry->name);
    for (const auto& name : names) visit_entry(directory, name, path.empty() ? name : path + "/" + name);
  }

  std::vector<Change> take() {
    std::ranges::sort(changes_, {}, &Change::path);
    return std::move(changes_);
  }

 private:
  bool exists_below(const std::string& path) const {
    for (const auto& layer : below_) {
      const Found found = look_up(layer.get(), path);
      if (found != Found::no) return found == Found::yes;
    }
    return false;
  }

  void visit_entry(int parent, const std::string& name, const std::string& path) {
    if (excluded_ && excluded_(path)) return;
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (is_whiteout(info)) {
      if (exists_below(path)) changes_.push_back({ChangeKind::deleted, "/" + path});
      return;
    }
    const bool known = exists_below(path);
    changes_.push_back({known ? ChangeKind::modified : ChangeKind::added, "/" + path});
    if (!S_ISDIR(info.st_mode)) return;
    const linux::Fd directory = linux::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (known && is_opaque(directory.get())) list_hidden(directory.get(), path);
    visit(directory.get(), path);
  }

  /// What an opaque directory hides of the directories below it counts as deleted.
  void list_hidden(int directory, const std::string& path) {
    for (const auto& layer : below_) {
      const linux::Fd lower = linux::try_open_in_root(layer.get(), path, O_RDONLY | O_DIRECTORY);
      if (!lower) continue;
      linux::Directory entries(lower.get());
      while (const auto entry = entries.next()) {
        const std::string name(entry->name);
        const std::string child = path + "/" + name;
        if (::faccessat(directory, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
        const Change change{ChangeKind::deleted, "/" + child};
        if (exists_below(child) && std::ranges::find(changes_, change) == changes_.end()) {
          changes_.push_back(change);
        }
      }
    }
  }

  const std::function<bool(std::string_view)>& excluded_;
  std::vector<linux::Fd> below_;
  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> list_changes(const std::string& upper, const std::vector<std::string>& below,
                                 const std::function<bool(std::string_view path)>& excluded) {
  const linux::Fd directory = linux::open_file(upper, O_RDONLY | O_DIRECTORY);
  ChangeLister lister(below, excluded);
  lister.visit(directory.get(), "");
  return lister.take();
}

linux::Fd open_in_layers(const std::vector<std::string>& layers, const std::string& path, int flags) {
  for (const auto& layer : layers) {
    const linux::Fd directory = linux::open_if_exists(layer, O_PATH | O_DIRECTORY);
    if (!directory) continue;
    switch (look_up(directory.get(), path)) {
      case Found::yes: return linux::try_open_in_root(directory.get(), path, flags);
      case Found::hidden: return linux::Fd();
      case Found::no: break;
    }
  }
  return linux::Fd();
}

}  // namespace coracle::archive
