// SPDX-License-Identifier: Apache-2.0
// What manifests, indexes and configurations have in common.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "coracle/oci/descriptor.hpp"
#include "oci/object_writer_internal.hpp"

namespace coracle::oci {

/// @param raw  the descriptor's object, which `reader` reads
Descriptor read_descriptor(const ObjectReader& reader, std::shared_ptr<const Json> raw);
/// The descriptor under `key` of the object that `parent` reads and holds.
Descriptor require_descriptor(const ObjectReader& reader, const std::shared_ptr<const Json>& parent,
                              std::string_view key);
std::optional<Descriptor> optional_descriptor(const ObjectReader& reader,
                                              const std::shared_ptr<const Json>& parent,
                                              std::string_view key);
/// The array of descriptors under `key`, which must be there; null is an empty one.
/// @throws Error invalid_argument also when the sizes together exceed a 64 bit number
std::vector<Descriptor> require_descriptors(const ObjectReader& reader,
                                            const std::shared_ptr<const Json>& parent,
                                            std::string_view key);
Json write_descriptor(const Descriptor& descriptor);
Json write_descriptors(const std::vector<Descriptor>& descriptors);
void write_subject(ObjectWriter& writer, const std::optional<Descriptor>& subject);

Platform read_platform(const ObjectReader& reader);
Json write_platform(const Platform& platform);

Digest read_digest(const ObjectReader& reader, std::string_view key);
/// A string that is a media type by RFC 6838, or is missing.
std::string read_media_type(const ObjectReader& reader, std::string_view key);

/// Parses a manifest or an index into a shared value and checks what both have in common: the size
/// of the text, that it is an object, `schemaVersion`, and that it does not claim to be both
/// (CVE-2021-41190: such a document means different things to different readers).
std::shared_ptr<const Json> parse_schema2(std::string_view text, std::string_view origin);
/// The media type such a document declares or has by its shape.
std::string media_type_of(const ObjectReader& reader);
/// Writes `schemaVersion` and `mediaType`, which OCI documents that were read may do without.
void write_schema2_head(ObjectWriter& writer, const std::string& media_type, bool was_read);

}  // namespace coracle::oci
