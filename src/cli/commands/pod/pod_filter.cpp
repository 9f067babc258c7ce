// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/pod/pod_filter.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

constexpr std::array<std::string_view, 11> k_keys = {
    "ctr-ids", "ctr-names", "ctr-number", "ctr-status", "id",   "label",
    "label!",  "name",      "network",    "status",     "until"};
constexpr std::array<std::string_view, 7> k_statuses = {"created", "dead",    "degraded", "exited",
                                                        "paused",  "running", "stopped"};
constexpr std::array<std::string_view, 6> k_container_statuses = {"created", "exited",  "paused",
                                                                  "running", "stopped", "unknown"};

bool contains(std::span<const std::string_view> known, const std::string& value) {
  return std::ranges::find(known, value) != known.end();
}

}  // namespace

const engine::ContainerSummary* infra_of(const engine::PodSummary& pod) {
  const auto found = std::ranges::find_if(
      pod.containers, [](const auto& container) { return container.config.is_infra; });
  return found == pod.containers.end() ? nullptr : &*found;
}

std::vector<std::string> networks_of(const engine::PodSummary& pod) {
  std::vector<std::string> names;
  if (const auto* infra = infra_of(pod)) {
    for (const auto& connection : infra->config.networks) names.push_back(connection.network);
  }
  return names;
}

PodFilter::Condition PodFilter::parse_condition(std::string key, std::string value,
                                                const NetworkNaming& naming) {
  Condition condition{.key = std::move(key), .value = std::move(value)};
  const auto& name = condition.key;
  if (name == "name" || name == "ctr-names") {
    condition.pattern = parse_name_pattern(condition.value);
  } else if (name == "id" || name == "ctr-ids") {
    condition.id = IdPattern(condition.value);
  } else if (name == "status" && !contains(k_statuses, condition.value)) {
    throw Error(ErrorClass::invalid_argument, "{} is not a valid pod status", condition.value);
  } else if (name == "ctr-status" && !contains(k_container_statuses, condition.value)) {
    throw Error(ErrorClass::invalid_argument, "{} is not a valid status", condition.value);
  } else if (name == "until") {
    const auto limit = parse_moment(condition.value, now());
    if (!limit) {
      throw Error(ErrorClass::invalid_argument, "failed to parse '{}' as a time or a duration",
                  condition.value);
    }
    condition.limit = *limit;
  } else if (name == "network") {
    const auto network = naming(condition.value);
    condition.is_possible = network.has_value();
    condition.value = network.value_or("");
  }
  return condition;
}

PodFilter::PodFilter(const std::vector<std::string>& texts, const NetworkNaming& naming) {
  for (auto& filter : parse_filters(texts)) {
    if (!contains(k_keys, filter.key)) {
      throw Error(ErrorClass::invalid_argument, "{} is an invalid filter", filter.key);
    }
    conditions_.push_back(parse_condition(std::move(filter.key), std::move(filter.value), naming));
  }
}

bool PodFilter::fits(const engine::PodSummary& pod) const {
  return std::ranges::all_of(conditions_, [&](const Condition& condition) {
    const bool is_label = condition.key == "label" || condition.key == "label!";
    if (is_label) return fits_one(pod, condition);
    return std::ranges::any_of(conditions_, [&](const Condition& other) {
      return other.key == condition.key && fits_one(pod, other);
    });
  });
}

bool PodFilter::fits_one(const engine::PodSummary& pod, const Condition& condition) {
  const auto& [key, value, pattern, id, limit, is_possible] = condition;
  const auto& config = pod.config;
  if (key == "id") return id.fits(config.id);
  if (key == "name") return std::regex_search(config.name, pattern);
  if (key == "label") return label_fits(config.labels, value);
  if (key == "label!") return !label_fits(config.labels, value);
  if (key == "status") return to_lower(pod.status()) == value;
  if (key == "ctr-number") return parse_int(value) == std::ssize(pod.containers);
  if (key == "until") {
    const auto created = parse_rfc3339(config.created);
    return created && *created < limit;
  }
  if (key == "network") {
    const auto networks = networks_of(pod);
    return is_possible && std::ranges::find(networks, value) != networks.end();
  }
  return std::ranges::any_of(pod.containers, [&](const engine::ContainerSummary& container) {
    if (key == "ctr-ids") return condition.id.fits(container.config.id);
    if (key == "ctr-names") return std::regex_search(container.config.name, condition.pattern);
    const auto status = store::to_string(container.state.status);
    return status == (condition.value == "stopped" ? "exited" : condition.value);
  });
}

}  // namespace coracle::cli
