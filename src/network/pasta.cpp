// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "coracle/network/user_mode.hpp"

namespace coracle::network {
namespace {

/// Whether the user has chosen something already: "-a", "--address", "--address=…".
bool has_option(const std::vector<std::string>& options, std::string_view short_name,
                std::string_view long_name) {
  return std::ranges::any_of(options, [&](const std::string& option) {
    return option == short_name || option == long_name ||
           option.starts_with(std::string(long_name) + "=");
  });
}

class CommandLine {
 public:
  explicit CommandLine(const std::vector<std::string>& given) : given_(given) {}
  void add(std::initializer_list<std::string> words) {
    words_.insert(words_.end(), words.begin(), words.end());
  }
  /// Unless the user says otherwise.
  void add_default(std::string_view short_name, std::string_view long_name,
                   const std::string& value) {
    if (!has_option(given_, short_name, long_name)) add({std::string(long_name), value});
  }
  bool is_given(std::string_view short_name, std::string_view long_name) const {
    return has_option(given_, short_name, long_name);
  }
  std::vector<std::string> finish() {
    words_.insert(words_.end(), given_.begin(), given_.end());
    return std::move(words_);
  }

 private:
  const std::vector<std::string>& given_;
  std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> plan_pasta(const UserModePlan& plan, const std::string& name_space,
                                    const std::string& ready) {
  // podman's word for pasta's default.
  std::vector<std::string> given = plan.options;
  const bool map_gateway = std::erase(given, "--map-gw") > 0;
  CommandLine line(given);
  line.add({"--config-net", "--quiet", "--foreground", "--no-netns-quit", "--netns-only"});
  line.add({"--netns", name_space, "--pid", ready});
  if (!map_gateway && !line.is_given("", "--no-map-gw")) line.add({"--no-map-gw"});
  if (!line.is_given("-a", "--address")) {
    const auto& addresses = plan.addresses;
    line.add({"--address", addresses.address.str()});
    line.add_default("-n", "--netmask", std::to_string(addresses.subnet.prefix()));
    line.add_default("-g", "--gateway", addresses.gateway.str());
    if (addresses.address_v6) {
      line.add({"--address", addresses.address_v6->str()});
      if (!line.is_given("-g", "--gateway")) line.add({"--gateway", addresses.gateway_v6->str()});
    }
  }
  line.add_default("", "--dns-forward", plan.addresses.name_server.str());
  line.add_default("-I", "--ns-ifname", "eth0");
  // Published ports have a process of their own.
  line.add_default("-t", "--tcp-ports", "none");
  line.add_default("-u", "--udp-ports", "none");
  line.add_default("-T", "--tcp-ns", "none");
  line.add_default("-U", "--udp-ns", "none");
  return line.finish();
}

}  // namespace coracle::network
