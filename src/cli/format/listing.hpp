// SPDX-License-Identifier: Apache-2.0
// Rows of objects, printed as a table, as JSON or by a template: what `ps`, `images` and every
// other listing do with --format.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/format/schema.hpp"
#include "cli/format/table.hpp"
#include "coracle/base/json.hpp"

namespace coracle::cli::format {

/// A column's title where it is not the field's name taken apart ("ContainerID": "CONTAINER ID").
struct Heading {
  std::string_view field;
  std::string_view title;
};

/// What a command's listing looks like.
struct ListingStyle {
  std::string_view command;  ///< names the template in messages
  std::string_view columns;  ///< without --format: "{{.ID}}\t{{.Image}}"
  Schema schema = {};        ///< of a row
  std::span<const Heading> headings = {};
  ColumnStyle widths = k_podman_columns;
};

struct ListingRequest {
  std::string_view format = {};  ///< --format: "", "json", "table …" or a template
  bool headings = true;          ///< false: --noheading
};

/// What --format asks for.
bool is_json_format(std::string_view format);

/// @param rows  an array of objects
/// @throws Error invalid_argument for a bad template
std::string render_listing(const Json& rows, const ListingStyle& style,
                           const ListingRequest& request);

/// One object by a template (inspect, version, info): its text and a newline.
std::string render_object(const Json& object, std::string_view format, std::string_view command,
                          const Schema& schema = {});

}  // namespace coracle::cli::format
