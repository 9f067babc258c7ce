// SPDX-License-Identifier: Apache-2.0
#include "engine/image/short_names.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::engine {
namespace {

oci::Reference in_full(std::string_view name, const oci::Reference& given) {
  oci::Reference full = oci::parse_normalized(name);
  full.tag = given.tag;
  full.digest = given.digest;
  if (full.has_digest()) full.tag.clear();
  return full.with_default_tag();
}

}  // namespace

std::vector<oci::Reference> resolve_short_name(std::string_view name,
                                               const config::Registries& registries) {
  const auto given = oci::parse_reference(name);
  if (given.has_domain()) return {in_full(given.name(), given)};
  const auto alias = registries.aliases.find(given.name());
  if (alias != registries.aliases.end()) return {in_full(alias->second, given)};
  const auto& search = registries.unqualified_search;
  if (search.empty()) return {in_full(given.name(), given)};
  if (search.size() > 1 && registries.short_name_mode == config::ShortNameMode::enforcing) {
    Error error(ErrorClass::conflict,
                "short-name \"{}\" did not resolve to an alias, and may be in any of {}", name,
                join(search, ", "));
    error.set_hint("give it with its registry, or set an alias in registries.conf");
    throw error;
  }
  std::vector<oci::Reference> candidates;
  for (const auto& registry : search) {
    candidates.push_back(in_full(registry + "/" + given.name(), given));
  }
  return candidates;
}

}  // namespace coracle::engine
