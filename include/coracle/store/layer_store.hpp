// SPDX-License-Identifier: Apache-2.0
// Unpacked layers: layers/<diff id>/{diff/,layer.json}, made beside their place and renamed into
// it. Shared by all images and containers, never changed afterwards. The links l/<first digits>
// name them in few bytes, for kernels that take the layers of an overlay in one page of text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coracle/archive/unpack_layer.hpp"
#include "coracle/base/digest.hpp"

namespace coracle::store {

/// Directories of the layers below another one, topmost first. Asked once, when it needs them: it
/// may wait for those that are still being unpacked.
using LowerLayers = std::function<std::vector<std::string>()>;

/// Asked again and again while another process unpacks the same layer, at the pace that it sets
/// itself by sleeping. When it says false the work is done twice; it may throw.
using KeepWaiting = std::function<bool()>;

struct LayerRecord {
  Digest diff_id;
  std::uint64_t size = 0;             ///< of the plain tar, bytes
  std::uint64_t squashed_owners = 0;  ///< owners that this user's ids do not cover
};

class LayerStore {
 public:
  explicit LayerStore(const std::string& root)
      : layers_(root + "/layers"),
        links_(root + "/l"),
        trash_(root + "/trash"),
        mount_points_(root + "/mount-points") {}

  bool has(const Digest& diff_id) const;
  /// @throws Error not_found naming the layer
  LayerRecord load(const Digest& diff_id) const;
  /// The directory that containers mount.
  std::string path(const Digest& diff_id) const;
  /// The same relative to root's directory "l", in a few bytes.
  std::string short_path(const Digest& diff_id) const;
  const std::string& short_base() const noexcept { return links_; }
  std::vector<Digest> list() const;

  /// A layer that no image has: the directories and empty files that every start mounts something
  /// on. At the bottom of a container's layers it saves each container from making them in its own,
  /// where they would be found as changes. Runs in the user namespace that containers run in.
  /// @returns its directory; it is made by whoever asks first
  std::string ensure_mount_points() const;
  /// The same relative to root's directory "l".
  static std::string short_mount_points() { return "mount-points"; }

  /// Unpacks a layer unless it is there; of two that do so at once one waits for the other. Runs in
  /// the user namespace that containers run in.
  /// @param expected  empty for a layer whose diff id is not known beforehand
  /// @param below     none for the lowest layer
  /// @param keep_waiting  none: as long as it takes
  /// @throws Error invalid_argument when the content has another diff id; nothing is left behind
  LayerRecord unpack(archive::ByteSource& layer, const Digest& expected, const LowerLayers& below,
                     const KeepWaiting& keep_waiting = {}) const;
  /// Makes a layer of a directory that somebody else keeps: the upper directory of an overlay,
  /// whose tar has this diff id. Nothing happens if the layer is there.
  void link(const LayerRecord& record, const std::string& directory) const;
  /// The directory is about to go: if a layer is a link to it, the layer takes it over. Only for
  /// whom nobody makes a container of it meanwhile (ImageStore::adding()).
  void take_over(const Digest& diff_id, const std::string& directory) const;
  /// Takes a layer out of sight in one rename; empty_trash() deletes its files.
  void discard(const Digest& diff_id) const;
  /// discard() and the deletion at once. Runs in the user namespace that containers run in.
  void remove(const Digest& diff_id) const;
  void empty_trash() const;
  /// Layers that killed invocations were unpacking, and what they left in the trash.
  void remove_leftovers() const;

  /// Short names without a layer: of layers that are being made, or whose maker or remover was
  /// killed. Only for whom no layer can be in the making (ImageStore::adding()).
  void remove_dangling_links() const;
  /// Makes the short names of layers that have none.
  void repair_links() const;

 private:
  std::string place(const Digest& diff_id) const;
  std::string turn_file(const Digest& diff_id) const;
  /// @throws Error conflict when another layer has the same short name
  void ensure_link(const Digest& diff_id) const;
  LayerRecord unpack_here(archive::ByteSource& layer, const Digest& expected,
                          const LowerLayers& below) const;

  std::string layers_;
  std::string links_;
  std::string trash_;
  std::string mount_points_;
};

}  // namespace coracle::store
