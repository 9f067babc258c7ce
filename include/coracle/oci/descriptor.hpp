// SPDX-License-Identifier: Apache-2.0
// Content descriptors (image-spec descriptor.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/digest.hpp"
#include "coracle/base/json.hpp"
#include "coracle/oci/platform.hpp"

namespace coracle::oci {

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::int64_t size = 0;  ///< bytes, never negative
  std::vector<std::string> urls;
  std::map<std::string, std::string> annotations;
  std::string artifact_type;
  std::string data;                  ///< base64 of the content, when it is embedded
  std::optional<Platform> platform;  ///< in the entries of an index
  /// The members as they were read, known and unknown; serialising writes the unknown ones again.
  std::shared_ptr<const Json> raw;

  /// The annotation's value, or "" when it is missing.
  std::string_view annotation(std::string_view key) const;
};

/// Compares what is typed; `raw` is provenance, not content.
bool operator==(const Descriptor& left, const Descriptor& right);

}  // namespace coracle::oci
