// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "coracle/archive/stream.hpp"
#include "coracle/store/blob_store.hpp"

namespace coracle::engine {

/// What a docker-archive or oci-archive holds: its files, which become blobs of the store while it
/// is read, in one pass.
class ArchiveContents {
 public:
  /// @throws Error invalid_argument for a damaged archive, or a blob that is not what its name says
  ArchiveContents(archive::ByteSource& source, const store::BlobStore& blobs);

  bool has(const std::string& name) const { return blobs_.contains(name); }
  /// The blob of a file, links followed.
  /// @throws Error invalid_argument when the archive lacks it
  const Digest& find(std::string name) const;

 private:
  void add(const std::string& name, archive::ByteSource& data, const store::BlobStore& blobs);

  std::map<std::string, Digest> blobs_;
  std::map<std::string, std::string> links_;  ///< symbolic links, as docker makes for layers
};

}  // namespace coracle::engine
