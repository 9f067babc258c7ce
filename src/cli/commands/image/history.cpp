// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "cli/format/human_size.hpp"
#include "cli/format/listing.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/engine/images.hpp"

namespace coracle::cli {
namespace {

struct Values {
  std::string format;
  bool human = true;
  bool no_trunc = false;
  bool quiet = false;
};

Json row_of(const engine::HistoryEntry& entry, const Values& values) {
  const std::string id = entry.id.empty()  ? "<missing>"
                         : values.no_trunc ? entry.id
                                           : short_id(entry.id);
  constexpr std::size_t k_width = 45;
  std::string made_by = entry.created_by;
  if (!values.no_trunc && made_by.size() > k_width)
    made_by = made_by.substr(0, k_width - 3) + "...";
  return {
      {"ID", id},
      {"Created", values.human ? human_age(entry.created) : entry.created},
      {"CreatedAt", entry.created},
      {"CreatedSince", human_age(entry.created)},
      {"CreatedBy", made_by},
      {"Size", values.human ? format::human_size_spaced(entry.size) : std::to_string(entry.size)},
      {"Comment", entry.comment},
      {"Tags", entry.tags}};
}

int history(const Values& values, CommandContext& context) {
  auto engine = open_engine(context);
  Json rows = Json::array();
  for (const auto& entry : engine::image_history(engine, context.arguments[0])) {
    if (values.quiet) {
      context.out.line(entry.id.empty()  ? "<missing>"
                       : values.no_trunc ? entry.id
                                         : short_id(entry.id));
    } else if (format::is_json_format(values.format)) {
      rows.push_back({{"id", entry.id},
                      {"created", entry.created},
                      {"CreatedBy", entry.created_by},
                      {"size", entry.size},
                      {"comment", entry.comment},
                      {"tags", entry.tags}});
    } else {
      rows.push_back(row_of(entry, values));
    }
  }
  if (values.quiet) return 0;
  constexpr format::Heading k_headings[] = {
      {"CreatedBy", "CREATED BY"}, {"CreatedSince", "CREATED"}, {"CreatedAt", "CREATED AT"}};
  const format::ListingStyle style{
      .command = "history",
      .columns = "{{.ID}}\t{{.Created}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
      .schema = {.type_name = "images.historyReporter", .records = true},
      .headings = k_headings};
  context.out.write(format::render_listing(rows, style, {values.format, true}));
  return 0;
}

}  // namespace

void setup_history(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] IMAGE")
      .arguments(ArgumentRule::exactly(1), CompletionKind::image)
      .example("history me/web")
      .run([&values](CommandContext& context) { return history(values, context); });
  OptionSet& options = command.options();
  options.add("format", '\0', values.format, "Change the output format to JSON or a Go template");
  options.add("human", 'H', values.human, "Show sizes and times for people");
  options.add("no-trunc", '\0', values.no_trunc, "Show full ids and commands");
  options.add("quiet", 'q', values.quiet, "Show only the ids");
}

}  // namespace coracle::cli
