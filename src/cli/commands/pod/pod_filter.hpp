// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "cli/commands/name_pattern.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/pods.hpp"

namespace coracle::cli {

/// The name of a network that was called by its name or id; nothing if there is none.
using NetworkNaming = std::function<std::optional<std::string>(const std::string&)>;

/// The filters of pod ps: values of one key are alternatives, labels and keys must all fit.
class PodFilter {
 public:
  /// @throws Error invalid_argument for an unknown key or a bad value
  PodFilter(const std::vector<std::string>& texts, const NetworkNaming& naming);
  bool fits(const engine::PodSummary& pod) const;

 private:
  struct Condition {
    std::string key;
    std::string value;   ///< of network: its name
    std::regex pattern;  ///< of names
    IdPattern id;
    Timestamp limit;          ///< of until
    bool is_possible = true;  ///< false: nothing fits, as there is no such network
  };
  static Condition parse_condition(std::string key, std::string value, const NetworkNaming& naming);
  static bool fits_one(const engine::PodSummary& pod, const Condition& condition);

  std::vector<Condition> conditions_;
};

/// The container that holds what the pod shares, or null.
const engine::ContainerSummary* infra_of(const engine::PodSummary& pod);
/// The names of the networks that the pod is on.
std::vector<std::string> networks_of(const engine::PodSummary& pod);

}  // namespace coracle::cli
