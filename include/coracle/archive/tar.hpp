// SPDX-License-Identifier: Apache-2.0
// Tar files as containers of documents and blobs: docker-archive, oci-archive. For layers see
// unpack_layer.hpp and pack_layer.hpp.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "coracle/archive/stream.hpp"

namespace coracle::archive {

struct TarEntry {
  enum class Kind { file, directory, symlink, other };
  Kind kind = Kind::other;
  std::string name;         ///< without "./" and leading slashes
  std::string link_target;  ///< of a symlink, or the entry a hard link shares its content with
  std::uint64_t size = 0;
};

/// Walks a tar, plain or compressed, in one pass. `visit` may read the entry's data from the source
/// it is given; what it leaves is skipped. It returns false to stop.
void for_each_entry(ByteSource& tar,
                    const std::function<bool(const TarEntry&, ByteSource&)>& visit);

/// Writes a tar of files whose sizes are known beforehand; deterministic (root, time 0).
class TarWriter {
 public:
  explicit TarWriter(ByteSink& sink);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  void add_directory(const std::string& name);
  void add_file(const std::string& name, std::string_view content);
  void add_file(const std::string& name, std::uint64_t size, ByteSource& content);
  void add_symlink(const std::string& name, const std::string& target);
  /// Writes the end marks. Without it the archive is incomplete.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coracle::archive
