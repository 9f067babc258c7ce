// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "engine/container/lifecycle.hpp"

namespace coracle::engine {

std::string hosts_text(const store::ContainerConfig& config, std::string_view host_file) {
  std::string text;
  for (const auto& line : split(host_file, '\n')) {
    // The host's own names for itself mean nothing inside, localhost does.
    const bool foreign = config.network.mode != store::NamespaceMode::host &&
                         line.starts_with("127.") && line.find("localhost") == std::string::npos;
    if (!line.empty() && !foreign) text += line + "\n";
  }
  if (text.find("localhost") == std::string::npos) {
    text += "127.0.0.1\tlocalhost\n::1\tlocalhost\n";
  }
  for (const auto& [name, address] : config.hosts) text += fmt::format("{}\t{}\n", address, name);
  if (config.network.mode != store::NamespaceMode::host && !config.hostname.empty()) {
    text += fmt::format("127.0.1.1\t{} {}\n", config.hostname, config.name);
  }
  return text;
}

std::string resolv_conf_text(const store::ContainerConfig& config, std::string_view host_file) {
  std::string text;
  const auto keep = [&](std::string_view keyword) {
    for (const auto& line : split(host_file, '\n')) {
      if (line.starts_with(keyword)) text += line + "\n";
    }
  };
  if (config.dns_search.empty()) {
    keep("search");
  } else if (config.dns_search != std::vector<std::string>{"."}) {
    text += "search " + join(config.dns_search, " ") + "\n";
  }
  if (config.dns.empty()) {
    keep("nameserver");
  } else {
    for (const auto& server : config.dns) text += "nameserver " + server + "\n";
  }
  if (config.dns_options.empty()) {
    keep("options");
  } else {
    text += "options " + join(config.dns_options, " ") + "\n";
  }
  return text;
}

std::optional<runtime::SeccompProgram> load_seccomp_filter(Context& context,
                                                           const store::ContainerConfig& config,
                                                           const oci::Capabilities& capabilities) {
  if (config.seccomp == "unconfined" || (config.privileged && config.seccomp.empty())) {
    return std::nullopt;
  }
  const std::string cache = context.cache_directory() + "/seccomp";
  const auto bounding = linux::capability_set(capabilities.bounding);
  if (config.seccomp.empty()) return runtime::load_default_seccomp(cache, bounding);
  const auto profile = runtime::SeccompProfile::parse(linux::read_file(config.seccomp), config.seccomp);
  return runtime::load_seccomp(
      cache, profile.resolve(runtime::SeccompConditions::of_this_machine(bounding)));
}

}  // namespace coracle::engine
