// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "cli/format/human_size.hpp"
#include "cli/format/listing.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/oci/reference.hpp"

namespace coracle::cli {
namespace {

struct Values {
  bool all = false;
  bool quiet = false;
  bool digests = false;
  bool no_trunc = false;
  bool noheading = false;
  std::string format;
  std::string sort = "created";
  std::vector<std::string> filters;
};

/// One row of the listing: an image under one of its names.
struct Row {
  store::ImageSummary image;
  std::string repository = "<none>";
  std::string tag = "<none>";
};

std::vector<Row> rows_of(const std::vector<store::ImageSummary>& images) {
  std::vector<Row> rows;
  for (const auto& image : images) {
    if (image.names.empty()) rows.push_back({image});
    const auto tags = store::tags_of(image);
    // A name by digest is shown where there is nothing better.
    for (const auto& name : tags.empty() ? image.names : tags) {
      const auto reference = oci::parse_reference(name);
      rows.push_back({image, reference.name(), reference.has_tag() ? reference.tag : "<none>"});
    }
  }
  return rows;
}

bool name_fits(const Row& row, const std::string& wanted) {
  const std::string name = row.repository + ":" + row.tag;
  for (const std::string& pattern : {wanted, wanted + ":" + row.tag}) {
    if (name == pattern || name.ends_with("/" + pattern)) return true;
  }
  return false;
}

class ImageFilter {
 public:
  ImageFilter(engine::Context& engine, const std::vector<std::string>& texts)
      : engine_(engine), filters_(parse_filters(texts)) {
    for (auto& filter : filters_) {
      if (filter.key == "before" || filter.key == "since" || filter.key == "after") {
        filter.value = engine.images().find(filter.value).created;
      }
    }
  }
  bool fits(const Row& row) const {
    return std::ranges::all_of(filters_,
                               [&](const Filter& filter) { return fits_one(row, filter); });
  }

 private:
  bool fits_one(const Row& row, const Filter& filter) const {
    const auto& value = filter.value;
    if (filter.key == "reference") return name_fits(row, value);
    if (filter.key == "dangling")
      return row.image.names.empty() == parse_bool(value).value_or(true);
    if (filter.key == "id") return row.image.id.starts_with(value);
    if (filter.key == "before") return row.image.created < value;
    if (filter.key == "since" || filter.key == "after") return row.image.created > value;
    if (filter.key == "label") {
      return label_fits(engine_.images().load(row.image).config.config.labels, value);
    }
    throw Error(ErrorClass::invalid_argument, "unsupported image filter \"{}\"", filter.key);
  }

  engine::Context& engine_;
  std::vector<Filter> filters_;
};

void sort_rows(std::vector<Row>& rows, const std::string& key) {
  if (key == "repository") std::ranges::stable_sort(rows, {}, &Row::repository);
  if (key == "tag") std::ranges::stable_sort(rows, {}, &Row::tag);
  if (key == "id") std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.image.id; });
  if (key == "size")
    std::ranges::stable_sort(rows, {}, [](const Row& row) { return row.image.size; });
}

Json row_document(const Row& row, bool full) {
  const auto created = parse_rfc3339(row.image.created);
  return {{"Repository", row.repository},
          {"Tag", row.tag},
          {"ID", full ? "sha256:" + row.image.id : short_id(row.image.id)},
          {"Digest", row.image.manifest.str()},
          {"Created", human_age(row.image.created)},
          {"CreatedSince", human_age(row.image.created)},
          {"CreatedAt", created ? format_go_local(*created) : ""},
          {"CreatedTime", created ? format_go_local(*created) : ""},
          {"Size", format::human_size_spaced(row.image.size)},
          {"Names", row.image.names},
          {"ReadOnly", false}};
}

Json image_document(engine::Context& engine, const store::ImageSummary& summary,
                    const std::map<std::string, std::size_t>& users) {
  const auto image = engine.images().load(summary);
  const auto created = parse_rfc3339(summary.created);
  const auto used = users.find(summary.id);
  const auto seconds =
      created ? std::chrono::floor<std::chrono::seconds>(*created).time_since_epoch().count() : 0;
  return {{"Id", summary.id},
          {"ParentId", ""},
          {"RepoTags", store::tags_of(summary)},
          {"RepoDigests", store::repo_digests(summary)},
          {"Size", summary.size},
          {"SharedSize", 0},
          {"VirtualSize", summary.size},
          {"Labels", image.config.config.labels},
          {"Containers", used == users.end() ? 0 : used->second},
          {"Names", summary.names},
          {"Digest", summary.manifest.str()},
          {"History", summary.names},
          {"Created", seconds},
          {"CreatedAt", created ? format_rfc3339(*created) : ""}};
}

constexpr format::Heading k_headings[] = {{"ID", "IMAGE ID"},
                                          {"CreatedAt", "CREATED AT"},
                                          {"CreatedSince", "CREATED"},
                                          {"CreatedTime", "CREATED TIME"}};

int list(const Values& values, CommandContext& context) {
  auto engine = open_engine(context);
  const ImageFilter filter(engine, values.filters);
  auto rows = rows_of(engine.images().list());
  std::erase_if(rows, [&](const Row& row) {
    const bool named = context.arguments.empty() || name_fits(row, context.arguments[0]) ||
                       row.image.id.starts_with(context.arguments[0]);
    return !named || !filter.fits(row);
  });
  sort_rows(rows, values.sort);
  std::set<std::string> shown;
  Json documents = Json::array();
  const bool json = format::is_json_format(values.format);
  std::map<std::string, std::size_t> users;
  if (json) {
    for (const auto& container : engine::list_containers(engine))
      ++users[container.config.image_id];
  }
  for (const auto& row : rows) {
    if ((values.quiet || json) && !shown.insert(row.image.id).second) continue;
    if (values.quiet) {
      context.out.line(values.no_trunc ? "sha256:" + row.image.id : short_id(row.image.id));
    } else {
      documents.push_back(json ? image_document(engine, row.image, users)
                               : row_document(row, values.no_trunc));
    }
  }
  if (values.quiet) return 0;
  const format::ListingStyle style{
      .command = "images",
      .columns = values.digests
                     ? "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.Created}}\t{{.Size}}"
                     : "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.Created}}\t{{.Size}}",
      .schema = {.type_name = "images.imageReporter", .records = true},
      .headings = k_headings};
  context.out.write(format::render_listing(documents, style, {values.format, !values.noheading}));
  return 0;
}

}  // namespace

void setup_images(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] [IMAGE]")
      .arguments(ArgumentRule::at_most(1), CompletionKind::image)
      .example("images --filter dangling=true")
      .run([&values](CommandContext& context) { return list(values, context); });
  OptionSet& options = command.options();
  options.add("all", 'a', values.all, "Show all images");
  options.add("digests", '\0', values.digests, "Show digests");
  options.add("filter", 'f', values.filters,
              "Show only images that fit: reference=, label=, dangling=, before=, since=, id=");
  options.add("format", '\0', values.format, "Change the output format to JSON or a Go template");
  options.add("no-trunc", '\0', values.no_trunc, "Show full ids");
  options.add("noheading", 'n', values.noheading, "Leave out the headings");
  options.add("quiet", 'q', values.quiet, "Show only the ids");
  options.add("sort", '\0', values.sort, "Sort by created, id, repository, size or tag")
      .choices({"created", "id", "repository", "size", "tag"});
}

}  // namespace coracle::cli
