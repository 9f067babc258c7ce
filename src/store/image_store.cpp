// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/image_store.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/oci/annotations.hpp"
#include "coracle/oci/index.hpp"
#include "coracle/oci/reference.hpp"

namespace coracle::store {
namespace {

constexpr const char* k_annotation_id = "io.coracle.image.id";
constexpr const char* k_annotation_size = "io.coracle.image.size";

}  // namespace

struct ImageStore::Entry {
  oci::Descriptor descriptor;

  std::string name() const { return std::string(descriptor.annotation(oci::k_annotation_ref_name)); }
  std::string id() const { return std::string(descriptor.annotation(k_annotation_id)); }
};

ImageStore::ImageStore(const std::string& root)
    : layout_(root + "/image"), blobs_(layout_), layers_(root) {}

linux::FileLock ImageStore::lock_index() const {
  linux::ensure_directory(layout_, 0755);
  return linux::FileLock::acquire(layout_ + "/.index.lock", linux::FileLock::Mode::exclusive);
}

linux::FileLock ImageStore::adding() const {
  linux::ensure_directory(layout_, 0755);
  return linux::FileLock::acquire(layout_ + "/.adding.lock", linux::FileLock::Mode::shared);
}

std::vector<ImageStore::Entry> ImageStore::read_index() const {
  const std::string path = layout_ + "/index.json";
  const auto text = linux::read_file_if_exists(path);
  std::vector<Entry> entries;
  if (!text) return entries;
  for (auto& descriptor : oci::parse_index(*text, path).manifests) {
    entries.push_back({std::move(descriptor)});
  }
  return entries;
}

void ImageStore::write_index(const std::vector<Entry>& entries) const {
  oci::Index index;
  index.media_type = std::string(oci::k_oci_index);
  for (const auto& entry : entries) index.manifests.push_back(entry.descriptor);
  const std::string marker = layout_ + "/oci-layout";
  if (!linux::exists(marker)) {
    linux::write_file_atomic(marker, oci::image_layout_text(), linux::Durability::power_loss, 0644);
  }
  linux::write_file_atomic(layout_ + "/index.json", oci::serialize(index),
                           linux::Durability::power_loss, 0644);
}

std::vector<ImageSummary> ImageStore::list() const {
  std::map<std::string, ImageSummary> images;
  for (const auto& entry : read_index()) {
    ImageSummary& image = images[entry.id()];
    image.id = entry.id();
    image.manifest = entry.descriptor.digest;
    image.created = std::string(entry.descriptor.annotation(oci::k_annotation_created));
    image.size = static_cast<std::uint64_t>(
        parse_int(entry.descriptor.annotation(k_annotation_size)).value_or(0));
    if (auto name = entry.name(); !name.empty()) image.names.push_back(std::move(name));
  }
  std::vector<ImageSummary> list;
  for (auto& [id, image] : images) {
    std::ranges::sort(image.names);
    list.push_back(std::move(image));
  }
  std::ranges::stable_sort(list, std::greater{}, &ImageSummary::created);
  return list;
}

namespace {

/// The full names that a short one may stand for, in podman's order.
std::vector<std::string> candidates_for(std::string_view name) {
  std::vector<std::string> candidates;
  try {
    using oci::ShortNames;
    for (const auto kind : {ShortNames::localhost, ShortNames::docker}) {
      auto reference = oci::parse_normalized(name, kind);
      if (reference.has_digest()) reference.tag.clear();
      candidates.push_back(reference.with_default_tag().str());
    }
  } catch (const Error&) {
    // Not a reference; perhaps an id.
  }
  return candidates;
}

}  // namespace

std::optional<ImageSummary> ImageStore::try_find(std::string_view name) const {
  const auto images = list();
  for (const auto& candidate : candidates_for(name)) {
    const auto at = candidate.find('@');
    for (const auto& image : images) {
      if (std::ranges::find(image.names, candidate) != image.names.end()) return image;
      const bool same_digest = at != std::string::npos && image.manifest.str() == candidate.substr(at + 1);
      const bool same_repository = std::ranges::any_of(image.names, [&](const std::string& tagged) {
        return tagged.starts_with(candidate.substr(0, at) + ":");
      });
      if (same_digest && same_repository) return image;
    }
  }
  std::string_view digits = name;
  if (digits.starts_with("sha256:")) digits.remove_prefix(7);
  if (!is_hex(digits)) return std::nullopt;
  std::optional<ImageSummary> found;
  for (const auto& image : images) {
    if (!image.id.starts_with(digits) && image.manifest.hex() != digits) continue;
    if (found) {
      throw Error(ErrorClass::conflict, "image id '{}' is ambiguous", name);
    }
    found = image;
  }
  return found;
}

ImageSummary ImageStore::find(std::string_view name) const {
  auto image = try_find(name);
  if (!image) throw Error(ErrorClass::not_found, "{}: image not known", name);
  return *std::move(image);
}

Image ImageStore::load(const ImageSummary& summary) const {
  return in_context("reading image '" + summary.id.substr(0, 12) + "'", [&] {
    Image image;
    image.summary = summary;
    image.manifest = oci::parse_manifest(
        blobs_.read_text(summary.manifest, oci::k_max_manifest_size), "manifest");
    image.config = oci::parse_image_config(
        blobs_.read_text(image.manifest.config.digest, oci::k_max_image_config_size), "configuration");
    return image;
  });
}

ImageSummary ImageStore::add(const Digest& manifest_digest, const std::vector<std::string>& names) {
  ImageSummary summary;
  summary.manifest = manifest_digest;
  summary.names = names;
  const std::string text = blobs_.read_text(manifest_digest, oci::k_max_manifest_size);
  const oci::Manifest manifest = oci::parse_manifest(text, "manifest");
  const Image image = load(summary);
  summary.id = std::string(manifest.config.digest.hex());
  summary.created = image.config.created;
  for (const auto& diff_id : image.config.diff_ids) summary.size += layers_.load(diff_id).size;

  oci::Descriptor descriptor;
  descriptor.media_type = manifest.media_type;
  descriptor.digest = manifest_digest;
  descriptor.size = static_cast<std::int64_t>(text.size());
  descriptor.annotations[k_annotation_id] = summary.id;
  descriptor.annotations[k_annotation_size] = std::to_string(summary.size);
  descriptor.annotations[std::string(oci::k_annotation_created)] = summary.created;

  const auto lock = lock_index();
  auto entries = read_index();
  // The image may be there under another manifest (compressed differently): this one counts now.
  std::vector<std::string> kept = names;
  for (const auto& entry : entries) {
    if (entry.id() == summary.id && !entry.name().empty()) kept.push_back(entry.name());
  }
  std::erase_if(entries, [&](const Entry& entry) {
    return entry.id() == summary.id || std::ranges::find(names, entry.name()) != names.end();
  });
  // An image that lost its last name stays, without one.
  for (const auto& old : read_index()) {
    const bool lost = old.id() != summary.id && !old.name().empty() &&
                      std::ranges::none_of(entries, [&](const Entry& e) { return e.id() == old.id(); });
    if (!lost) continue;
    Entry nameless = old;
    nameless.descriptor.raw = nullptr;
    nameless.descriptor.annotations.erase(std::string(oci::k_annotation_ref_name));
    entries.push_back(std::move(nameless));
  }
  std::ranges::sort(kept);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  if (kept.empty()) entries.push_back({descriptor});
  for (const auto& name : kept) {
    descriptor.annotations[std::string(oci::k_annotation_ref_name)] = name;
    entries.push_back({descriptor});
  }
  write_index(entries);
  summary.names = kept;
  return summary;
}

void ImageStore::tag(const ImageSummary& image, const std::vector<std::string>& names) {
  add(image.manifest, names);
}

void ImageStore::untag(const ImageSummary& image, const std::vector<std::string>& names) {
  const auto lock = lock_index();
  auto entries = read_index();
  std::optional<Entry> last;
  std::erase_if(entries, [&](const Entry& entry) {
    const bool named = entry.id() == image.id && std::ranges::find(names, entry.name()) != names.end();
    if (named) last = entry;
    return named;
  });
  if (!last) return;
  const bool others = std::ranges::any_of(entries, [&](const Entry& e) { return e.id() == image.id; });
  if (!others) {
    last->descriptor.raw = nullptr;
    last->descriptor.annotations.erase(std::string(oci::k_annotation_ref_name));
    entries.push_back(*last);
  }
  write_index(entries);
}

void ImageStore::forget(const ImageSummary& image) {
  const auto lock = lock_index();
  auto entries = read_index();
  std::erase_if(entries, [&](const Entry& entry) { return entry.id() == image.id; });
  write_index(entries);
}

void ImageStore::remove(const ImageSummary& image, const std::vector<std::string>& layers_in_use) {
  forget(image);
  collect_garbage(layers_in_use);
}

void ImageStore::collect_garbage(const std::vector<std::string>& layers_in_use) {
  if (!linux::exists(layout_)) return;
  // While somebody adds an image its blobs have no image yet: the garbage then waits for the next.
  const auto alone = linux::FileLock::try_acquire(layout_ + "/.adding.lock",
                                                  linux::FileLock::Mode::exclusive);
  if (!alone) return;
  const auto lock = lock_index();
  collect_garbage_unlocked(layers_in_use);
}

void ImageStore::collect_garbage_unlocked(const std::vector<std::string>& layers_in_use) {
  std::set<Digest> blobs;
  std::set<Digest> layers;
  for (const auto& diff_id : layers_in_use) layers.insert(Digest::parse(diff_id));
  for (const auto& summary : list()) {
    const Image image = load(summary);
    blobs.insert(summary.manifest);
    blobs.insert(image.manifest.config.digest);
    for (const auto& layer : image.manifest.layers) blobs.insert(layer.digest);
    layers.insert(image.config.diff_ids.begin(), image.config.diff_ids.end());
  }
  for (const auto& digest : blobs_.list()) {
    if (!blobs.contains(digest)) blobs_.remove(digest);
  }
  for (const auto& diff_id : layers_.list()) {
    if (!layers.contains(diff_id)) layers_.remove(diff_id);
  }
  blobs_.remove_leftovers();
  layers_.remove_leftovers();
}

std::string local_image_name(std::string_view name) {
  const auto reference = oci::parse_normalized(name, oci::ShortNames::localhost);
  if (reference.has_digest()) {
    throw Error(ErrorClass::invalid_argument, "a digest cannot be given as a name: '{}'", name);
  }
  return reference.with_default_tag().str();
}

}  // namespace coracle::store
