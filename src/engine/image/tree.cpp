// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/engine/images.hpp"

namespace coracle::engine {
namespace {

bool begins_with(const std::vector<Digest>& layers, const std::vector<Digest>& first) {
  return layers.size() >= first.size() && std::equal(first.begin(), first.end(), layers.begin());
}

}  // namespace

ImageTree image_tree(Context& context, std::string_view name) {
  ImageTree tree;
  tree.image = context.images().find(name);
  const auto layers = context.images().load(tree.image).config.diff_ids;
  for (const auto& diff_id : layers) {
    tree.layers.push_back({diff_id, context.images().layers().load(diff_id).size, {}});
  }
  for (const auto& summary : context.images().list()) {
    std::vector<Digest> others;
    try {
      others = context.images().load(summary).config.diff_ids;
    } catch (const Error& error) {
      log::warn("image {} is left out: {}", summary.id, error.describe());
      continue;
    }
    if (!others.empty() && begins_with(layers, others)) {
      auto& names = tree.layers[others.size() - 1].top_layer_of;
      names.insert(names.end(), summary.names.begin(), summary.names.end());
    } else if (begins_with(others, layers)) {
      tree.children.push_back(summary);
    }
  }
  return tree;
}

std::vector<archive::Change> diff_image(Context& context, std::string_view name,
                                        const std::optional<std::string>& base) {
  const auto layers = context.images().load(context.images().find(name)).config.diff_ids;
  std::size_t shared = layers.empty() ? 0 : layers.size() - 1;
  if (base) {
    const auto below = context.images().load(context.images().find(*base)).config.diff_ids;
    if (!begins_with(layers, below)) {
      throw Error(ErrorClass::not_implemented,
                  "image '{}' is not made from '{}': only such images can be compared", name,
                  *base);
    }
    shared = below.size();
  }
  context.enter_namespace();
  std::map<std::string, archive::ChangeKind> merged;
  for (std::size_t i = shared; i < layers.size(); ++i) {
    std::vector<std::string> below;
    for (std::size_t lower = i; lower-- > 0;) {
      below.push_back(context.images().layers().path(layers[lower]));
    }
    const auto nothing = [](std::string_view) { return false; };
    for (auto& change :
         archive::list_changes(context.images().layers().path(layers[i]), below, nothing)) {
      const auto known = merged.find(change.path);
      const bool was_added = known != merged.end() && known->second == archive::ChangeKind::added;
      if (was_added && change.kind == archive::ChangeKind::deleted) {
        merged.erase(known);
      } else if (!was_added) {
        merged[change.path] = change.kind;
      }
    }
  }
  std::vector<archive::Change> changes;
  for (auto& [path, kind] : merged) changes.push_back({kind, path});
  return changes;
}

}  // namespace coracle::engine
