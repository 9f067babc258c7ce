// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "coracle/archive/stream.hpp"
#include "coracle/engine/context.hpp"
#include "coracle/oci/image_config.hpp"
#include "coracle/oci/platform.hpp"

namespace coracle::engine {

/// An image of one more layer than its base, or of one layer without a base.
struct NewImage {
  const store::Image* base = nullptr;
  oci::ContainerConfig config;
  oci::Platform platform;  ///< the base's when there is one
  std::string author;
  std::string comment;
  std::string created_by;
  std::vector<std::string> names;
  /// Writes the layer as a plain tar.
  std::function<void(archive::ByteSink&)> write_layer;
};

/// Stores layer, configuration, manifest and names; the caller holds ImageStore::adding() and is in
/// the engine's namespace. @returns the image's id
std::string make_image(Context& context, const NewImage& image);

}  // namespace coracle::engine
