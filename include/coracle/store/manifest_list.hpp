// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "coracle/oci/index.hpp"

namespace coracle::store {

/// A multi-platform index in the making. Its members may be here, or in registries still.
struct ManifestList {
  std::string name;  ///< "localhost/app:latest"
  Digest digest;     ///< of the index as it is stored
  oci::Index index;
  /// Where members are that are not here: "docker://registry.example/app", by digest.
  std::map<std::string, std::string> sources;
};

}  // namespace coracle::store
