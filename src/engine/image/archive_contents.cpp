// SPDX-License-Identifier: Apache-2.0
#include "engine/image/archive_contents.hpp"

#include "coracle/archive/tar.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::engine {
namespace {

constexpr int k_max_links = 8;
constexpr std::string_view k_layout_blobs = "blobs/sha256/";

/// Where a link of the file `from` leads to, by the names alone.
std::string resolve(const std::string& from, const std::string& target) {
  std::vector<std::string> parts;
  if (!target.starts_with('/')) parts = split(from, '/');
  if (!parts.empty()) parts.pop_back();
  for (const auto& part : split(target, '/')) {
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  return join(parts, "/");
}

}  // namespace

ArchiveContents::ArchiveContents(archive::ByteSource& source, const store::BlobStore& blobs) {
  archive::for_each_entry(source, [&](const archive::TarEntry& entry, archive::ByteSource& data) {
    if (entry.kind == archive::TarEntry::Kind::symlink) {
      links_[entry.name] = entry.link_target;
    } else if (entry.kind == archive::TarEntry::Kind::file) {
      add(entry.name, data, blobs);
    }
    return true;
  });
}

void ArchiveContents::add(const std::string& name, archive::ByteSource& data,
                          const store::BlobStore& blobs) {
  const auto writer = blobs.create();
  archive::copy(data, *writer);
  // A layout's blobs must be what their names say.
  if (name.starts_with(k_layout_blobs) && name.size() == k_layout_blobs.size() + k_id_length) {
    const Digest expected = Digest::sha256_from_hex(name.substr(k_layout_blobs.size()));
    writer->commit(expected);
    blobs_[name] = expected;
  } else {
    blobs_[name] = writer->commit();
  }
}

const Digest& ArchiveContents::find(std::string name) const {
  for (int links = 0; links < k_max_links; ++links) {
    const auto link = links_.find(name);
    if (link == links_.end()) break;
    name = resolve(name, link->second);
  }
  const auto blob = blobs_.find(name);
  if (blob == blobs_.end()) {
    throw Error(ErrorClass::invalid_argument, "the archive lacks '{}'", name);
  }
  return blob->second;
}

}  // namespace coracle::engine
