// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "cli/commands/name_pattern.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/networks.hpp"

namespace coracle::cli {

/// The filters of network ls and network prune: values of one key are alternatives, labels and keys
/// must all fit.
class NetworkFilter {
 public:
  enum class Keys { of_listing, of_prune };

  /// @throws Error invalid_argument for an unknown key or a bad value
  NetworkFilter(const std::vector<std::string>& texts, Keys keys);
  /// Whether fits() has to know which networks are used.
  bool asks_for_use() const;
  /// @param used  names that are not dangling
  bool fits(const store::NetworkConfig& network, const std::set<std::string>& used) const;

 private:
  struct Condition {
    std::string key;
    std::string value;
    std::regex pattern;  ///< of names
    IdPattern id;
    Timestamp limit;     ///< of until
    bool wanted = true;  ///< of dangling
  };
  static Condition parse_condition(std::string key, std::string value);
  static bool fits_one(const store::NetworkConfig& network, const Condition& condition,
                       const std::set<std::string>& used);

  std::vector<Condition> conditions_;
};

}  // namespace coracle::cli
