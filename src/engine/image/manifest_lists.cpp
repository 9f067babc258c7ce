// SPDX-License-Identifier: Apache-2.0
#include "coracle/engine/manifest_lists.hpp"

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/oci/reference.hpp"
#include "engine/image/image_finder.hpp"
#include "engine/image/location.hpp"
#include "engine/image/receive.hpp"
#include "engine/request/options.hpp"

namespace coracle::engine {
namespace {

void apply_options(const ListEntryOptions& options, oci::Descriptor& entry) {
  oci::Platform platform = entry.platform.value_or(oci::Platform());
  const auto set = [](std::string& target, const std::string& value) {
    if (!value.empty()) target = value;
  };
  set(platform.architecture, options.architecture);
  set(platform.os, options.os);
  set(platform.variant, options.variant);
  set(platform.os_version, options.os_version);
  if (!options.os_features.empty()) platform.os_features = options.os_features;
  entry.platform = std::move(platform);
  for (auto& [key, value] : parse_key_values(options.annotations, "annotation")) {
    entry.annotations[key] = value;
  }
}

void put_entry(store::ManifestList& list, oci::Descriptor entry, const std::string& source) {
  std::erase_if(list.index.manifests,
                [&](const oci::Descriptor& known) { return known.digest == entry.digest; });
  if (source.empty()) {
    list.sources.erase(entry.digest.str());
  } else {
    list.sources[entry.digest.str()] = source;
  }
  list.index.manifests.push_back(std::move(entry));
}

oci::Descriptor entry_of(const FoundManifest& found) {
  oci::Descriptor entry;
  entry.media_type = found.document.media_type;
  entry.digest = found.document.digest;
  entry.size = static_cast<std::int64_t>(found.document.text.size());
  entry.platform = found.platform;
  return entry;
}

/// What the list gets: the image itself, or of an index the entries that are wanted.
std::vector<oci::Descriptor> entries_of(const FoundManifest& found, const ListAddRequest& request) {
  const ListEntryOptions& options = request.entry;
  if (!oci::is_index(found.document.media_type)) {
    oci::Descriptor entry = entry_of(found);
    apply_options(options, entry);
    return {entry};
  }
  const auto index = oci::parse_index(found.document.text, "index of '" + request.image + "'");
  std::vector<oci::Descriptor> entries = index.manifests;
  if (!request.all) {
    oci::Platform wanted = oci::host_platform();
    if (!options.os.empty()) wanted.os = options.os;
    if (!options.architecture.empty()) wanted = {wanted.os, options.architecture, "", {}, {}};
    if (!options.variant.empty()) wanted.variant = options.variant;
    entries = {choose_platform(index, oci::to_string(wanted))};
  }
  for (auto& entry : entries) {
    entry.raw = nullptr;
    apply_options(request.all ? ListEntryOptions{.annotations = options.annotations} : options,
                  entry);
  }
  return entries;
}

/// A digest, or that of an image that is here.
std::string entry_digest(Context& context, const std::string& image) {
  if (image.starts_with("sha256:")) return image;
  const auto summary = context.images().try_find(image);
  return summary ? summary->manifest.str() : image;
}

oci::Descriptor& find_entry(store::ManifestList& list, const std::string& digest) {
  const auto entry = std::ranges::find_if(list.index.manifests, [&](const oci::Descriptor& known) {
    return known.digest.str() == digest;
  });
  if (entry == list.index.manifests.end()) {
    throw Error(ErrorClass::not_found, "no image '{}' in manifest list '{}'", digest, list.name);
  }
  return *entry;
}

}  // namespace

Digest create_list(Context& context, const std::string& name, bool amend) {
  const std::string full = store::local_image_name(name);
  if (amend) {
    if (const auto known = context.images().try_find_list(full)) return known->digest;
  }
  store::ManifestList list;
  list.name = full;
  list.index.media_type = std::string(oci::k_oci_index);
  return context.images().add_list(list);
}

Digest add_to_list(Context& context, const ListAddRequest& request,
                   const linux::Cancellation& cancellation) {
  (void)context.images().find_list(request.list);
  ImageFinder finder(context, request.registry, cancellation);
  const FoundManifest found = finder.find(request.image);
  const std::vector<oci::Descriptor> entries = entries_of(found, request);
  return context.images().update_list(request.list, [&](store::ManifestList& list) {
    for (const auto& entry : entries) put_entry(list, entry, found.source);
  });
}

Digest annotate_list(Context& context, const std::string& name, const std::string& image,
                     const ListEntryOptions& options) {
  const std::string digest = entry_digest(context, image);
  return context.images().update_list(name, [&](store::ManifestList& list) {
    oci::Descriptor& entry = find_entry(list, digest);
    entry.raw = nullptr;
    apply_options(options, entry);
  });
}

Digest remove_from_list(Context& context, const std::string& name, const std::string& image) {
  const std::string wanted = entry_digest(context, image);
  return context.images().update_list(name, [&](store::ManifestList& list) {
    const Digest digest = find_entry(list, wanted).digest;
    std::erase_if(list.index.manifests,
                  [&](const oci::Descriptor& entry) { return entry.digest == digest; });
    list.sources.erase(digest.str());
  });
}

store::ManifestList remove_list(Context& context, const std::string& name) {
  auto list = context.images().find_list(name);
  context.images().remove_list(list.name);
  context.enter_namespace();
  context.images().collect_garbage();
  return list;
}

std::string inspect_list(Context& context, const std::string& name, const RegistryOptions& registry,
                         const linux::Cancellation& cancellation) {
  if (const auto list = context.images().try_find_list(name)) {
    return oci::serialize(list->index);
  }
  return ImageFinder(context, registry, cancellation).find(name).document.text;
}

}  // namespace coracle::engine
