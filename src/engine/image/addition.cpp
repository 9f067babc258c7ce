// SPDX-License-Identifier: Apache-2.0
#include "engine/image/addition.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/subordinate_ids.hpp"

namespace coracle::engine {

ImageAddition::ImageAddition(Context& context)
    : context_(context), adding_(context.images().adding()) {
  context.enter_namespace();
}

ImageAddition::~ImageAddition() {
  // With a single id that has been said.
  if (squashed_owners_ > 0 && !linux::is_single_id(context_.mappings())) {
    log::warn(
        "this user's ids do not cover the owners of {0} file(s): in containers they belong to "
        "root, "
        "the image keeps "
        "them. Cover more with: usermod --add-subuids {1} --add-subgids {1} USER",
        squashed_owners_.load(), linux::free_id_range());
  }
  adding_.reset();
  try {
    context_.images().collect_garbage();
  } catch (const std::exception& error) {
    log::info("nothing is collected: {}", error.what());
  }
}

void ImageAddition::unpack(const Digest& blob, const Digest& diff_id,
                           const std::vector<Digest>& below) {
  const auto& layers = context_.images().layers();
  if (layers.has(diff_id)) return;
  in_context("unpacking layer " + blob.str(), [&] {
    const auto directories = [&] {
      std::vector<std::string> paths;
      for (auto lower = below.rbegin(); lower != below.rend(); ++lower)
        paths.push_back(layers.path(*lower));
      return paths;
    };
    const linux::Fd file = context_.images().blobs().open(blob);
    archive::FdSource source(file.get());
    note_squashed_owners(layers.unpack(source, diff_id, directories).squashed_owners);
  });
}

}  // namespace coracle::engine
