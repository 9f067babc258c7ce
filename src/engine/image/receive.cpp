// SPDX-License-Identifier: Apache-2.0
#include "engine/image/receive.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"

namespace coracle::engine {
namespace {

oci::Platform wanted_platform(const std::string& platform) {
  return platform.empty() ? oci::host_platform() : oci::parse_platform(platform);
}

/// The configuration is small: it is fetched whole, and verified before anything is made of it.
void take_config(const store::BlobStore& blobs, const oci::Descriptor& config,
                 const BlobOrigin* origin, TransferObserver& observer) {
  const auto item =
      observer.begin("config", config.digest, static_cast<std::uint64_t>(config.size));
  if (blobs.has(config.digest) || origin == nullptr) {
    observer.end(item, TransferObserver::Outcome::exists);
    return;
  }
  in_context("blob " + config.digest.str(), [&] {
    const auto source = origin->open(config, 0);
    const auto writer = blobs.create();
    writer->write(archive::read_text(*source, oci::k_max_image_config_size));
    writer->commit(config.digest);
  });
  observer.end(item, TransferObserver::Outcome::done);
}

void require_platform(const oci::ImageConfig& config, const std::string& platform) {
  const oci::Platform wanted = wanted_platform(platform);
  const oci::Platform offered = oci::platform_of(config);
  if (oci::matches(wanted, offered)) return;
  if (offered.os != wanted.os) {
    throw Error(ErrorClass::not_found, "no image for platform {}, only for {}",
                oci::to_string(wanted), oci::to_string(offered));
  }
  log::warn("image platform ({}) does not match the expected platform ({})",
            oci::to_string(offered), oci::to_string(wanted));
}

/// Only a connection may be better next time; not a full disk, nor what the user has stopped.
bool may_go_on_later(const Error& error) {
  return error.error_class() == ErrorClass::unavailable &&
         dynamic_cast<const SysError*>(&error) == nullptr &&
         dynamic_cast<const linux::Interrupted*>(&error) == nullptr;
}

}  // namespace

const oci::Descriptor& choose_platform(const oci::Index& index, const std::string& platform) {
  const oci::Platform wanted = wanted_platform(platform);
  const auto* chosen = oci::select_platform(index, wanted);
  if (chosen != nullptr) return *chosen;
  throw Error(ErrorClass::not_found,
              "no image found in image index for architecture \"{}\", variant \"{}\", OS \"{}\"",
              wanted.architecture, wanted.variant, wanted.os);
}

void choose_from_index(IncomingImage& image,
                       const std::function<std::string(const Digest&)>& fetch) {
  if (!oci::is_index(oci::detect_media_type(image.manifest, "manifest"))) return;
  image.index = std::move(image.manifest);
  const auto index = oci::parse_index(image.index, "index");
  image.digest = choose_platform(index, image.platform).digest;
  image.manifest = fetch(image.digest);
}

std::string receive_image(ImageAddition& addition, const IncomingImage& image,
                          const BlobOrigin* origin, TransferObserver& observer,
                          const linux::Cancellation& cancellation) {
  auto& images = addition.context().images();
  const auto& blobs = images.blobs();
  const auto manifest = oci::parse_manifest(image.manifest, "manifest");
  if (!manifest.is_image()) {
    throw Error(
        ErrorClass::invalid_argument, "this is no image, but an artifact of type '{}'",
        manifest.artifact_type.empty() ? manifest.config.media_type : manifest.artifact_type);
  }
  take_config(blobs, manifest.config, origin, observer);
  const auto config = oci::parse_image_config(
      blobs.read_text(manifest.config.digest, oci::k_max_image_config_size), "configuration");
  require_platform(config, image.platform);
  (void)blobs.add(image.manifest);
  const Digest index = image.index.empty() ? Digest() : blobs.add(image.index);
  // What is here already comes no faster the next time.
  if (origin != nullptr) images.expect(image.digest);
  try {
    take_layers(addition, manifest, config, origin, observer, cancellation);
    observer.say("Writing manifest to image destination");
    std::string id = images.add(image.digest, image.names, index).id;
    images.stop_expecting(image.digest);
    return id;
  } catch (const Error& error) {
    if (!may_go_on_later(error)) images.stop_expecting(image.digest);
    throw;
  }
}

}  // namespace coracle::engine
