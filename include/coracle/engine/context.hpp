// SPDX-License-Identifier: Apache-2.0
// What every verb of the engine works on: the configuration and the stores, opened once by a front
// door. Opening creates nothing on disk.
#pragma once

#include <string>

#include "coracle/config/config.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/store/container_store.hpp"
#include "coracle/store/image_store.hpp"

namespace coracle::engine {

class Context {
 public:
  explicit Context(config::Config config);

  const config::Config& config() const noexcept { return config_; }
  store::ContainerStore& containers() noexcept { return containers_; }
  store::ImageStore& images() noexcept { return images_; }

  /// The ids of the engine's user namespace; empty for root, who needs none.
  const linux::IdMappings& mappings();
  /// Makes this single-threaded process root of the engine's user namespace, if it is an ordinary
  /// user's: before files of images and containers are touched. May be repeated.
  void enter_namespace();
  /// Directory of small files that can be made again.
  std::string cache_directory() const { return config_.root + "/cache"; }

 private:
  config::Config config_;
  store::ContainerStore containers_;
  store::ImageStore images_;
  linux::IdMappings mappings_;
  bool entered_ = false;
};

}  // namespace coracle::engine
