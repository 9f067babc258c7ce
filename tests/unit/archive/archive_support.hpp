// SPDX-License-Identifier: Apache-2.0
// A scratch directory to unpack into, and its content as text to compare.
#pragma once

#include <string>
#include <string_view>

#include "coracle/archive/layers.hpp"
#include "coracle/archive/pack_layer.hpp"
#include "coracle/archive/unpack_layer.hpp"
#include "coracle/linux/file.hpp"
#include "support/namespaces.hpp"
#include "support/tar_builder.hpp"

namespace coracle::archive {

/// The text compressed with gzip or zstd.
std::string compressed(oci::Compression kind, std::string_view text);

/// "outside/" holds "secret"; "root/" beside it is where archives go.
class Sandbox {
 public:
  /// @param parent  where it is made; TMPDIR or /tmp when empty
  explicit Sandbox(const std::string& parent = "");

  std::string path(std::string_view name = "") const;
  std::string outside(std::string_view name = "") const;
  /// A further directory beside them.
  std::string make(const std::string& name) const;
  int fd() const noexcept { return root_.get(); }

  UnpackReport unpack(std::string_view layer, const UnpackOptions& options = {}) const;
  /// Unpacks, and returns what the error says; "" if there is none.
  std::string unpack_error(std::string_view layer, const UnpackOptions& options = {}) const;
  /// Whether only the root directory was touched.
  bool outside_is_untouched() const;
  /// Gives everything to the first ids of these maps, before a child enters their namespace.
  void give_to(const linux::IdMappings& mappings) const;

 private:
  linux::TempDir directory_;
  linux::Fd root_;
};

/// A line for each file below `path`, sorted: type, mode, owner, time, size, link target or digest,
/// attributes, and the first of the names that share the inode.
std::string describe_tree(const std::string& path);
/// The line of one file, without the name.
std::string describe_file(const std::string& path);

std::string read_all_of(const std::string& path);
std::string get_attribute(const std::string& path, const std::string& name);
std::string pack(const std::string& path, const PackOptions& options = {});
/// "name" for each entry, "name -> target" for links, in the order of the archive.
std::string list_entries(std::string_view tar);

}  // namespace coracle::archive
