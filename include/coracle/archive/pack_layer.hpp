// SPDX-License-Identifier: Apache-2.0
// Directories into layers: the upper directory of an overlay becomes the tar of what changed, a whole
// root file system the tar of everything.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/archive/stream.hpp"

namespace coracle::archive {

struct PackOptions {
  /// Whiteouts and opaque directories of overlayfs become ".wh." entries; without it `directory` is a
  /// plain tree.
  bool overlay_upper = true;
  /// Paths ("etc/hosts") that are left out with all below them.
  std::function<bool(std::string_view path)> excluded;
};

/// Writes the tree below `directory` as a pax tar: sorted, with nanoseconds, hard links and extended
/// attributes; sockets are left out. Finishes the archive, not the sink.
void pack_layer(int directory, ByteSink& sink, const PackOptions& options = {});

enum class ChangeKind { modified, added, deleted };

struct Change {
  ChangeKind kind;
  std::string path;  ///< "/etc/hosts"
  bool operator==(const Change&) const = default;
};

/// What an overlay's upper directory changes, sorted by path.
/// @param below   the lower directories, topmost first
std::vector<Change> list_changes(const std::string& upper, const std::vector<std::string>& below,
                                 const std::function<bool(std::string_view path)>& excluded);

/// Opens what is at `path` in layers that lie on each other, topmost first, seen as overlayfs would
/// show them. Symbolic links are resolved within one layer. Invalid if it is not there.
/// @param flags  as open(2)'s
linux::Fd open_in_layers(const std::vector<std::string>& layers, const std::string& path, int flags);

}  // namespace coracle::archive
