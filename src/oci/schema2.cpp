// SPDX-License-Identifier: Apache-2.0
// Manifests and indexes share their head and the ways in which they can be mistaken for each other.
#include "coracle/base/error.hpp"
#include "coracle/oci/manifest.hpp"
#include "oci/documents_internal.hpp"

namespace coracle::oci {
namespace {

constexpr int k_schema_version = 2;

void check_schema_version(const ObjectReader& reader) {
  const auto version = reader.require_integer<std::int64_t>("schemaVersion");
  if (version == k_schema_version) return;
  if (version == 1) {
    throw Error(ErrorClass::not_implemented,
                "{}: docker image manifest schema 1 is not supported, push the image again with a "
                "current tool",
                reader.origin());
  }
  reader.fail("schemaVersion", "only version 2 is known");
}

void check_not_both(const ObjectReader& reader) {
  const bool has_manifests = reader.has("manifests");
  const bool has_layers = reader.has("layers") || reader.has("config");
  if (has_manifests && has_layers) {
    throw Error(ErrorClass::invalid_argument,
                "{}: the document is both a manifest and an index, which is not allowed",
                reader.origin());
  }
}

}  // namespace

std::shared_ptr<const Json> parse_schema2(std::string_view text, std::string_view origin) {
  if (text.size() > k_max_manifest_size) {
    throw Error(ErrorClass::invalid_argument, "{}: {} bytes are too many for a manifest", origin,
                text.size());
  }
  auto document = std::make_shared<const Json>(parse_json(text, origin));
  const ObjectReader reader(*document, origin);
  check_schema_version(reader);
  check_not_both(reader);
  return document;
}

std::string media_type_of(const ObjectReader& reader) {
  std::string declared = read_media_type(reader, "mediaType");
  if (!declared.empty()) return declared;
  if (reader.value().contains("manifests")) return std::string(k_oci_index);
  if (reader.value().contains("layers") || reader.has("config")) {
    return std::string(k_oci_manifest);
  }
  throw Error(ErrorClass::invalid_argument, "{}: neither an image manifest nor an index",
              reader.origin());
}

void write_schema2_head(ObjectWriter& writer, const std::string& media_type, bool was_read) {
  writer.set("schemaVersion", k_schema_version);
  const bool implied = media_type == k_oci_manifest || media_type == k_oci_index;
  if (was_read && implied && !writer.json().contains("mediaType")) return;
  writer.require_string("mediaType", media_type);
}

std::string detect_media_type(std::string_view text, std::string_view origin) {
  const auto document = parse_schema2(text, origin);
  std::string media_type = media_type_of(ObjectReader(*document, origin));
  if (!is_manifest(media_type) && !is_index(media_type)) {
    throw Error(ErrorClass::invalid_argument, "{}: '{}' is neither an image manifest nor an index",
                origin, media_type);
  }
  return media_type;
}

}  // namespace coracle::oci
