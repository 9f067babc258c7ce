// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/oci/reference.hpp"
#include "engine/image/destination.hpp"

namespace coracle::engine {
namespace {

/// Which repositories of a registry should have the blobs that are here, by the names of images.
using KnownPlaces = std::map<Digest, std::set<std::string>>;

KnownPlaces places_in(Context& context, const std::string& host, const std::string& but) {
  KnownPlaces places;
  for (const auto& image : context.images().list()) {
    std::set<std::string> repositories;
    for (const auto& name : image.names) {
      const auto reference = oci::parse_reference(name);
      if (reference.domain == host && reference.name() != but) {
        repositories.insert(reference.name());
      }
    }
    if (repositories.empty()) continue;
    try {
      for (const auto& layer : context.images().load(image).manifest.layers) {
        places[layer.digest].insert(repositories.begin(), repositories.end());
      }
    } catch (const Error& error) {
      log::debug("image {} helps nobody: {}", image.id, error.describe());
    }
  }
  return places;
}

class RegistryDestination final : public ImageDestination {
 public:
  RegistryDestination(Context& context, registry::Repository repository, std::string reference)
      : repository_(std::move(repository)),
        reference_(std::move(reference)),
        places_(places_in(context, oci::parse_reference(repository_.name()).domain,
                          repository_.name())) {}

  Presence find_blob(const oci::Descriptor& blob) override {
    if (repository_.has_blob(blob.digest)) return Presence::present;
    const auto places = places_.find(blob.digest);
    if (places == places_.end()) return Presence::absent;
    // One attempt: a registry that mounts nothing would be asked for each.
    return repository_.try_mount_blob(blob.digest, *places->second.begin()) ? Presence::mounted
                                                                            : Presence::absent;
  }

  Digest put_blob(registry::BlobContent& content) override {
    return repository_.put_blob(content);
  }

  void put_member(const registry::Document& manifest) override {
    repository_.put_manifest(manifest.digest.str(), manifest.media_type, manifest.text);
  }

  void put_manifest(const registry::Document& manifest) override {
    repository_.put_manifest(reference_, manifest.media_type, manifest.text);
  }

 private:
  registry::Repository repository_;
  std::string reference_;
  KnownPlaces places_;
};

}  // namespace

std::unique_ptr<ImageDestination> make_registry_destination(Context& context,
                                                            registry::Repository repository,
                                                            const std::string& reference) {
  return std::make_unique<RegistryDestination>(context, std::move(repository), reference);
}

}  // namespace coracle::engine
