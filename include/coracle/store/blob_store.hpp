// SPDX-License-Identifier: Apache-2.0
// The blobs of the OCI image layout: image/blobs/sha256/<hex>. A blob is complete or absent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/archive/stream.hpp"
#include "coracle/base/digest.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::store {

/// A blob in the making. Gone unless committed.
class BlobWriter final : public archive::ByteSink {
 public:
  explicit BlobWriter(std::string blobs);
  ~BlobWriter() override;
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  using ByteSink::write;
  void write(const void* data, std::size_t size) override;
  /// Puts the blob in its place under its digest.
  Digest commit();
  /// The same; throws Error invalid_argument naming both digests unless it is the expected one.
  void commit(const Digest& expected);
  std::uint64_t size() const noexcept { return size_; }

 private:
  void place(const Digest& digest);

  std::string blobs_;
  std::string temporary_;
  linux::Fd file_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
};

/// A blob that comes from far away: what has come of it stays for the next attempt, unless it is
/// committed or discarded. Only one process at a time has it.
class PartialBlob {
 public:
  /// How many bytes an earlier attempt left.
  std::uint64_t kept() const noexcept { return kept_; }
  /// These bytes; 0 at their end. To be read before anything is appended.
  std::size_t read_kept(void* data, std::size_t size);
  void append(const void* data, std::size_t size);
  /// Makes it a blob of the store.
  /// @throws Error invalid_argument naming both digests, and discards it, unless it is the expected
  ///         one
  void commit(const Digest& expected);
  /// Once, at the end: the same without keeping it.
  void verify(const Digest& expected);
  void discard() noexcept;

 private:
  friend class BlobStore;
  PartialBlob(linux::Fd file, std::string path, std::string blobs, std::uint64_t kept)
      : file_(std::move(file)), path_(std::move(path)), blobs_(std::move(blobs)), kept_(kept) {}

  linux::Fd file_;
  std::string path_;
  std::string blobs_;
  std::uint64_t kept_;
  Hasher hasher_;
};

class BlobStore {
 public:
  explicit BlobStore(std::string layout) : blobs_(std::move(layout) + "/blobs/sha256") {}

  bool has(const Digest& digest) const;
  /// @throws Error not_found naming the digest, as size() and read_text() do
  linux::Fd open(const Digest& digest) const;
  std::uint64_t size(const Digest& digest) const;
  /// A document, checked against its digest. Refuses one of more than `limit` bytes.
  std::string read_text(const Digest& digest, std::size_t limit) const;
  std::unique_ptr<BlobWriter> create() const;
  Digest add(std::string_view text) const;
  /// @param size  what has more bytes is thrown away
  /// @returns nothing while another one works on it
  std::optional<PartialBlob> try_open_partial(const Digest& digest, std::uint64_t size) const;
  /// How far somebody is who works on it.
  std::uint64_t partial_size(const Digest& digest) const;
  /// One that nobody else sees, for whom waiting for another one has no end. Nothing is kept of it.
  PartialBlob open_private_partial() const;
  void remove(const Digest& digest) const;
  std::vector<Digest> list() const;
  /// Whether the content has the digest that its name says.
  bool verify(const Digest& digest) const;
  std::string path(const Digest& digest) const;
  /// Temporary files of killed writers.
  void remove_leftovers() const;
  /// Partial blobs that nobody works on, but those of these digests.
  void remove_partials(const std::set<Digest>& kept) const;

 private:
  std::string partial_path(const Digest& digest) const;

  std::string blobs_;
};

}  // namespace coracle::store
