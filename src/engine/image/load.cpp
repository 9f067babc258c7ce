// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "coracle/archive/tar.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/images.hpp"
#include "coracle/oci/annotations.hpp"
#include "coracle/oci/index.hpp"
#include "coracle/oci/reference.hpp"
#include "engine/image/addition.hpp"

namespace coracle::engine {
namespace {

constexpr std::size_t k_max_document = 16U << 20;
constexpr std::size_t k_max_images = 1000;

/// What an archive or directory holds once its members are blobs of the store: by member name.
struct Contents {
  std::map<std::string, Digest> blobs;       ///< files
  std::map<std::string, std::string> links;  ///< symbolic links, as docker save makes for layers

  /// The blob of a member, links followed.
  const Digest& find(std::string name) const {
    for (int hops = 0; hops < 8; ++hops) {
      const auto link = links.find(name);
      if (link == links.end()) break;
      name = resolve(name, link->second);
    }
    const auto blob = blobs.find(name);
    if (blob == blobs.end()) {
      throw Error(ErrorClass::invalid_argument, "the archive lacks '{}'", name);
    }
    return blob->second;
  }
  bool has(const std::string& name) const { return blobs.contains(name); }

 private:
  static std::string resolve(const std::string& from, const std::string& target) {
    std::vector<std::string> parts;
    if (!target.starts_with('/')) parts = split(from, '/');
    if (!parts.empty()) parts.pop_back();
    for (const auto& part : split(target, '/')) {
      if (part == "..") {
        if (!parts.empty()) parts.pop_back();
      } else if (!part.empty() && part != ".") {
        parts.push_back(part);
      }
    }
    return join(parts, "/");
  }
};

class Loader {
 public:
  explicit Loader(ImageAddition& addition)
      : addition_(addition), blobs_(addition.context().images().blobs()) {}

  void read_archive(int fd) {
    archive::FdSource source(fd);
    archive::for_each_entry(source, [&](const archive::TarEntry& entry, archive::ByteSource& data) {
      if (entry.kind == archive::TarEntry::Kind::symlink) {
        contents_.links[entry.name] = entry.link_target;
      } else if (entry.kind == archive::TarEntry::Kind::file) {
        add_blob(entry.name, data);
      }
      return true;
    });
  }

  void read_directory(const std::string& directory) {
    const auto add = [&](const std::string& name) {
      const linux::Fd file = linux::open_file(directory + "/" + name, O_RDONLY);
      archive::FdSource source(file.get());
      add_blob(name, source);
    };
    add("index.json");
    for (const auto& algorithm : linux::list_directory(directory + "/blobs")) {
      for (const auto& name : linux::list_directory(directory + "/blobs/" + algorithm)) {
        if (!name.starts_with('.')) add("blobs/" + algorithm + "/" + name);
      }
    }
  }

  std::vector<std::string> load() {
    // docker writes both descriptions into one archive; its own names the tags in full.
    if (contents_.has("manifest.json")) return load_docker();
    if (contents_.has("index.json")) return load_layout();
    throw Error(ErrorClass::invalid_argument,
                "payload does not match any of the supported image formats: docker-archive, "
                "oci-archive, oci-dir");
  }

 private:
  void add_blob(const std::string& name, archive::ByteSource& data) {
    const auto writer = blobs_.create();
    archive::copy(data, *writer);
    // A layout's blobs must be what their names say.
    if (name.starts_with("blobs/sha256/") && name.size() == 13 + k_id_length) {
      const Digest expected = Digest::sha256_from_hex(name.substr(13));
      writer->commit(expected);
      contents_.blobs[name] = expected;
    } else {
      contents_.blobs[name] = writer->commit();
    }
  }

  std::string text_of(const Digest& digest) const {
    return blobs_.read_text(digest, k_max_document);
  }

  std::string add(const oci::Manifest& manifest, const Digest& digest,
                  const std::vector<std::string>& names) {
    const auto config = oci::parse_image_config(text_of(manifest.config.digest), "configuration");
    std::vector<Digest> blobs;
    for (const auto& layer : manifest.layers) blobs.push_back(layer.digest);
    if (blobs.size() != config.diff_ids.size()) {
      throw Error(ErrorClass::invalid_argument,
                  "the image has {} layers, but its configuration names {}", blobs.size(),
                  config.diff_ids.size());
    }
    std::vector<Digest> below;
    for (std::size_t i = 0; i < blobs.size(); ++i) {
      addition_.unpack(blobs[i], config.diff_ids[i], below);
      below.push_back(config.diff_ids[i]);
    }
    return addition_.context().images().add(digest, names).id;
  }

  std::vector<std::string> load_docker() {
    const Json list = parse_json(text_of(contents_.find("manifest.json")), "manifest.json");
    if (!list.is_array() || list.size() > k_max_images) {
      throw Error(ErrorClass::invalid_argument, "manifest.json: expected an array of images");
    }
    std::vector<std::string> loaded;
    for (const Json& entry : list) {
      oci::Manifest manifest;
      manifest.media_type = std::string(oci::k_oci_manifest);
      manifest.config.media_type = std::string(oci::k_oci_config);
      manifest.config.digest = contents_.find(json::require_string(entry, "Config"));
      manifest.config.size = static_cast<std::int64_t>(blobs_.size(manifest.config.digest));
      for (const auto& name : json::get_strings(entry, "Layers")) {
        oci::Descriptor layer;
        layer.digest = contents_.find(name);
        layer.size = static_cast<std::int64_t>(blobs_.size(layer.digest));
        layer.media_type = std::string(layer_type(layer.digest));
        manifest.layers.push_back(std::move(layer));
      }
      std::vector<std::string> names;
      for (const auto& tag : json::get_strings(entry, "RepoTags")) {
        names.push_back(oci::parse_normalized(tag).with_default_tag().str());
      }
      finish(manifest, blobs_.add(oci::serialize(manifest)), names, loaded);
    }
    return loaded;
  }

  /// By its first bytes: docker-archives hold plain layers, but not all that calls itself one.
  std::string_view layer_type(const Digest& digest) const {
    const linux::Fd file = blobs_.open(digest);
    unsigned char magic[4] = {};
    const ssize_t got = ::read(file.get(), magic, sizeof magic);
    if (got >= 2 && magic[0] == 0x1f && magic[1] == 0x8b) return oci::k_oci_layer_gzip;
    if (got == 4 && magic[0] == 0x28 && magic[1] == 0xb5 && magic[2] == 0x2f && magic[3] == 0xfd) {
      return oci::k_oci_layer_zstd;
    }
    return oci::k_oci_layer;
  }

  std::vector<std::string> load_layout() {
    const auto index = oci::parse_index(text_of(contents_.find("index.json")), "index.json");
    std::vector<std::string> loaded;
    for (const auto& descriptor : index.manifests) load_descriptor(descriptor, loaded);
    if (loaded.empty()) throw Error(ErrorClass::invalid_argument, "index.json names no image");
    return loaded;
  }

  void load_descriptor(const oci::Descriptor& descriptor, std::vector<std::string>& loaded) {
    const std::string text = text_of(descriptor.digest);
    std::vector<std::string> names;
    for (const auto key : {oci::k_annotation_containerd_name, oci::k_annotation_ref_name}) {
      const std::string name(descriptor.annotation(key));
      // A ref.name may be no more than a tag.
      if (names.empty() && name.find_first_of("/:") != std::string::npos) {
        names.push_back(oci::parse_normalized(name).with_default_tag().str());
      }
    }
    if (oci::is_index(oci::detect_media_type(text, "manifest"))) {
      const auto nested = oci::parse_index(text, "index");
      const auto* chosen = oci::select_platform(nested, oci::host_platform());
      if (chosen == nullptr) {
        throw Error(ErrorClass::not_found, "no image for this machine's platform in the index");
      }
      const auto manifest = oci::parse_manifest(text_of(chosen->digest), "manifest");
      finish(manifest, chosen->digest, names, loaded);
      return;
    }
    finish(oci::parse_manifest(text, "manifest"), descriptor.digest, names, loaded);
  }

  void finish(const oci::Manifest& manifest, const Digest& digest,
              const std::vector<std::string>& names, std::vector<std::string>& loaded) {
    const std::string id = add(manifest, digest, names);
    if (names.empty()) loaded.push_back("sha256:" + id);
    loaded.insert(loaded.end(), names.begin(), names.end());
  }

  ImageAddition& addition_;
  const store::BlobStore& blobs_;
  Contents contents_;
};

}  // namespace

std::vector<std::string> load_images(Context& context, const std::string& source) {
  linux::Fd file;
  bool directory = false;
  if (source != "-") {
    const auto info = linux::stat_if_exists(source);
    directory = info && S_ISDIR(info->st_mode);
    if (!directory) file = linux::open_file(source, O_RDONLY);
  }
  ImageAddition addition(context);
  return in_context("loading '" + source + "'", [&] {
    Loader loader(addition);
    if (directory) {
      loader.read_directory(source);
    } else {
      loader.read_archive(file ? file.get() : STDIN_FILENO);
    }
    return loader.load();
  });
}

}  // namespace coracle::engine
