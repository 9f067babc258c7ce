// SPDX-License-Identifier: Apache-2.0
#include "engine/image/make.hpp"

#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/time.hpp"
#include "coracle/oci/annotations.hpp"

namespace coracle::engine {
namespace {

// Layers made here are stored with zstd's fastest setting: a tenth of gzip's time, and smaller.
constexpr int k_zstd_level = 1;

struct StoredLayer {
  oci::Descriptor descriptor;
  Digest diff_id;
};

StoredLayer store_layer(Context& context, const NewImage& image) {
  const auto& blobs = context.images().blobs();
  const auto writer = blobs.create();
  const auto compressor = archive::make_zstd_compressor(k_zstd_level, *writer);
  archive::HashingSink plain(*compressor);
  image.write_layer(plain);
  plain.finish();
  StoredLayer layer;
  layer.diff_id = plain.digest();
  layer.descriptor.media_type = std::string(oci::k_oci_layer_zstd);
  layer.descriptor.size = static_cast<std::int64_t>(writer->size());
  layer.descriptor.digest = writer->commit();
  layer.descriptor.annotations[std::string(oci::k_annotation_provisional)] = "true";
  return layer;
}

}  // namespace

std::string make_image(ImageAddition& addition, const NewImage& image) {
  Context& context = addition.context();
  const StoredLayer layer = store_layer(context, image);
  addition.unpack(layer.descriptor.digest, layer.diff_id,
                  image.base != nullptr ? image.base->config.diff_ids : std::vector<Digest>{});
  oci::ImageConfig config;
  oci::Manifest manifest;
  if (image.base != nullptr) {
    config = image.base->config;
    config.raw = nullptr;
    manifest.layers = image.base->manifest.layers;
  } else {
    config.os = image.platform.os;
    config.architecture = image.platform.architecture;
    config.variant = image.platform.variant;
  }
  config.created = format_rfc3339(now());
  config.author = image.author;
  config.config = image.config;
  config.diff_ids.push_back(layer.diff_id);
  config.history.push_back({config.created, image.created_by, image.author, image.comment, false});
  const std::string config_text = oci::serialize(config);
  manifest.media_type = std::string(oci::k_oci_manifest);
  manifest.config.media_type = std::string(oci::k_oci_config);
  manifest.config.digest = context.images().blobs().add(config_text);
  manifest.config.size = static_cast<std::int64_t>(config_text.size());
  manifest.layers.push_back(layer.descriptor);
  const Digest digest = context.images().blobs().add(oci::serialize(manifest));
  return context.images().add(digest, image.names).id;
}

}  // namespace coracle::engine
