// SPDX-License-Identifier: Apache-2.0
// The blobs of the OCI image layout: image/blobs/sha256/<hex>. A blob is complete or absent.
#pragma once

#include <memory>
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
  void remove(const Digest& digest) const;
  std::vector<Digest> list() const;
  /// Whether the content has the digest that its name says.
  bool verify(const Digest& digest) const;
  std::string path(const Digest& digest) const;
  /// Temporary files of killed writers.
  void remove_leftovers() const;

 private:
  std::string blobs_;
};

}  // namespace coracle::store
