// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/blob_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/strings.hpp"
#include "store/staging_internal.hpp"

namespace coracle::store {
namespace {

constexpr std::string_view k_temporary_prefix = ".new-";

void require_sha256(const Digest& digest) {
  if (digest.algorithm() != "sha256") {
    throw Error(ErrorClass::not_implemented, "blobs with digest '{}' are not supported",
                digest.str());
  }
}

[[noreturn]] void throw_missing(const Digest& digest) {
  throw Error(ErrorClass::not_found, "blob {} is not in the store", digest.str());
}

}  // namespace

BlobWriter::BlobWriter(std::string blobs) : blobs_(std::move(blobs)) {
  linux::ensure_directory(blobs_, 0755);
  do {
    temporary_ = blobs_ + "/" + std::string(k_temporary_prefix) + random_hex(8);
    file_ = linux::open_file(temporary_, O_RDWR | O_CREAT | O_EXCL, 0644);
  } while (!try_claim(file_.get(), temporary_));
}

BlobWriter::~BlobWriter() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void BlobWriter::write(const void* data, std::size_t size) {
  hasher_.update(data, size);
  size_ += size;
  linux::write_all(file_.get(), std::string_view(static_cast<const char*>(data), size), temporary_);
}

void BlobWriter::place(const Digest& digest) {
  linux::rename_path(temporary_, blobs_ + "/" + std::string(digest.hex()));
  temporary_.clear();
}

Digest BlobWriter::commit() {
  Digest digest = hasher_.finish();
  place(digest);
  return digest;
}

void BlobWriter::commit(const Digest& expected) {
  require_sha256(expected);
  const Digest digest = hasher_.finish();
  if (digest != expected) {
    throw Error(ErrorClass::invalid_argument, "blob {} is damaged: its content has the digest {}",
                expected.str(), digest.str());
  }
  place(digest);
}

std::string BlobStore::path(const Digest& digest) const {
  require_sha256(digest);
  return blobs_ + "/" + std::string(digest.hex());
}

bool BlobStore::has(const Digest& digest) const {
  return linux::exists(path(digest));
}

linux::Fd BlobStore::open(const Digest& digest) const {
  linux::Fd file = linux::open_if_exists(path(digest), O_RDONLY);
  if (!file) throw_missing(digest);
  return file;
}

std::uint64_t BlobStore::size(const Digest& digest) const {
  const auto info = linux::stat_if_exists(path(digest));
  if (!info) throw_missing(digest);
  return static_cast<std::uint64_t>(info->st_size);
}

std::string BlobStore::read_text(const Digest& digest, std::size_t limit) const {
  std::string text = linux::read_all(open(digest).get(), limit);
  if (sha256_of(text) != digest) {
    Error error(ErrorClass::internal, "blob {} in the store is damaged", digest.str());
    error.set_hint("run 'coracle system check --repair', then load or pull the image again");
    throw error;
  }
  return text;
}

std::unique_ptr<BlobWriter> BlobStore::create() const {
  return std::make_unique<BlobWriter>(blobs_);
}

Digest BlobStore::add(std::string_view text) const {
  const auto writer = create();
  writer->write(text);
  return writer->commit();
}

void BlobStore::remove(const Digest& digest) const {
  linux::remove_file(path(digest));
}

std::vector<Digest> BlobStore::list() const {
  std::vector<Digest> digests;
  for (const auto& name : linux::list_directory(blobs_)) {
    if (name.size() == k_id_length && is_hex(name))
      digests.push_back(Digest::sha256_from_hex(name));
  }
  return digests;
}

bool BlobStore::verify(const Digest& digest) const {
  const linux::Fd file = open(digest);
  archive::FdSource source(file.get());
  return archive::HashingSource(source).finish() == digest;
}

void BlobStore::remove_leftovers() const {
  for (const auto& name : linux::list_directory(blobs_)) {
    if (name.starts_with(k_temporary_prefix)) remove_if_abandoned(blobs_ + "/" + name);
  }
}

}  // namespace coracle::store
