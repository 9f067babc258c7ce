// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "cli/format/human_size.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/images.hpp"

namespace coracle::cli {
namespace {

std::string names_text(const std::vector<std::string>& names) {
  return "[" + join(names, " ") + "]";
}

void print_layers(const engine::ImageTree& tree, CommandContext& context) {
  context.out.line("Image Layers");
  for (std::size_t i = 0; i < tree.layers.size(); ++i) {
    const auto& layer = tree.layers[i];
    const bool last = i + 1 == tree.layers.size();
    context.out.print(
        "{} ID: {} Size: {:>7}{}\n", last ? "└──" : "├──", short_id(layer.diff_id.hex()),
        format::human_size(layer.size),
        layer.top_layer_of.empty() ? "" : " Top Layer of: " + names_text(layer.top_layer_of));
  }
}

void print_children(const engine::ImageTree& tree, CommandContext& context) {
  context.out.line("Image Layers");
  for (std::size_t i = 0; i < tree.children.size(); ++i) {
    const auto& child = tree.children[i];
    const bool last = i + 1 == tree.children.size();
    context.out.print("{} ID: {} Size: {:>7} Top Layer of: {}\n", last ? "└──" : "├──",
                      short_id(child.id), format::human_size(child.size), names_text(child.names));
  }
}

}  // namespace

void setup_image_tree(Command& command) {
  auto& what_requires = command.values<bool>();
  command.usage("[options] IMAGE")
      .arguments(ArgumentRule::exactly(1), CompletionKind::image)
      .example("image tree debian:12")
      .run([&what_requires](CommandContext& context) {
        auto engine = open_engine(context);
        const auto tree = engine::image_tree(engine, context.arguments[0]);
        context.out.print("Image ID: {}\n", short_id(tree.image.id));
        context.out.print("Tags:     {}\n", names_text(tree.image.names));
        context.out.print("Size:     {}\n", format::human_size(tree.image.size));
        if (what_requires) {
          print_children(tree, context);
        } else {
          print_layers(tree, context);
        }
        return 0;
      });
  command.options().add("whatrequires", '\0', what_requires, "Show the images made from it");
}

}  // namespace coracle::cli
