// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/media_types.hpp"

#include <algorithm>
#include <array>

namespace coracle::oci {
namespace {

struct LayerType {
  std::string_view media_type;
  Format format;
  Compression compression;
  bool distributable;
};

constexpr std::array k_layers = {
    LayerType{k_oci_layer, Format::oci, Compression::none, true},
    LayerType{k_oci_layer_gzip, Format::oci, Compression::gzip, true},
    LayerType{k_oci_layer_zstd, Format::oci, Compression::zstd, true},
    LayerType{k_oci_layer_nondistributable, Format::oci, Compression::none, false},
    LayerType{k_oci_layer_nondistributable_gzip, Format::oci, Compression::gzip, false},
    LayerType{k_oci_layer_nondistributable_zstd, Format::oci, Compression::zstd, false},
    LayerType{k_docker_layer, Format::docker, Compression::none, true},
    LayerType{k_docker_layer_gzip, Format::docker, Compression::gzip, true},
    LayerType{k_docker_layer_zstd, Format::docker, Compression::zstd, true},
    LayerType{k_docker_layer_foreign, Format::docker, Compression::none, false},
    LayerType{k_docker_layer_foreign_gzip, Format::docker, Compression::gzip, false},
};

const LayerType* find_layer(std::string_view media_type) noexcept {
  const auto* entry = std::ranges::find(k_layers, media_type, &LayerType::media_type);
  return entry == k_layers.end() ? nullptr : entry;
}

struct CompressionName {
  std::string_view name;
  Compression compression;
};

// The first name of each value is the one that is written.
constexpr std::array k_compression_names = {
    CompressionName{"none", Compression::none},
    CompressionName{"gzip", Compression::gzip},
    CompressionName{"zstd", Compression::zstd},
    CompressionName{"xz", Compression::xz},
    CompressionName{"bzip2", Compression::bzip2},
    CompressionName{"unknown", Compression::unknown},
    CompressionName{"uncompressed", Compression::none},
    CompressionName{"gz", Compression::gzip},
    CompressionName{"zst", Compression::zstd},
    CompressionName{"bz2", Compression::bzip2},
};

}  // namespace

bool is_index(std::string_view media_type) noexcept {
  return media_type == k_oci_index || media_type == k_docker_list;
}

bool is_manifest(std::string_view media_type) noexcept {
  return media_type == k_oci_manifest || media_type == k_docker_manifest;
}

bool is_config(std::string_view media_type) noexcept {
  return media_type == k_oci_config || media_type == k_docker_config;
}

bool is_layer(std::string_view media_type) noexcept {
  return find_layer(media_type) != nullptr;
}

bool is_nondistributable(std::string_view media_type) noexcept {
  const LayerType* layer = find_layer(media_type);
  return layer != nullptr && !layer->distributable;
}

bool is_schema1(std::string_view media_type) noexcept {
  return media_type == k_docker_schema1 || media_type == k_docker_schema1_signed;
}

Compression compression_of(std::string_view media_type) noexcept {
  const LayerType* layer = find_layer(media_type);
  return layer == nullptr ? Compression::unknown : layer->compression;
}

std::optional<std::string_view> layer_media_type(Format format, Compression compression) noexcept {
  for (const LayerType& layer : k_layers) {
    if (layer.format == format && layer.compression == compression && layer.distributable) {
      return layer.media_type;
    }
  }
  return std::nullopt;
}

std::string_view manifest_media_type(Format format) noexcept {
  return format == Format::oci ? k_oci_manifest : k_docker_manifest;
}

std::string_view index_media_type(Format format) noexcept {
  return format == Format::oci ? k_oci_index : k_docker_list;
}

std::string_view config_media_type(Format format) noexcept {
  return format == Format::oci ? k_oci_config : k_docker_config;
}

std::string_view to_string(Compression compression) noexcept {
  return std::ranges::find(k_compression_names, compression, &CompressionName::compression)->name;
}

std::optional<Compression> parse_compression(std::string_view name) noexcept {
  const auto* entry = std::ranges::find(k_compression_names, name, &CompressionName::name);
  if (entry == k_compression_names.end()) return std::nullopt;
  return entry->compression;
}

}  // namespace coracle::oci
