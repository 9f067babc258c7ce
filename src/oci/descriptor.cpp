// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/descriptor.hpp"

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "oci/documents_internal.hpp"

namespace coracle::oci {
namespace {

bool is_restricted_name(std::string_view text) {
  constexpr std::string_view k_marks = "!#$&^_.+-";
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= 127 && is_word(text.front()) &&
         std::ranges::all_of(
             text, [&](char c) { return is_word(c) || k_marks.find(c) != std::string_view::npos; });
}

bool is_media_type(std::string_view text) {
  const auto parts = split_once(text, '/');
  return parts && is_restricted_name(parts->first) && is_restricted_name(parts->second);
}

Descriptor element(const ObjectReader& reader, const std::shared_ptr<const Json>& parent) {
  return read_descriptor(reader, {parent, &reader.value()});
}

Json string_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace

std::string_view Descriptor::annotation(std::string_view key) const {
  const auto entry = annotations.find(std::string(key));
  return entry == annotations.end() ? std::string_view{} : std::string_view(entry->second);
}

bool operator==(const Descriptor& left, const Descriptor& right) {
  return left.media_type == right.media_type && left.digest == right.digest &&
         left.size == right.size && left.urls == right.urls &&
         left.annotations == right.annotations && left.artifact_type == right.artifact_type &&
         left.data == right.data && left.platform == right.platform;
}

std::string read_media_type(const ObjectReader& reader, std::string_view key) {
  std::string text = reader.string(key);
  if (!text.empty() && !is_media_type(text)) reader.fail(key, "malformed media type");
  return text;
}

Digest read_digest(const ObjectReader& reader, std::string_view key) {
  const std::string text = reader.require_string(key);
  try {
    return Digest::parse(text);
  } catch (const Error&) {
    reader.fail(key, "malformed digest, expected sha256:… or sha512:…");
  }
}

Platform read_platform(const ObjectReader& reader) {
  Platform platform;
  platform.os = reader.string("os");
  platform.architecture = reader.string("architecture");
  platform.variant = reader.string("variant");
  platform.os_version = reader.string("os.version");
  platform.os_features = reader.strings("os.features");
  return platform;
}

Json write_platform(const Platform& platform) {
  Json object = Json::object();
  object["architecture"] = platform.architecture;
  object["os"] = platform.os;
  json::set_if(object, "os.version", platform.os_version);
  json::set_if(object, "os.features", platform.os_features);
  json::set_if(object, "variant", platform.variant);
  return object;
}

Descriptor read_descriptor(const ObjectReader& reader, std::shared_ptr<const Json> raw) {
  Descriptor descriptor;
  descriptor.media_type = read_media_type(reader, "mediaType");
  if (descriptor.media_type.empty()) reader.fail_missing("mediaType");
  descriptor.digest = read_digest(reader, "digest");
  descriptor.size = reader.require_integer<std::int64_t>("size");
  if (descriptor.size < 0) reader.fail("size", "must not be negative");
  descriptor.urls = reader.strings("urls");
  descriptor.annotations = reader.string_map("annotations");
  descriptor.artifact_type = read_media_type(reader, "artifactType");
  descriptor.data = reader.string("data");
  descriptor.platform = reader.optional_object("platform", read_platform);
  descriptor.raw = std::move(raw);
  return descriptor;
}

Descriptor require_descriptor(const ObjectReader& reader, const std::shared_ptr<const Json>& parent,
                              std::string_view key) {
  auto descriptor = optional_descriptor(reader, parent, key);
  if (!descriptor) reader.fail_missing(key);
  return *std::move(descriptor);
}

std::optional<Descriptor> optional_descriptor(const ObjectReader& reader,
                                              const std::shared_ptr<const Json>& parent,
                                              std::string_view key) {
  return reader.optional_object(
      key, [&](const ObjectReader& object) { return element(object, parent); });
}

std::vector<Descriptor> require_descriptors(const ObjectReader& reader,
                                            const std::shared_ptr<const Json>& parent,
                                            std::string_view key) {
  if (!reader.value().contains(key)) reader.fail_missing(key);
  auto descriptors =
      reader.objects(key, [&](const ObjectReader& object) { return element(object, parent); });
  std::int64_t total = 0;
  for (const Descriptor& descriptor : descriptors) {
    if (__builtin_add_overflow(total, descriptor.size, &total)) {
      reader.fail(key, "the sizes add up to more than 64 bits hold");
    }
  }
  return descriptors;
}

Json write_descriptor(const Descriptor& descriptor) {
  ObjectWriter writer(descriptor.raw);
  writer.require_string("mediaType", descriptor.media_type);
  writer.require_string("digest", descriptor.digest.str());
  writer.set("size", descriptor.size);
  writer.strings("urls", descriptor.urls);
  writer.string_map("annotations", descriptor.annotations);
  writer.string("artifactType", descriptor.artifact_type);
  writer.set("data", string_or_null(descriptor.data));
  writer.value(
      "platform", descriptor.platform, !descriptor.platform,
      [](const ObjectReader& now) { return now.optional_object("platform", read_platform); },
      [](const std::optional<Platform>& platform) { return write_platform(*platform); });
  return writer.take();
}

Json write_descriptors(const std::vector<Descriptor>& descriptors) {
  Json array = Json::array();
  for (const Descriptor& descriptor : descriptors) array.push_back(write_descriptor(descriptor));
  return array;
}

void write_subject(ObjectWriter& writer, const std::optional<Descriptor>& subject) {
  writer.set("subject", subject ? write_descriptor(*subject) : Json());
}

}  // namespace coracle::oci
