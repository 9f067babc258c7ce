// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>

#include "archive/change_set_internal.hpp"
#include "archive/marks_internal.hpp"
#include "archive/merged_view_internal.hpp"
#include "coracle/archive/layers.hpp"
#include "coracle/linux/directory.hpp"

namespace coracle::archive {
namespace {

class ChangeLister {
 public:
  ChangeLister(const std::vector<std::string>& below,
               const std::function<bool(std::string_view)>& excluded)
      : below_(below), excluded_(excluded) {}

  void visit_root(int upper) { visit(upper, "", below_.root()); }

  std::vector<Change> changes() const { return changes_.list(); }

 private:
  using Node = MergedView::Node;

  /// @param below  the same directory in the layers below; without any layer if it is not there
  void visit(int directory, const std::string& path, const Node& below) {
    linux::Directory entries(directory);
    std::vector<std::string> names;
    while (const auto entry = entries.next()) names.emplace_back(entry->name);
    for (const auto& name : names) {
      if (is_opaque_book(name)) continue;
      const std::string child = path.empty() ? name : path + "/" + name;
      if (!excluded_ || !excluded_(child)) visit_entry(directory, name, child, below);
    }
  }

  void visit_entry(int parent, const std::string& name, const std::string& path,
                   const Node& below) {
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return;  // Gone meanwhile.
    const auto old = below_.look_up(below, name);
    if (is_whiteout(info)) {
      if (old) changes_.record(path, ChangeKind::deleted);
      return;
    }
    if (!S_ISDIR(info.st_mode)) {
      changes_.record(path, old ? ChangeKind::modified : ChangeKind::added);
      return;
    }
    const linux::Fd directory =
        linux::try_open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory) return;
    Node merged;
    merged.path = path;
    if (!old) {
      changes_.record(path, ChangeKind::added);
    } else if (!S_ISDIR(old->info.st_mode)) {
      changes_.record(path, ChangeKind::modified);
    } else {
      merged = below_.enter(below, name);
      const bool opaque = is_opaque(directory.get());
      if (opaque || !looks_the_same(info, old->info)) changes_.record(path, ChangeKind::modified);
      if (opaque) list_hidden(directory.get(), merged);
    }
    visit(directory.get(), path, merged);
  }

  /// What an opaque directory hides counts as deleted, unless something new is there.
  void list_hidden(int directory, const Node& below) {
    for (const auto& name : below_.list(below)) {
      const std::string path = below.path + "/" + name;
      struct stat info {};
      const bool there = ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
      if (!there && (!excluded_ || !excluded_(path))) changes_.record(path, ChangeKind::deleted);
    }
  }

  const MergedView below_;
  const std::function<bool(std::string_view)>& excluded_;
  ChangeSet changes_;
};

}  // namespace

std::vector<Change> list_changes(const std::string& upper, const std::vector<std::string>& below,
                                 const std::function<bool(std::string_view path)>& excluded) {
  const linux::Fd directory = linux::open_file(upper, O_RDONLY | O_DIRECTORY);
  ChangeLister lister(below, excluded);
  lister.visit_root(directory.get());
  return lister.changes();
}

}  // namespace coracle::archive
