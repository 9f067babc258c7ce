// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/networks.hpp"

namespace coracle::cli {
namespace {

void declare_addresses(OptionSet& options, engine::NetworkRequest& request) {
  options.add("subnet", '\0', request.subnets, "Subnet of its addresses: 10.1.0.0/24");
  options.add("gateway", '\0', request.gateways, "Gateway of the subnet; none for none")
      .comma_separated();
  options.add("ip-range", '\0', request.ip_ranges,
              "Addresses of the subnet that containers get: a subnet of it, or FIRST-LAST");
  options.add("ipv6", '\0', request.ipv6, "Have IPv6 addresses, too");
  options.add("ipam-driver", '\0', request.ipam_driver, "What gives addresses to containers")
      .choices({"host-local", "none"});
  options.add("route", '\0', request.routes,
              "Route of its containers: DESTINATION,GATEWAY[,METRIC]");
}

}  // namespace

void setup_network_create(Command& command) {
  auto& request = command.values<engine::NetworkRequest>();
  command.usage("[options] [NAME]")
      .arguments(ArgumentRule::at_most(1))
      .example("network create --subnet 10.1.0.0/24 web")
      .run([&request](CommandContext& context) {
        auto engine = open_engine(context);
        if (!context.arguments.empty()) request.name = context.arguments[0];
        context.out.line(engine::create_network(engine, request).name);
        return 0;
      });
  OptionSet& options = command.options();
  options.add("driver", 'd', request.driver, "Kind of the network")
      .choices({"bridge", "ipvlan", "macvlan"});
  declare_addresses(options, request);
  options.add("dns", '\0', request.dns, "Name server that names from outside are asked of")
      .comma_separated();
  options.add("disable-dns", '\0', request.disable_dns,
              "Containers do not find each other by name");
  options.add("internal", '\0', request.internal, "Have no way out of the network");
  options.add("interface-name", '\0', request.interface_name,
              "Name of the bridge, or of the host's interface that the network is on");
  options.add("label", '\0', request.labels, "Set a label: KEY=VALUE");
  options.add("opt", 'o', request.options, "Set an option of the driver: KEY=VALUE");
  options.add("ignore", '\0', request.ignore, "Take one of that name as it is");
  options.add_ignored("attachable", '\0', Option::Arity::flag, "Known to docker");
}

}  // namespace coracle::cli
