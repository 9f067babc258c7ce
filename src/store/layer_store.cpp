// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/layer_store.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/archive/layers.hpp"
#include "coracle/archive/pack_layer.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "store/record_format_internal.hpp"
#include "store/staging_internal.hpp"

namespace coracle::store {
namespace {

constexpr std::size_t k_short_name = 12;
constexpr std::string_view k_staging_prefix = ".new-";
constexpr std::string_view k_turn_prefix = ".lock-";
constexpr const char* k_mount_point_directories[] = {"dev", "etc", "proc", "run", "sys"};
constexpr const char* k_mount_point_files[] = {"etc/hostname", "etc/hosts", "etc/resolv.conf",
                                               "run/.containerenv"};

std::string link_target(const Digest& diff_id) {
  return fmt::format("../layers/{}/diff", diff_id.hex());
}

std::string to_text(const LayerRecord& record) {
  return dump_json({{"version", k_layer_format.version},
                    {"diff_id", record.diff_id.str()},
                    {"size", record.size},
                    {"squashed_owners", record.squashed_owners}});
}

}  // namespace

std::string LayerStore::place(const Digest& diff_id) const {
  return layers_ + "/" + std::string(diff_id.hex());
}

std::string LayerStore::turn_file(const Digest& diff_id) const {
  return fmt::format("{}/{}{}", layers_, k_turn_prefix, diff_id.hex());
}

std::string LayerStore::path(const Digest& diff_id) const {
  return place(diff_id) + "/diff";
}

std::string LayerStore::short_path(const Digest& diff_id) const {
  return std::string(diff_id.hex().substr(0, k_short_name));
}

bool LayerStore::has(const Digest& diff_id) const {
  return linux::exists(place(diff_id) + "/layer.json");
}

LayerRecord LayerStore::load(const Digest& diff_id) const {
  const std::string file = place(diff_id) + "/layer.json";
  const auto text = linux::read_file_if_exists(file, 1U << 20);
  if (!text) {
    throw Error(ErrorClass::not_found, "layer {} is not in the store", diff_id.str());
  }
  const auto record = read_record(*text, file, k_layer_format);
  const Json& document = *record;
  return {Digest::parse(json::require_string(document, "diff_id")),
          static_cast<std::uint64_t>(json::require_int(document, "size")),
          static_cast<std::uint64_t>(json::get_int(document, "squashed_owners"))};
}

std::vector<Digest> LayerStore::list() const {
  std::vector<Digest> digests;
  for (const auto& name : linux::list_directory(layers_)) {
    if (name.size() == k_id_length && is_hex(name))
      digests.push_back(Digest::sha256_from_hex(name));
  }
  return digests;
}

void LayerStore::ensure_link(const Digest& diff_id) const {
  linux::ensure_directory(links_);
  const std::string link = links_ + "/" + short_path(diff_id);
  const std::string target = link_target(diff_id);
  while (::symlink(target.c_str(), link.c_str()) != 0) {
    if (errno != EEXIST) throw SysError("cannot create link '{}'", link);
    const std::string current = linux::read_link(link);
    if (current == target) return;
    if (linux::exists(link)) {
      throw Error(ErrorClass::conflict, "layer {} has the same first digits as {}", diff_id.str(),
                  current);
    }
    linux::remove_file(link);
  }
}

std::string LayerStore::ensure_mount_points() const {
  const std::string link = links_ + "/" + short_mount_points();
  // The link comes last.
  if (linux::exists(link)) return mount_points_;
  linux::ensure_directory(layers_);
  linux::ensure_directory(links_);
  Staging staging(fmt::format("{}/{}{}", layers_, k_staging_prefix, random_hex(8)));
  // Whatever the caller's mask of modes is: all containers have them.
  const auto set_mode = [](const std::string& path, mode_t mode) {
    if (::chmod(path.c_str(), mode) != 0) throw SysError("cannot change the mode of '{}'", path);
  };
  set_mode(staging.path(), 0755);
  for (const char* name : k_mount_point_directories) {
    const std::string directory = staging.path() + "/" + name;
    linux::make_directory(directory, 0755);
    set_mode(directory, 0755);
  }
  for (const char* name : k_mount_point_files) {
    const std::string file = staging.path() + "/" + name;
    linux::write_new_file(file, "", 0644);
    set_mode(file, 0644);
  }
  (void)staging.try_move_to(mount_points_);
  if (::symlink("../mount-points", link.c_str()) != 0 && errno != EEXIST) {
    throw SysError("cannot create link '{}'", link);
  }
  return mount_points_;
}

LayerRecord LayerStore::unpack(archive::ByteSource& layer, const Digest& expected,
                               const LowerLayers& below, const KeepWaiting& keep_waiting) const {
  linux::ensure_directory(layers_);
  if (expected.empty()) return unpack_here(layer, expected, below);
  // Whoever comes second waits, and then finds the layer.
  using Mode = linux::FileLock::Mode;
  const std::string file = turn_file(expected);
  auto turn = keep_waiting ? linux::FileLock::try_acquire(file, Mode::exclusive)
                           : linux::FileLock::acquire(file, Mode::exclusive);
  while (!turn && keep_waiting()) turn = linux::FileLock::try_acquire(file, Mode::exclusive);
  const ScopeExit end_turn([&] {
    if (turn) ::unlink(file.c_str());
  });
  if (has(expected)) return load(expected);
  return unpack_here(layer, expected, below);
}

LayerRecord LayerStore::unpack_here(archive::ByteSource& layer, const Digest& expected,
                                    const LowerLayers& below) const {
  Staging staging(fmt::format("{}/{}{}", layers_, k_staging_prefix, random_hex(8)));
  const std::string tree = staging.path() + "/diff";
  linux::make_directory(tree, 0755);
  const linux::Fd directory = linux::open_file(tree, O_RDONLY | O_DIRECTORY);
  archive::UnpackOptions options;
  std::optional<std::vector<std::string>> lower;
  options.open_below = [&](const std::string& path) {
    if (!lower) lower = below ? below() : std::vector<std::string>();
    return archive::open_in_layers(*lower, path, O_PATH | O_NOFOLLOW);
  };
  const auto report = archive::unpack_layer(layer, directory.get(), options);
  if (!expected.empty() && report.diff_id != expected) {
    throw Error(ErrorClass::invalid_argument, "layer has the digest {}, but {} was promised",
                report.diff_id.str(), expected.str());
  }
  const LayerRecord record{report.diff_id, report.size, report.squashed_owners};
  linux::write_new_file(staging.path() + "/layer.json", to_text(record), 0644);
  // The link first: a layer that is there can be named.
  ensure_link(record.diff_id);
  // Without a promised digest another process may have made the same layer: that one stays.
  (void)staging.try_move_to(place(record.diff_id));
  return record;
}

void LayerStore::link(const LayerRecord& record, const std::string& directory) const {
  if (has(record.diff_id)) return;
  linux::ensure_directory(layers_);
  Staging staging(fmt::format("{}/{}{}", layers_, k_staging_prefix, random_hex(8)));
  const std::string tree = staging.path() + "/diff";
  if (::symlink(directory.c_str(), tree.c_str()) != 0) {
    throw SysError("cannot create link '{}'", tree);
  }
  linux::write_new_file(staging.path() + "/layer.json", to_text(record), 0644);
  ensure_link(record.diff_id);
  (void)staging.try_move_to(place(record.diff_id));
}

void LayerStore::take_over(const Digest& diff_id, const std::string& directory) const {
  const std::string tree = path(diff_id);
  char target[PATH_MAX];
  const ssize_t size = ::readlink(tree.c_str(), target, sizeof target);
  if (size < 0 || std::string_view(target, static_cast<std::size_t>(size)) != directory) return;
  if (::renameat2(AT_FDCWD, tree.c_str(), AT_FDCWD, directory.c_str(), RENAME_EXCHANGE) != 0) {
    throw SysError("cannot keep the files of layer {}", diff_id.str());
  }
}

void LayerStore::discard(const Digest& diff_id) const {
  if (move_to_trash(place(diff_id), trash_).empty()) return;
  linux::remove_file(links_ + "/" + short_path(diff_id));
}

void LayerStore::remove(const Digest& diff_id) const {
  discard(diff_id);
  empty_trash();
}

void LayerStore::empty_trash() const {
  store::empty_trash(trash_);
}

void LayerStore::remove_leftovers() const {
  for (const auto& name : linux::list_directory(layers_)) {
    if (name.starts_with(k_staging_prefix) || name.starts_with(k_turn_prefix)) {
      remove_if_abandoned(layers_ + "/" + name);
    }
  }
  empty_trash();
}

void LayerStore::remove_dangling_links() const {
  for (const auto& name : linux::list_directory(links_)) {
    const std::string link = links_ + "/" + name;
    if (!linux::exists(link)) linux::remove_file(link);
  }
}

void LayerStore::repair_links() const {
  for (const auto& diff_id : list()) ensure_link(diff_id);
}

}  // namespace coracle::store
