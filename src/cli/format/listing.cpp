// SPDX-License-Identifier: Apache-2.0
#include "cli/format/listing.hpp"

#include "cli/format/template.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli::format {
namespace {

constexpr std::string_view k_table = "table";

/// Shells pass `\t` and `\n` as two characters; both peers take them for what they look like.
/// Inside actions they are left to the template's own strings.
std::string unescape(std::string_view format) {
  std::string text;
  bool in_action = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char next = i + 1 < format.size() ? format[i + 1] : '\0';
    if (format[i] == '{' && next == '{') in_action = true;
    if (format[i] == '}' && next == '}') in_action = false;
    if (!in_action && format[i] == '\\' && (next == 't' || next == 'n')) {
      text += next == 't' ? '\t' : '\n';
      ++i;
    } else {
      text += format[i];
    }
  }
  return text;
}

struct Plan {
  std::string source;  ///< of the template, for one row or for all of them
  bool table = false;
  bool whole = false;         ///< the template ranges over the rows itself
  std::string_view line_end;  ///< what is missing behind a row
};

/// A template that begins with a range wants all rows: {{range .}}{{.ID}} {{end}}
bool wants_all_rows(std::string_view source) {
  std::string_view rest = trim(source);
  if (!rest.starts_with("{{")) return false;
  rest.remove_prefix(2);
  if (rest.starts_with('-')) rest.remove_prefix(1);
  rest = trim(rest);
  if (!rest.starts_with("range")) return false;
  rest = trim(rest.substr(std::string_view("range").size()));
  // The rows themselves, not a member of each: `range .}}` or `range $i, $row := .}}`.
  const auto end = rest.find("}}");
  std::string_view pipeline = trim(rest.substr(0, end));
  if (pipeline.ends_with('-')) pipeline = trim(pipeline.substr(0, pipeline.size() - 1));
  return pipeline == "." || (pipeline.starts_with('$') && pipeline.ends_with('.'));
}

std::string_view line_end_for(std::string_view source) {
  return source.ends_with('\n') ? "" : "\n";
}

Plan plan_listing(const ListingStyle& style, std::string_view format) {
  Plan plan;
  std::string_view body = format;
  if (format.empty() || format == k_table) {
    plan.table = true;
    body = style.columns;
  } else if (format.starts_with("table ") || format.starts_with("table{{")) {
    plan.table = true;
    body.remove_prefix(k_table.size());
    body = trim(body);
  }
  plan.source = unescape(body);
  plan.whole = wants_all_rows(plan.source);
  plan.line_end = line_end_for(plan.source);
  return plan;
}

std::string heading_line(const Template& columns, const ListingStyle& style) {
  Json titles = Json::object();
  for (const Heading& heading : style.headings) {
    titles[std::string(heading.field)] = std::string(heading.title);
  }
  Schema schema;
  schema.headings = true;
  return columns.execute(titles, schema);
}

}  // namespace

bool is_json_format(std::string_view format) {
  return trim(format) == "json";
}

std::string render_listing(const Json& rows, const ListingStyle& style,
                           const ListingRequest& request) {
  if (is_json_format(request.format)) return dump_json_pretty(rows) + "\n";
  const Plan plan = plan_listing(style, request.format);
  const Template columns(plan.source, std::string(style.command));
  std::string text;
  if (plan.table && request.headings && !plan.whole) {
    text.append(heading_line(columns, style)).append(plan.line_end);
  }
  if (plan.whole) {
    text += columns.execute(rows, style.schema);
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
  } else {
    for (const Json& row : rows)
      text.append(columns.execute(row, style.schema)).append(plan.line_end);
  }
  return plan.table ? align_columns(text, style.widths) : text;
}

std::string render_object(const Json& object, std::string_view format, std::string_view command,
                          const Schema& schema) {
  if (is_json_format(format)) return dump_json_pretty(object) + "\n";
  const std::string source = unescape(format);
  return Template(source, std::string(command))
      .execute(object, schema)
      .append(line_end_for(source));
}

}  // namespace coracle::cli::format
