// SPDX-License-Identifier: Apache-2.0
#include "archive_support.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "coracle/archive/tar.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/change_owner.hpp"

namespace coracle::archive {
namespace {

constexpr const char* k_secret = "secret content";

std::string temporary_parent() {
  const char* parent = ::getenv("TMPDIR");
  return parent != nullptr ? parent : "/tmp";
}

void collect(const std::string& top, const std::string& below, std::vector<std::string>& paths) {
  for (const auto& name : linux::list_directory(top + below)) {
    const std::string path = below + "/" + name;
    paths.push_back(path);
    struct stat info {};
    if (::lstat((top + path).c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      collect(top, path, paths);
  }
}

std::string attributes_of(const std::string& path) {
  char names[65536];
  const ssize_t size = ::llistxattr(path.c_str(), names, sizeof names);
  std::map<std::string, std::string> attributes;
  for (const char* name = names; size > 0 && name < names + size; name += ::strlen(name) + 1) {
    attributes[name] = get_attribute(path, name);
  }
  std::string text;
  for (const auto& [name, value] : attributes) {
    text += fmt::format(" {}={}", name, sha256_of(value).hex().substr(0, 8));
  }
  return text;
}

}  // namespace

std::string compressed(oci::Compression kind, std::string_view text) {
  MemorySource source(text);
  const auto stream = make_compressed(source, kind, -1);
  MemorySink sink;
  copy(*stream, sink);
  return sink.take();
}

Sandbox::Sandbox(const std::string& parent)
    : directory_(parent.empty() ? temporary_parent() : parent, "coracle-archive-") {
  ::chmod(directory_.path().c_str(), 0755);
  make("root");
  make("outside");
  linux::write_new_file(outside("secret"), k_secret, 0644);
  root_ = linux::open_file(path(), O_RDONLY | O_DIRECTORY);
}

std::string Sandbox::path(std::string_view name) const {
  return directory_.path() + "/root" + (name.empty() ? "" : "/" + std::string(name));
}

std::string Sandbox::outside(std::string_view name) const {
  return directory_.path() + "/outside" + (name.empty() ? "" : "/" + std::string(name));
}

std::string Sandbox::make(const std::string& name) const {
  std::string path = directory_.path() + "/" + name;
  linux::make_directory(path, 0755);
  return path;
}

UnpackReport Sandbox::unpack(std::string_view layer, const UnpackOptions& options) const {
  MemorySource source(layer);
  return unpack_layer(source, root_.get(), options);
}

std::string Sandbox::unpack_error(std::string_view layer, const UnpackOptions& options) const {
  try {
    unpack(layer, options);
    return "";
  } catch (const Error& error) {
    return error.describe();
  }
}

bool Sandbox::outside_is_untouched() const {
  return linux::list_directory(outside()) == std::vector<std::string>{"secret"} &&
         linux::read_file(outside("secret")) == k_secret &&
         linux::stat_if_exists(outside("secret"))->st_nlink == 1;
}

void Sandbox::give_to(const linux::IdMappings& mappings) const {
  if (test::is_root()) {
    linux::change_owner_of_tree(directory_.path(), mappings.uids[0].outside,
                                mappings.gids[0].outside);
  }
}

std::string get_attribute(const std::string& path, const std::string& name) {
  std::string value(65536, '\0');
  const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
  value.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return value;
}

std::string describe_file(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return "nothing";
  std::string line = fmt::format("{:06o} {}:{} {}.{:09}", info.st_mode, info.st_uid, info.st_gid,
                                 info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  if (S_ISREG(info.st_mode)) {
    const linux::Fd file = linux::open_file(path, O_RDONLY);
    FdSource source(file.get());
    line += fmt::format(" {} {}", info.st_size, HashingSource(source).finish().hex().substr(0, 8));
  } else if (S_ISLNK(info.st_mode)) {
    line += " -> " + linux::read_link(path);
  } else if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
    line += fmt::format(" {},{}", major(info.st_rdev), minor(info.st_rdev));
  }
  return line + attributes_of(path);
}

std::string describe_tree(const std::string& path) {
  std::vector<std::string> paths = {""};
  collect(path, "", paths);
  std::ranges::sort(paths);
  std::map<ino_t, std::string> first_names;
  std::string text;
  for (const auto& name : paths) {
    struct stat info {};
    if (::lstat((path + name).c_str(), &info) != 0) continue;
    const auto [first, added] = first_names.try_emplace(info.st_ino, name);
    text += fmt::format("{} {}{}\n", name.empty() ? "/" : name, describe_file(path + name),
                        added ? "" : " = " + first->second);
  }
  return text;
}

std::string read_all_of(const std::string& path) {
  return linux::read_file(path);
}

std::string pack(const std::string& path, const PackOptions& options) {
  const linux::Fd directory = linux::open_file(path, O_RDONLY | O_DIRECTORY);
  MemorySink sink;
  pack_layer(directory.get(), sink, options);
  return sink.take();
}

std::string list_entries(std::string_view tar) {
  MemorySource source(tar);
  std::string text;
  for_each_entry(source, [&](const TarEntry& entry, ByteSource&) {
    text += entry.name + (entry.link_target.empty() ? "" : " -> " + entry.link_target) + "\n";
    return true;
  });
  return text;
}

}  // namespace coracle::archive
