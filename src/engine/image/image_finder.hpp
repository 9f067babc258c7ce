// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coracle/oci/platform.hpp"
#include "engine/image/layer_transfer.hpp"
#include "engine/image/registry_access.hpp"

namespace coracle::engine {

struct FoundManifest {
  registry::Document document;
  std::string source;                     ///< "docker://HOST/PATH"; empty: it is here
  std::optional<oci::Platform> platform;  ///< of an image, none of an index
};

/// Finds manifests where they are, without bringing the images here.
class ImageFinder {
 public:
  ImageFinder(Context& context, const RegistryOptions& options,
              const linux::Cancellation& cancellation);

  /// An image that is here, or else in a registry.
  FoundManifest find(const std::string& name);
  /// The repository of a source that find() told.
  registry::Repository repository(const std::string& source);

 private:
  FoundManifest find_here(const store::ImageSummary& summary);
  FoundManifest find_in_registry(const std::string& name);

  Context& context_;
  const RegistryOptions& options_;
  config::Registries registries_;
  registry::RegistryClient client_;
};

}  // namespace coracle::engine
