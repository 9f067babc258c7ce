// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/layer_store.hpp"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/archive/layers.hpp"
#include "coracle/archive/pack_layer.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::store {
namespace {

constexpr int k_version = 1;
constexpr std::size_t k_short_name = 12;
constexpr std::string_view k_staging_prefix = ".new-";

std::string to_text(const LayerRecord& record) {
  return dump_json({{"version", k_version},
                    {"diff_id", record.diff_id.str()},
                    {"size", record.size},
                    {"squashed_owners", record.squashed_owners}});
}

/// A directory in the making, locked while its maker lives.
class Staging {
 public:
  explicit Staging(const std::string& layers)
      : path_(layers + "/" + std::string(k_staging_prefix) + random_hex(8)) {
    linux::make_directory(path_);
    lock_ = linux::FileLock::try_acquire(path_ + "/lock", linux::FileLock::Mode::exclusive);
    linux::make_directory(path_ + "/diff", 0755);
  }
  ~Staging() {
    if (path_.empty()) return;
    try {
      linux::remove_tree(path_);
    } catch (const Error&) {
      // remove_leftovers() finds it.
    }
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  const std::string& path() const noexcept { return path_; }
  /// False if the place is taken: another process made the same layer.
  bool move_to(const std::string& place) {
    linux::remove_file(path_ + "/lock");
    if (::rename(path_.c_str(), place.c_str()) != 0) {
      if (errno == EEXIST || errno == ENOTEMPTY) return false;
      throw SysError("cannot rename '{}' to '{}'", path_, place);
    }
    path_.clear();
    return true;
  }

 private:
  std::string path_;
  std::optional<linux::FileLock> lock_;
};

}  // namespace

std::string LayerStore::place(const Digest& diff_id) const {
  return layers_ + "/" + std::string(diff_id.hex());
}

std::string LayerStore::path(const Digest& diff_id) const { return place(diff_id) + "/diff"; }

std::string LayerStore::short_path(const Digest& diff_id) const {
  return std::string(diff_id.hex().substr(0, k_short_name));
}

bool LayerStore::has(const Digest& diff_id) const {
  return linux::exists(place(diff_id) + "/layer.json");
}

LayerRecord LayerStore::load(const Digest& diff_id) const {
  const std::string file = place(diff_id) + "/layer.json";
  const Json document = parse_json(linux::read_file(file), file);
  return {Digest::parse(json::require_string(document, "diff_id")),
          static_cast<std::uint64_t>(json::require_int(document, "size")),
          static_cast<std::uint64_t>(json::get_int(document, "squashed_owners"))};
}

std::vector<Digest> LayerStore::list() const {
  std::vector<Digest> digests;
  for (const auto& name : linux::list_directory(layers_)) {
    if (name.size() == k_id_length) digests.push_back(Digest::sha256_from_hex(name));
  }
  return digests;
}

LayerRecord LayerStore::unpack(archive::ByteSource& layer, const Digest& expected,
                               const std::vector<std::string>& below) const {
  linux::ensure_directory(layers_);
  linux::ensure_directory(links_);
  std::optional<linux::FileLock> turn;
  if (!expected.empty()) {
    // Whoever comes second waits, and then finds the layer.
    turn = linux::FileLock::acquire(fmt::format("{}/.lock-{}", layers_, expected.hex()),
                                    linux::FileLock::Mode::exclusive);
    if (has(expected)) return load(expected);
  }
  Staging staging(layers_);
  const linux::Fd directory = linux::open_file(staging.path() + "/diff", O_RDONLY | O_DIRECTORY);
  archive::UnpackOptions options;
  options.open_below = [&](const std::string& path) {
    return archive::open_in_layers(below, path, O_RDONLY);
  };
  const auto report = archive::unpack_layer(layer, directory.get(), options);
  if (!expected.empty() && report.diff_id != expected) {
    throw Error(ErrorClass::invalid_argument, "layer has the digest {}, but {} was promised",
                report.diff_id.str(), expected.str());
  }
  const LayerRecord record{report.diff_id, report.size, report.squashed_owners};
  linux::write_new_file(staging.path() + "/layer.json", to_text(record), 0644);
  staging.move_to(place(record.diff_id));
  const std::string link = links_ + "/" + short_path(record.diff_id);
  const std::string target = fmt::format("../layers/{}/diff", record.diff_id.hex());
  if (::symlink(target.c_str(), link.c_str()) != 0 && errno != EEXIST) {
    throw SysError("cannot create link '{}'", link);
  }
  if (turn) linux::remove_file(fmt::format("{}/.lock-{}", layers_, expected.hex()));
  return record;
}

void LayerStore::remove(const Digest& diff_id) const {
  linux::ensure_directory(trash_);
  const std::string grave = trash_ + "/" + random_hex(8);
  if (::rename(place(diff_id).c_str(), grave.c_str()) != 0) {
    if (errno == ENOENT) return;
    throw SysError("cannot remove layer '{}'", diff_id.str());
  }
  linux::remove_file(links_ + "/" + short_path(diff_id));
  linux::remove_tree(grave);
}

void LayerStore::remove_leftovers() const {
  for (const auto& name : linux::list_directory(layers_)) {
    if (!name.starts_with(k_staging_prefix)) continue;
    const std::string unfinished = layers_ + "/" + name;
    if (linux::FileLock::try_acquire(unfinished + "/lock", linux::FileLock::Mode::exclusive)) {
      linux::remove_tree(unfinished);
    }
  }
  for (const auto& name : linux::list_directory(trash_)) linux::remove_tree(trash_ + "/" + name);
}

}  // namespace coracle::store
