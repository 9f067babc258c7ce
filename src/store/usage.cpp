// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/usage.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <set>
#include <utility>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::store {
namespace {

constexpr std::uint64_t k_block = 512;  // of st_blocks, whatever the file system's own (stat(2))

class TreeMeter {
 public:
  std::uint64_t measure(linux::Fd directory) {
    // A descriptor for each level: what lies deeper than they reach is not counted.
    linux::Directory entries(directory.get());
    while (const auto entry = entries.next()) {
      const std::string name(entry->name);
      struct stat info {};
      if (::fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (info.st_nlink > 1 && !S_ISDIR(info.st_mode) &&
          !seen_.emplace(info.st_dev, info.st_ino).second) {
        continue;
      }
      total_ += static_cast<std::uint64_t>(info.st_blocks) * k_block;
      if (!S_ISDIR(info.st_mode)) continue;
      auto child = linux::try_open_at(directory.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (child) measure(std::move(child));
    }
    return total_;
  }

 private:
  std::uint64_t total_ = 0;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

std::uint64_t measure_tree(const std::string& path) {
  auto directory = linux::open_if_exists(path, O_RDONLY | O_DIRECTORY);
  return directory ? TreeMeter().measure(std::move(directory)) : 0;
}

ImagesUsage measure_images(const ImageStore& images) {
  ImagesUsage usage;
  std::map<Digest, std::size_t> users;
  std::vector<std::set<Digest>> layers_of;
  for (auto& summary : images.list()) {
    std::set<Digest> layers;
    try {
      const Image image = images.load(summary);
      layers.insert(image.config.diff_ids.begin(), image.config.diff_ids.end());
    } catch (const Error& error) {
      log::info("{}", error.describe());
      usage.total += summary.size;
    }
    for (const auto& layer : layers) ++users[layer];
    const std::uint64_t own = layers.empty() ? summary.size : 0;
    usage.images.push_back({std::move(summary), 0, own});
    layers_of.push_back(std::move(layers));
  }
  std::map<Digest, std::uint64_t> sizes;
  for (const auto& [layer, count] : users) {
    const std::uint64_t size = images.layers().has(layer) ? images.layers().load(layer).size : 0;
    sizes[layer] = size;
    usage.total += size;
  }
  for (std::size_t i = 0; i < usage.images.size(); ++i) {
    for (const auto& layer : layers_of[i]) {
      (users[layer] > 1 ? usage.images[i].shared : usage.images[i].unique) += sizes[layer];
    }
  }
  return usage;
}

}  // namespace coracle::store
