// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "archive/marks_internal.hpp"
#include "archive/merged_view_internal.hpp"
#include "coracle/archive/layers.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::archive {
namespace {

std::vector<std::string> joined(std::vector<std::string> upper,
                                const std::vector<std::string>& below) {
  upper.insert(upper.end(), below.begin(), below.end());
  return upper;
}

/// Adds to a merged tree what it hides of the layers below.
class HidingMarker {
 public:
  HidingMarker(const std::vector<std::string>& upper, const std::vector<std::string>& below)
      : all_(joined(upper, below)), below_(below), trusted_(may_set_trusted()) {
    for (const auto& path : upper) uppers_ += linux::exists(path) ? 1 : 0;
  }

  void visit_root(int tree) { visit(tree, all_.root(), below_.root()); }

 private:
  using Node = MergedView::Node;

  /// @param below  the same directory in the layers below; without any layer if it is not seen
  void visit(int directory, const Node& all, const Node& below) {
    for (const auto& name : sub_directories(directory))
      visit_directory(directory, name, all, below);
    if (below.layers.empty()) return;
    struct stat info {};
    if (::fstat(directory, &info) != 0) throw SysError("cannot stat '/{}'", all.path);
    for (const auto& name : below_.list(below)) {
      if (!all_.look_up(all, name)) make_whiteout(directory, name);
    }
    const timespec times[2] = {info.st_atim, info.st_mtim};
    ::futimens(directory, times);
  }

  void visit_directory(int parent, const std::string& name, const Node& all, const Node& below) {
    const linux::Fd directory = linux::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const Node merged = all_.enter(all, name);
    Node seen{merged.path, {}};
    const auto old = below.layers.empty() ? std::nullopt : below_.look_up(below, name);
    const bool is_over_one = old && S_ISDIR(old->info.st_mode);
    const bool shows_it = !merged.layers.empty() && merged.layers.back() >= uppers_;
    if (is_over_one && shows_it) seen = below_.enter(below, name);
    // The topmost may bring a mark along, or one in between has had it.
    if (is_over_one && !shows_it) {
      set_opaque(directory.get(), trusted_);
    } else if (is_opaque(directory.get())) {
      clear_opaque(directory.get());
    }
    visit(directory.get(), merged, seen);
  }

  static std::vector<std::string> sub_directories(int directory) {
    std::vector<std::string> names;
    linux::Directory entries(directory);
    while (const auto entry = entries.next()) {
      std::string name(entry->name);
      struct stat info {};
      if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISDIR(info.st_mode)) {
        names.push_back(std::move(name));
      }
    }
    return names;
  }

  static void make_whiteout(int directory, const std::string& name) {
    if (!try_make_whiteout(directory, name.c_str())) {
      throw SysError("cannot create the whiteout of '{}'", name);
    }
  }

  const MergedView all_;
  const MergedView below_;
  const bool trusted_;
  std::size_t uppers_ = 0;
};

}  // namespace

void merge_changes(const std::vector<std::string>& upper, const std::vector<std::string>& below,
                   int to) {
  copy_layers(upper, to, {});
  HidingMarker(upper, below).visit_root(to);
}

}  // namespace coracle::archive
