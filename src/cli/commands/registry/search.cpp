// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/commands/registry_options.hpp"
#include "cli/commands/session.hpp"
#include "cli/format/listing.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/registries.hpp"
#include "coracle/linux/cancellation.hpp"

namespace coracle::cli {
namespace {

constexpr std::size_t k_description_width = 44;

struct Values {
  engine::SearchRequest request;
  std::vector<std::string> filters;
  std::string format;
  bool no_trunc = false;
  bool compatible = false;
};

bool fits(const engine::FoundImage& image, const Filter& filter) {
  if (filter.key == "stars") {
    const auto least = parse_int(filter.value);
    if (!least) {
      throw Error(ErrorClass::invalid_argument, "incorrect value type for stars filter: '{}'",
                  filter.value);
    }
    return image.stars >= *least;
  }
  const auto wanted = parse_bool(filter.value);
  if (filter.key == "is-official") return image.official == wanted.value_or(true);
  if (filter.key == "is-automated") return image.automated == wanted.value_or(true);
  throw Error(ErrorClass::invalid_argument, "invalid filter type \"{}\"", filter.key);
}

Json row_of(const engine::FoundImage& image, bool full) {
  std::string description = image.description;
  std::ranges::replace(description, '\n', ' ');
  if (!full && description.size() > k_description_width) {
    description = description.substr(0, k_description_width - 3) + "...";
  }
  return {{"Index", image.index},
          {"Name", image.name},
          {"Description", description},
          {"Stars", image.stars},
          {"Official", image.official ? "[OK]" : ""},
          {"Automated", image.automated ? "[OK]" : ""},
          {"Tag", image.tag}};
}

/// podman lists tags by repository.
Json tags_document(const std::vector<engine::FoundImage>& found) {
  Json tags = Json::array();
  for (const auto& image : found) tags.push_back(image.tag);
  return Json::array({{{"Name", found.empty() ? "" : found.front().name}, {"Tags", tags}}});
}

std::string_view columns_of(const Values& values) {
  if (values.request.list_tags) return "{{.Name}}\t{{.Tag}}";
  if (values.compatible) {
    return "{{.Name}}\t{{.Description}}\t{{.Stars}}\t{{.Official}}\t{{.Automated}}";
  }
  return "{{.Name}}\t{{.Description}}";
}

int search(Values& values, CommandContext& context) {
  values.request.term = context.arguments[0];
  if (values.request.list_tags && !values.filters.empty()) {
    throw Error(ErrorClass::invalid_argument, "filters are not applicable to list tags result");
  }
  auto filters = parse_filters(values.filters);
  const linux::Cancellation never;
  auto found = engine::search_registries(values.request, never);
  for (const auto& filter : filters) {
    std::erase_if(found, [&](const engine::FoundImage& image) { return !fits(image, filter); });
  }
  if (values.request.list_tags && format::is_json_format(values.format)) {
    context.out.line(dump_json_pretty(tags_document(found)));
    return 0;
  }
  Json rows = Json::array();
  for (const auto& image : found) rows.push_back(row_of(image, values.no_trunc));
  const format::ListingStyle style{
      .command = "search",
      .columns = columns_of(values),
      .schema = {.type_name = "entities.ImageSearchReport", .records = true}};
  context.out.write(format::render_listing(rows, style, {values.format, true}));
  return 0;
}

}  // namespace

void setup_search(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] TERM")
      .arguments(ArgumentRule::exactly(1))
      .example("search registry.example/web")
      .example("search --list-tags registry.example/team/app")
      .run([&values](CommandContext& context) { return search(values, context); });
  OptionSet& options = command.options();
  options.add("compatible", '\0', values.compatible,
              "Show stars, official and automated, too, as docker does");
  options.add("filter", 'f', values.filters,
              "Show only images that fit: stars=, is-official=, is-automated=");
  options.add("format", '\0', values.format, "Change the output format to JSON or a Go template");
  options.add("limit", '\0', values.request.limit, "How many results to show").between(1, 1000);
  options.add("list-tags", '\0', values.request.list_tags, "List the tags of a repository");
  options.add("no-trunc", '\0', values.no_trunc, "Show full descriptions");
  declare_registry_options(options, values.request.options);
}

}  // namespace coracle::cli
