// SPDX-License-Identifier: Apache-2.0
// The configuration of an image (image-spec config.md) with docker's additions (moby's
// image/spec/v1.2.md): what an image says about how to run it, and how it came to be.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/digest.hpp"
#include "coracle/base/json.hpp"
#include "coracle/oci/platform.hpp"

namespace coracle::oci {

inline constexpr std::size_t k_max_image_config_size = 8U << 20;

/// HEALTHCHECK. A test of {"NONE"} switches an inherited one off; zero durations are "inherit".
struct Healthcheck {
  std::vector<std::string> test;  ///< {"CMD", …}, {"CMD-SHELL", line} or {"NONE"}; empty inherits
  std::chrono::nanoseconds interval{0};
  std::chrono::nanoseconds timeout{0};
  std::chrono::nanoseconds start_period{0};
  std::chrono::nanoseconds start_interval{0};
  int retries = 0;
  bool operator==(const Healthcheck&) const = default;
};

/// The `config` object: defaults for a container of this image.
struct ContainerConfig {
  std::string user;
  std::set<std::string> exposed_ports;  ///< "80/tcp"
  std::vector<std::string> env;         ///< "NAME=value" in order
  /// Null and absent are nullopt; docker tells them from an empty array, which clears an inherited
  /// entry point.
  std::optional<std::vector<std::string>> entrypoint;
  std::optional<std::vector<std::string>> cmd;
  std::set<std::string> volumes;  ///< paths inside
  std::string working_dir;
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  bool args_escaped = false;
  std::optional<Healthcheck> healthcheck;
  std::vector<std::string> shell;
  std::vector<std::string> on_build;
  std::shared_ptr<const Json> raw;

  /// The value of the variable in `env`; nothing when it is not set there.
  std::optional<std::string_view> env_value(std::string_view name) const;
};

bool operator==(const ContainerConfig& left, const ContainerConfig& right);

struct History {
  std::string created;  ///< RFC 3339 as written; may be empty
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false;
  bool operator==(const History&) const = default;
};

struct ImageConfig {
  std::string created;  ///< RFC 3339 as written; may be empty
  std::string author;
  std::string architecture;
  std::string variant;
  std::string os;
  std::string os_version;
  std::vector<std::string> os_features;
  ContainerConfig config;
  std::vector<Digest> diff_ids;  ///< rootfs.diff_ids: digests of the unpacked layers, lowest first
  std::vector<History> history;
  std::shared_ptr<const Json> raw;

  Platform platform() const;
};

bool operator==(const ImageConfig& left, const ImageConfig& right);

/// The history is not compared with the layers: squashed and foreign images are often at odds
/// there, and every engine takes them.
/// @throws Error invalid_argument naming the field: wrong types, malformed digests, a rootfs that
/// is
///         missing or not of type "layers"
ImageConfig parse_image_config(std::string_view text, std::string_view origin);
/// Compact JSON; unknown members of a parsed configuration are kept (docker's `container_config`,
/// `moby.buildkit.buildinfo.v1`, …).
std::string serialize(const ImageConfig& config);

/// The platform that the image is for, normalised.
Platform platform_of(const ImageConfig& config);

}  // namespace coracle::oci
