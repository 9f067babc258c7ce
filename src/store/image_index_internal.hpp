// SPDX-License-Identifier: Apache-2.0
// One entry of index.json: a manifest under one name, with the facts that listings need.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "coracle/base/strings.hpp"
#include "coracle/oci/annotations.hpp"
#include "coracle/oci/descriptor.hpp"
#include "coracle/oci/media_types.hpp"
#include "coracle/store/image_store.hpp"

namespace coracle::store {

inline constexpr const char* k_annotation_id = "io.coracle.image.id";
inline constexpr const char* k_annotation_size = "io.coracle.image.size";
inline constexpr const char* k_annotation_index = "io.coracle.image.index";

/// Of a manifest list: JSON, {"sha256:…": "docker://…"}.
inline constexpr const char* k_annotation_sources = "io.coracle.list.sources";

struct ImageStore::Entry {
  oci::Descriptor descriptor;

  /// An index of several images, and no image.
  bool is_list() const noexcept { return oci::is_index(descriptor.media_type); }

  std::string name() const {
    return std::string(descriptor.annotation(oci::k_annotation_ref_name));
  }
  std::string id() const { return std::string(descriptor.annotation(k_annotation_id)); }
  std::uint64_t size() const {
    const auto size = parse_int(descriptor.annotation(k_annotation_size));
    return static_cast<std::uint64_t>(size.value_or(0));
  }
  Digest index() const {
    const auto text = descriptor.annotation(k_annotation_index);
    return text.empty() ? Digest() : Digest::parse(text);
  }
  void set_index(const Digest& index) {
    if (index.empty()) {
      descriptor.annotations.erase(k_annotation_index);
    } else {
      descriptor.annotations[k_annotation_index] = index.str();
    }
  }
  void set_name(const std::string& name) {
    const std::string key(oci::k_annotation_ref_name);
    if (name.empty()) {
      descriptor.annotations.erase(key);
    } else {
      descriptor.annotations[key] = name;
    }
  }
  void set_facts(std::string id, std::string created, std::uint64_t size) {
    descriptor.annotations[k_annotation_id] = std::move(id);
    descriptor.annotations[std::string(oci::k_annotation_created)] = std::move(created);
    descriptor.annotations[k_annotation_size] = std::to_string(size);
  }
};

}  // namespace coracle::store
