// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/image_config.hpp"

#include "coracle/base/error.hpp"
#include "oci/image_config_internal.hpp"

namespace coracle::oci {
namespace {

constexpr std::string_view k_rootfs_type = "layers";

History read_history(const ObjectReader& reader) {
  History entry;
  entry.created = reader.string("created");
  entry.created_by = reader.string("created_by");
  entry.author = reader.string("author");
  entry.comment = reader.string("comment");
  entry.empty_layer = reader.boolean("empty_layer");
  return entry;
}

Json write_history(const std::vector<History>& history) {
  Json array = Json::array();
  for (const History& entry : history) {
    Json object = Json::object();
    json::set_if(object, "created", entry.created);
    json::set_if(object, "author", entry.author);
    json::set_if(object, "created_by", entry.created_by);
    json::set_if(object, "comment", entry.comment);
    json::set_if(object, "empty_layer", entry.empty_layer);
    array.push_back(std::move(object));
  }
  return array;
}

std::vector<Digest> read_diff_ids(const ObjectReader& rootfs) {
  std::vector<Digest> diff_ids;
  for (const std::string& text : rootfs.strings("diff_ids")) {
    try {
      diff_ids.push_back(Digest::parse(text));
    } catch (const Error&) {
      rootfs.fail("diff_ids", "malformed digest, expected sha256:… or sha512:…");
    }
  }
  return diff_ids;
}

void read_rootfs(const ObjectReader& rootfs, ImageConfig& config) {
  if (rootfs.string("type") != k_rootfs_type) {
    rootfs.fail("type", "only the type 'layers' is known");
  }
  config.diff_ids = read_diff_ids(rootfs);
}

void write_rootfs(ObjectWriter& writer, const ImageConfig& config) {
  ObjectWriter rootfs(config.raw ? member_of(config.raw, "rootfs") : nullptr);
  rootfs.require_string("type", std::string(k_rootfs_type));
  const ObjectReader now(rootfs.json(), "document");
  if (!now.value().contains("diff_ids") || read_diff_ids(now) != config.diff_ids) {
    Json array = Json::array();
    for (const Digest& diff_id : config.diff_ids) array.push_back(diff_id.str());
    rootfs.set("diff_ids", std::move(array));
  }
  writer.set("rootfs", rootfs.take());
}

void write_config(ObjectWriter& writer, const ContainerConfig& config) {
  Json object = write_container_config(config);
  const bool absent = !writer.json().contains("config") || writer.json().at("config").is_null();
  if (!object.empty() || !absent) writer.set("config", std::move(object));
}

}  // namespace

Platform ImageConfig::platform() const {
  return normalize(Platform{os, architecture, variant, os_version, os_features});
}

bool operator==(const ImageConfig& left, const ImageConfig& right) {
  return left.created == right.created && left.author == right.author &&
         left.architecture == right.architecture && left.variant == right.variant &&
         left.os == right.os && left.os_version == right.os_version &&
         left.os_features == right.os_features && left.config == right.config &&
         left.diff_ids == right.diff_ids && left.history == right.history;
}

ImageConfig parse_image_config(std::string_view text, std::string_view origin) {
  if (text.size() > k_max_image_config_size) {
    throw Error(ErrorClass::invalid_argument,
                "{}: {} bytes are too many for an image configuration", origin, text.size());
  }
  const auto document = std::make_shared<const Json>(parse_json(text, origin));
  const ObjectReader reader(*document, origin);
  ImageConfig config;
  config.created = reader.string("created");
  config.author = reader.string("author");
  config.architecture = reader.string("architecture");
  config.variant = reader.string("variant");
  config.os = reader.string("os");
  config.os_version = reader.string("os.version");
  config.os_features = reader.strings("os.features");
  if (const Json* object = reader.find("config")) {
    config.config =
        read_container_config(ObjectReader(*object, reader, "config"), {document, object});
  }
  const Json* rootfs = reader.find("rootfs");
  if (rootfs == nullptr) reader.fail_missing("rootfs");
  read_rootfs(ObjectReader(*rootfs, reader, "rootfs"), config);
  config.history = reader.objects("history", read_history);
  config.raw = document;
  return config;
}

std::string serialize(const ImageConfig& config) {
  ObjectWriter writer(config.raw);
  writer.string("created", config.created);
  writer.string("author", config.author);
  writer.require_string("architecture", config.architecture);
  writer.string("variant", config.variant);
  writer.require_string("os", config.os);
  writer.string("os.version", config.os_version);
  writer.strings("os.features", config.os_features);
  write_config(writer, config.config);
  write_rootfs(writer, config);
  writer.value(
      "history", config.history, config.history.empty(),
      [](const ObjectReader& now) { return now.objects("history", read_history); }, write_history);
  return dump_json(writer.json());
}

Platform platform_of(const ImageConfig& config) {
  return normalize({config.os, config.architecture, config.variant, {}, {}});
}

}  // namespace coracle::oci
