// SPDX-License-Identifier: Apache-2.0
#include "cli/command.hpp"
#include "cli/commands/commands.hpp"
#include "cli/format/listing.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/config/signature_policy.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli {
namespace {

struct Values {
  bool json = false;
  bool raw = false;
  bool noheading = false;
  std::string type = "signedBy";
};

std::string type_name(const config::SignaturePolicy::Requirements& requirements) {
  const std::string& type = requirements.front();
  return type == "insecureAcceptAnything" ? "accept" : type;
}

std::string transport_name(const std::string& transport) {
  return transport == "docker" ? "repository" : transport;
}

Json rows_of(const config::SignaturePolicy& policy) {
  Json rows = Json::array();
  const auto add = [&](const std::string& transport, const std::string& name,
                       const config::SignaturePolicy::Requirements& requirements) {
    rows.push_back({{"Transport", transport},
                    {"RepoName", name},
                    {"Type", type_name(requirements)},
                    {"GPGId", ""},
                    {"SignatureStore", ""}});
  };
  add("all", "default", policy.fallback);
  for (const auto& [transport, scopes] : policy.transports) {
    for (const auto& [scope, requirements] : scopes) {
      add(transport_name(transport), scope, requirements);
    }
  }
  return rows;
}

Json json_of(const Json& rows) {
  Json document = Json::array();
  for (const auto& row : rows) {
    const std::string name = json::get_string(row, "RepoName");
    document.push_back({{"transport", json::get_string(row, "Transport")},
                        {"name", name == "default" ? "* (default)" : name},
                        {"repo_name", name},
                        {"type", json::get_string(row, "Type")}});
  }
  return document;
}

int show(const Values& values, CommandContext& context) {
  if (values.raw) {
    context.out.write(linux::read_file(config::signature_policy_file(), 4U << 20));
    return 0;
  }
  Json rows = rows_of(config::load_signature_policy());
  if (!context.arguments.empty()) {
    Json chosen = Json::array();
    for (const auto& row : rows) {
      if (json::get_string(row, "RepoName") == context.arguments[0]) chosen.push_back(row);
    }
    rows = chosen;
  }
  if (values.json) {
    context.out.line(dump_json_pretty(json_of(rows)));
    return 0;
  }
  constexpr format::Heading k_headings[] = {
      {"RepoName", "NAME"}, {"GPGId", "ID"}, {"SignatureStore", "STORE"}};
  const format::ListingStyle style{
      .command = "show",
      .columns = "{{.Transport}}\t{{.RepoName}}\t{{.Type}}\t{{.GPGId}}\t{{.SignatureStore}}",
      .schema = {.type_name = "trust.Policy", .records = true},
      .headings = k_headings};
  context.out.write(format::render_listing(rows, style, {"", !values.noheading}));
  return 0;
}

int set(const Values& values, CommandContext& context) {
  if (values.type != "accept" && values.type != "reject") {
    throw Error(ErrorClass::not_implemented,
                "trust type '{}' is not supported: signatures cannot be verified yet; accept and "
                "reject are",
                values.type);
  }
  config::set_signature_policy(context.arguments[0], values.type);
  return 0;
}

}  // namespace

void setup_image_trust_show(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] [REGISTRY]")
      .arguments(ArgumentRule::at_most(1))
      .example("image trust show")
      .run([&values](CommandContext& context) { return show(values, context); });
  OptionSet& options = command.options();
  options.add("json", 'j', values.json, "Show JSON");
  options.add("noheading", 'n', values.noheading, "Leave out the headings");
  options.add("raw", '\0', values.raw, "Show the policy file as it is");
}

void setup_image_trust_set(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] REGISTRY")
      .arguments(ArgumentRule::exactly(1))
      .example("image trust set --type reject registry.example")
      .example("image trust set --type accept default")
      .run([&values](CommandContext& context) { return set(values, context); });
  OptionSet& options = command.options();
  options.add("type", 't', values.type, "accept or reject").choices({"accept", "reject"});
  options.add_refused("pubkeysfile", 'f', Option::Arity::value, "signatures");
}

}  // namespace coracle::cli
