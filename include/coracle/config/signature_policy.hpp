// SPDX-License-Identifier: Apache-2.0
// Which images may be used at all: policy.json (containers-policy.json(5)). Of its requirements
// "insecureAcceptAnything" and "reject" are known; signatures are not verified here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::config {

struct SignaturePolicy {
  /// The types of a scope's requirements; all of them must be fulfilled.
  using Requirements = std::vector<std::string>;

  std::string file;  ///< where it is from; empty: there is none, and everything is accepted
  Requirements fallback = {"insecureAcceptAnything"};
  /// By transport ("docker", "docker-archive", …), then by scope; "" is the whole transport.
  std::map<std::string, std::map<std::string, Requirements>> transports;

  /// @param scope  for "docker" the name with tag or digest: "registry.example/team/app:1"; for the
  ///               others the path
  /// @throws Error permission_denied when it is rejected; not_implemented when the policy asks for
  ///         signatures; both name scope and file
  void require_allowed(std::string_view transport, std::string_view scope) const;

 private:
  const Requirements& requirements_for(std::string_view transport, std::string_view scope) const;
};

/// Which file counts: the user's policy.json, else that of the system, whether it is there or not.
std::string signature_policy_file();
/// Sets the requirement of a registry (or repository), or the default, in the file that counts:
/// what else there is stays. An ordinary user who has no file gets one, a copy of the system's.
/// @param scope  "default" or a name
/// @param type   "accept" or "reject"
void set_signature_policy(const std::string& scope, const std::string& type);

/// Reads the user's policy.json, else /etc/containers/policy.json.
/// @throws Error invalid_argument naming the file
SignaturePolicy load_signature_policy();
SignaturePolicy parse_signature_policy(std::string_view text, const std::string& file);

}  // namespace coracle::config
