// SPDX-License-Identifier: Apache-2.0
#include "coracle/config/signature_policy.hpp"

#include <unistd.h>

#include "config/config_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::config {
namespace {

constexpr std::string_view k_system_directory = "/etc/containers";
constexpr std::size_t k_max_file_size = 4U << 20;

SignaturePolicy::Requirements read_requirements(const Json& list) {
  if (!list.is_array() || list.empty()) {
    throw Error(ErrorClass::invalid_argument, "expected a list of requirements that is not empty");
  }
  SignaturePolicy::Requirements types;
  for (const Json& requirement : list) types.push_back(json::require_string(requirement, "type"));
  return types;
}

/// The scopes that hold `scope`, the closest first: "a.b/c/d:1", "a.b/c/d", "a.b/c", "a.b", "*.b",
/// "".
std::vector<std::string> scopes_above(std::string_view scope) {
  std::vector<std::string> scopes = {std::string(scope)};
  std::string rest(scope.substr(0, scope.find('@')));
  const auto colon = rest.rfind(':');
  if (colon != std::string::npos && colon > rest.rfind('/') &&
      rest.find('/') != std::string::npos) {
    rest.resize(colon);
  }
  if (rest != scopes.back()) scopes.push_back(rest);
  for (auto slash = rest.rfind('/'); slash != std::string::npos; slash = rest.rfind('/')) {
    rest.resize(slash);
    if (!rest.empty()) scopes.push_back(rest);
  }
  for (auto dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.', dot + 1)) {
    scopes.push_back("*" + rest.substr(dot));
  }
  scopes.emplace_back();
  return scopes;
}

}  // namespace

SignaturePolicy parse_signature_policy(std::string_view text, const std::string& file) {
  SignaturePolicy policy;
  policy.file = file;
  const Json document = parse_json(text, file);
  in_context("reading '" + file + "'", [&] {
    policy.fallback = read_requirements(json::require(document, "default"));
    const Json* transports = json::find(document, "transports");
    if (transports == nullptr) return;
    if (!transports->is_object()) {
      throw Error(ErrorClass::invalid_argument, "transports: expected an object");
    }
    for (const auto& [transport, scopes] : transports->items()) {
      if (!scopes.is_object()) {
        throw Error(ErrorClass::invalid_argument, "transports.{}: expected an object", transport);
      }
      for (const auto& [scope, list] : scopes.items()) {
        policy.transports[transport][scope] =
            in_context("transport '" + transport + "', scope '" + scope + "'",
                       [&list = list] { return read_requirements(list); });
      }
    }
  });
  return policy;
}

const SignaturePolicy::Requirements& SignaturePolicy::requirements_for(
    std::string_view transport, std::string_view scope) const {
  const auto scopes = transports.find(std::string(transport));
  if (scopes == transports.end()) return fallback;
  for (const auto& candidate : scopes_above(scope)) {
    const auto found = scopes->second.find(candidate);
    if (found != scopes->second.end()) return found->second;
  }
  return fallback;
}

void SignaturePolicy::require_allowed(std::string_view transport, std::string_view scope) const {
  for (const auto& type : requirements_for(transport, scope)) {
    if (type == "insecureAcceptAnything") continue;
    if (type == "reject") {
      throw Error(ErrorClass::permission_denied, "running image {}:{} is rejected by policy '{}'",
                  transport, scope, file);
    }
    Error error(ErrorClass::not_implemented,
                "policy '{}' asks for '{}' of {}:{}: signatures cannot be verified yet", file, type,
                transport, scope);
    error.set_hint(
        "allow the scope with insecureAcceptAnything, or fetch the image with a tool that "
        "verifies");
    throw error;
  }
}

std::string signature_policy_file() {
  const std::string own = own_containers_directory();
  std::string file = own + "/policy.json";
  if (!own.empty() && linux::exists(file)) return file;
  return std::string(k_system_directory) + "/policy.json";
}

void set_signature_policy(const std::string& scope, const std::string& type) {
  std::string file = signature_policy_file();
  const auto known = linux::read_file_if_exists(file, k_max_file_size);
  Json document =
      known ? parse_json(*known, file) : Json{{"default", {{{"type", "insecureAcceptAnything"}}}}};
  const Json requirement = {{{"type", type == "reject" ? "reject" : "insecureAcceptAnything"}}};
  if (scope == "default") {
    document["default"] = requirement;
  } else {
    document["transports"]["docker"][scope] = requirement;
  }
  // The system's file is root's: another user begins with a copy of it.
  if (::geteuid() != 0 && file.starts_with(k_system_directory)) {
    file = own_containers_directory() + "/policy.json";
  }
  const std::string text = dump_json_pretty(document) + "\n";
  (void)parse_signature_policy(text, file);
  linux::ensure_directory(parent_path(file), 0755);
  linux::write_file_atomic(file, text, linux::Durability::power_loss, 0644);
}

SignaturePolicy load_signature_policy() {
  const std::string file = signature_policy_file();
  const auto text = linux::read_file_if_exists(file, k_max_file_size);
  return text ? parse_signature_policy(*text, file) : SignaturePolicy();
}

}  // namespace coracle::config
