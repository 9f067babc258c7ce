// SPDX-License-Identifier: Apache-2.0
// What a server asks for: the WWW-Authenticate field (RFC 9110, section 11.6.1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::registry {

struct Challenge {
  std::string scheme;                         ///< lower case: "bearer", "basic"
  std::map<std::string, std::string> values;  ///< by lower case name: realm, service, scope, …

  /// The value, or "".
  std::string_view value(std::string_view name) const;
};

/// All challenges of one field. What cannot be read ends the list; never throws for content.
std::vector<Challenge> parse_challenges(std::string_view field);

}  // namespace coracle::registry
