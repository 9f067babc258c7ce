// SPDX-License-Identifier: Apache-2.0
// Images out of archives and directories.
#pragma once

#include <string>
#include <vector>

#include "coracle/engine/transfers.hpp"
#include "engine/image/archive_contents.hpp"
#include "engine/image/location.hpp"
#include "engine/image/receive.hpp"

namespace coracle::engine {

struct LoadedImage {
  std::string id;
  std::vector<std::string> names;
};

/// What the readers of the formats have in common.
struct LoadContext {
  ImageAddition& addition;
  TransferObserver& observer;
  const linux::Cancellation& cancellation;
  std::string wanted;    ///< name of the only image that is wanted; empty: all
  std::string platform;  ///< empty: this machine's
  std::string source;    ///< path or name, which policies go by
};

/// The images of docker's format: manifest.json and what it names.
std::vector<LoadedImage> load_docker_images(const LoadContext& context,
                                            const ArchiveContents& contents);
/// The images of an OCI layout: index.json and the blobs, in an archive …
std::vector<LoadedImage> load_layout_images(const LoadContext& context,
                                            const ArchiveContents& contents);
/// … or in a directory.
std::vector<LoadedImage> load_layout_images(const LoadContext& context,
                                            const std::string& directory);
/// The image in a directory as skopeo's "dir:" has it: manifest.json and blobs named by their
/// digits.
std::vector<LoadedImage> load_plain_directory(const LoadContext& context,
                                              const std::string& directory);

/// Any transport but registries.
/// @returns the ids of the images
std::vector<std::string> pull_from_location(Context& context, const ImageLocation& location,
                                            const PullRequest& request, TransferObserver& observer,
                                            const linux::Cancellation& cancellation);

}  // namespace coracle::engine
