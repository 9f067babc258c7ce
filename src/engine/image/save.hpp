// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "coracle/archive/stream.hpp"
#include "coracle/engine/context.hpp"

namespace coracle::engine {

struct SavedImage {
  store::Image image;
  std::vector<std::string> names;  ///< those that go with it
};

/// What `docker save` writes: plain layers by their diff ids, and manifest.json. Does not finish
/// the sink.
void write_docker_archive(Context& context, const std::vector<SavedImage>& images,
                          archive::ByteSink& sink);

/// Writes a file that is there when it is complete, or not at all; "-" is standard output.
void write_archive_file(const std::string& path,
                        const std::function<void(archive::ByteSink&)>& write);

}  // namespace coracle::engine
