// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <set>

#include "archive/marks_internal.hpp"
#include "archive/merged_view_internal.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::archive {
namespace {

constexpr int k_max_links = 40;  // As the kernel's MAXSYMLINKS.

std::string join_path(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

std::string read_link_of(int link) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(link, "", target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

}  // namespace

MergedView::MergedView(const std::vector<std::string>& layers) {
  for (const auto& path : layers) {
    linux::Fd fd = linux::open_if_exists(path, O_PATH | O_DIRECTORY);
    if (fd) layers_.push_back(std::move(fd));
  }
}

MergedView::Node MergedView::root() const {
  Node node;
  node.layers.resize(layers_.size());
  std::iota(node.layers.begin(), node.layers.end(), std::size_t{0});
  return node;
}

/// No component of a path is a symbolic link, or something changes the layer at this moment (the
/// upper one of a running container): then it is as if nothing were there.
linux::Fd MergedView::try_open(std::size_t layer, const std::string& path, int flags) const {
  return linux::try_open_no_symlinks(layers_[layer].get(), path.empty() ? "." : path, flags);
}

std::optional<MergedView::Entry> MergedView::look_up(const Node& directory,
                                                     const std::string& name) const {
  const std::string path = join_path(directory.path, name);
  for (const std::size_t layer : directory.layers) {
    Entry entry;
    entry.fd = try_open(layer, path, O_PATH | O_NOFOLLOW);
    if (!entry.fd || ::fstat(entry.fd.get(), &entry.info) != 0) continue;
    if (is_whiteout(entry.info)) return std::nullopt;
    entry.layer = layer;
    return entry;
  }
  return std::nullopt;
}

MergedView::Node MergedView::enter(const Node& directory, const std::string& name) const {
  Node node;
  node.path = join_path(directory.path, name);
  for (const std::size_t layer : directory.layers) {
    const linux::Fd fd = try_open(layer, node.path, O_RDONLY | O_DIRECTORY);
    // A file or whiteout between two directories parts them.
    if (!fd && errno != ENOENT) break;
    if (!fd) continue;
    node.layers.push_back(layer);
    if (is_opaque(fd.get())) break;
  }
  return node;
}

linux::Fd MergedView::open_share(const Node& directory, std::size_t layer) const {
  return try_open(layer, directory.path, O_RDONLY | O_DIRECTORY);
}

std::vector<std::string> MergedView::list(const Node& directory) const {
  std::set<std::string> seen;
  std::vector<std::string> names;
  for (const std::size_t layer : directory.layers) {
    const linux::Fd fd = open_share(directory, layer);
    if (!fd) continue;
    linux::Directory entries(fd.get());
    while (const auto entry = entries.next()) {
      std::string name(entry->name);
      if (is_opaque_book(name) || !seen.insert(name).second) continue;
      struct stat info {};
      const bool there = ::fstatat(fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
      if (there && !is_whiteout(info)) names.push_back(std::move(name));
    }
  }
  return names;
}

std::optional<MergedView::Entry> MergedView::resolve(const std::string& path, bool follow) const {
  const auto whole = split(path, '/');
  std::deque<std::string> rest(whole.begin(), whole.end());
  std::vector<Node> nodes = {root()};  // from the root to where the walk stands
  int links = 0;
  while (!rest.empty()) {
    const std::string name = rest.front();
    rest.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (nodes.size() > 1) nodes.pop_back();
      continue;
    }
    auto entry = look_up(nodes.back(), name);
    if (!entry) return std::nullopt;
    const bool last =
        std::ranges::all_of(rest, [](const auto& part) { return part.empty() || part == "."; });
    if (S_ISLNK(entry->info.st_mode) && (follow || !last)) {
      if (++links > k_max_links) return std::nullopt;
      const std::string target = read_link_of(entry->fd.get());
      if (target.starts_with('/')) nodes.resize(1);
      const auto parts = split(target, '/');
      rest.insert(rest.begin(), parts.begin(), parts.end());
    } else if (S_ISDIR(entry->info.st_mode)) {
      nodes.push_back(enter(nodes.back(), name));
    } else {
      return last ? std::move(entry) : std::nullopt;
    }
  }
  // A directory: it looks as its topmost layer has it.
  const Node& node = nodes.back();
  if (node.layers.empty()) return std::nullopt;
  Entry entry;
  entry.layer = node.layers.front();
  entry.fd = try_open(entry.layer, node.path, O_PATH | O_DIRECTORY);
  if (!entry.fd || ::fstat(entry.fd.get(), &entry.info) != 0) return std::nullopt;
  return entry;
}

}  // namespace coracle::archive
