// SPDX-License-Identifier: Apache-2.0
// What a container has changed of its image's files.
#pragma once

#include <string_view>
#include <vector>

#include "coracle/archive/layers.hpp"
#include "coracle/archive/pack_layer.hpp"
#include "coracle/engine/context.hpp"

namespace coracle::engine {

/// @param verb  "diff", for the message
/// @throws Error invalid_argument for a container whose files come from a directory
void require_image(const store::ContainerConfig& config, std::string_view verb);
/// In the engine's user namespace.
std::vector<archive::Change> list_changes(Context& context, const store::ContainerConfig& config);
/// Paths in an upper directory that come from starting the container, not from what ran in it.
bool is_made_by_engine(std::string_view path);
/// How the tree of an ImageRoot is packed.
archive::PackOptions options_of_whole_tree(Context& context, const store::ContainerConfig& config);

}  // namespace coracle::engine
