// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/network/network_filter.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

constexpr std::array<std::string_view, 3> k_prune_keys = {"label", "label!", "until"};
constexpr std::array<std::string_view, 7> k_listing_keys = {"dangling", "driver", "id",   "label",
                                                            "label!",   "name",   "until"};

}  // namespace

NetworkFilter::Condition NetworkFilter::parse_condition(std::string key, std::string value) {
  Condition condition{.key = std::move(key), .value = std::move(value)};
  if (condition.key == "name") condition.pattern = parse_name_pattern(condition.value);
  if (condition.key == "id") condition.id = IdPattern(condition.value);
  if (condition.key == "until") {
    const auto limit = parse_moment(condition.value, now());
    if (!limit) {
      throw Error(ErrorClass::invalid_argument, "failed to parse '{}' as a time or a duration",
                  condition.value);
    }
    condition.limit = *limit;
  }
  if (condition.key == "dangling") {
    const auto wanted = parse_bool(condition.value);
    if (!wanted) {
      throw Error(ErrorClass::invalid_argument, "invalid dangling filter value \"{}\"",
                  condition.value);
    }
    condition.wanted = *wanted;
  }
  return condition;
}

NetworkFilter::NetworkFilter(const std::vector<std::string>& texts, Keys keys) {
  const auto known = keys == Keys::of_prune ? std::span<const std::string_view>(k_prune_keys)
                                            : std::span<const std::string_view>(k_listing_keys);
  for (auto& filter : parse_filters(texts)) {
    if (std::ranges::find(known, filter.key) == known.end()) {
      throw Error(ErrorClass::invalid_argument, "invalid filter \"{}\"", filter.key);
    }
    conditions_.push_back(parse_condition(std::move(filter.key), std::move(filter.value)));
  }
}

bool NetworkFilter::asks_for_use() const {
  return std::ranges::find(conditions_, "dangling", &Condition::key) != conditions_.end();
}

bool NetworkFilter::fits(const store::NetworkConfig& network,
                         const std::set<std::string>& used) const {
  return std::ranges::all_of(conditions_, [&](const Condition& condition) {
    const bool is_label = condition.key == "label" || condition.key == "label!";
    if (is_label) return fits_one(network, condition, used);
    return std::ranges::any_of(conditions_, [&](const Condition& other) {
      return other.key == condition.key && fits_one(network, other, used);
    });
  });
}

bool NetworkFilter::fits_one(const store::NetworkConfig& network, const Condition& condition,
                             const std::set<std::string>& used) {
  const auto& [key, value, pattern, id, limit, wanted] = condition;
  if (key == "label") return label_fits(network.labels, value);
  if (key == "label!") return !label_fits(network.labels, value);
  if (key == "driver") return network.driver == value;
  if (key == "dangling") return used.contains(network.name) != wanted;
  if (key == "until") {
    const auto created = parse_rfc3339(network.created);
    return created && *created < limit;
  }
  if (key == "id") return id.fits(network.id);
  return std::regex_search(network.name, pattern);
}

}  // namespace coracle::cli
