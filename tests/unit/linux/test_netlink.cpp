// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "coracle/linux/namespaces.hpp"
#include "coracle/linux/netlink.hpp"
#include "support/errors.hpp"
#include "support/namespaces.hpp"

using namespace coracle;
using namespace coracle::linux;

namespace {

NetlinkMessage link_request(std::uint16_t type, std::uint16_t flags) {
  NetlinkMessage request(type, flags);
  request.header(ifinfomsg{});
  return request;
}

NetlinkMessage new_pair(const std::string& name, const std::string& other) {
  NetlinkMessage request = link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  request.add_text(IFLA_IFNAME, name).nest(IFLA_LINKINFO, [&](NetlinkMessage& info) {
    info.add_text(IFLA_INFO_KIND, "veth").nest(IFLA_INFO_DATA, [&](NetlinkMessage& data) {
      data.nest(VETH_INFO_PEER, [&](NetlinkMessage& peer) {
        peer.header(ifinfomsg{});
        peer.add_text(IFLA_IFNAME, other);
      });
    });
  });
  return request;
}

/// The names of the interfaces, with their flags' "up".
std::string interfaces() {
  std::set<std::string> found;
  NetlinkSocket(NETLINK_ROUTE)
      .query(
          link_request(RTM_GETLINK, NLM_F_DUMP),
          [&](const NetlinkAnswer& answer) {
            const auto header = answer.header<ifinfomsg>();
            const auto attributes = answer.attributes(sizeof header);
            found.insert(std::string(attributes.text(IFLA_IFNAME)) +
                         ((header.ifi_flags & IFF_UP) != 0 ? "+" : ""));
          },
          "list the interfaces");
  std::string text;
  for (const auto& name : found) text += name + " ";
  return text;
}

/// As root of a user namespace, with a network namespace of its own.
template <typename Work>
std::string with_own_network(Work&& work) {
  return test::in_user_namespace({{{0, ::geteuid(), 1}}, {{0, ::getegid(), 1}}}, [&] {
    const Fd made = make_network_namespace();
    std::string text;
    in_network_namespace(made.get(), [&] { text = work(); });
    return text;
  });
}

}  // namespace

TEST_CASE("messages hold what was put into them") {
  NetlinkMessage message(RTM_NEWLINK, NLM_F_ACK);
  message.header(ifinfomsg{});
  message.add_text(IFLA_IFNAME, "eth0").add<std::uint32_t>(IFLA_MTU, 1500);
  message.nest(IFLA_LINKINFO,
               [](NetlinkMessage& info) { info.add_text(IFLA_INFO_KIND, "bridge").add_flag(77); });
  const auto bytes = message.finish(9);
  nlmsghdr head{};
  std::memcpy(&head, bytes.data(), sizeof head);
  CHECK(head.nlmsg_len == bytes.size());
  CHECK(head.nlmsg_seq == 9);
  CHECK(head.nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK));
  const NetlinkAnswer answer{head.nlmsg_type, bytes.subspan(sizeof head)};
  const auto attributes = answer.attributes(sizeof(ifinfomsg));
  CHECK(attributes.text(IFLA_IFNAME) == "eth0");
  CHECK(attributes.number(IFLA_MTU) == 1500);
  CHECK(attributes.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND) == "bridge");
  CHECK(attributes.nested(IFLA_LINKINFO).has(77));
  CHECK_FALSE(attributes.has(IFLA_ADDRESS));
  CHECK(attributes.number(IFLA_ADDRESS) == 0);
  CHECK(attributes.text(IFLA_ADDRESS).empty());
}

TEST_CASE("attributes that are cut short are not seen") {
  NetlinkMessage message(0, 0);
  message.add_text(1, "one").add_text(2, "two");
  const auto all = message.finish(1).subspan(sizeof(nlmsghdr));
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const NetlinkAttributes attributes(all.first(size));
    CHECK(attributes.has(1) == (size >= 8));
    CHECK(attributes.has(2) == (size >= 16));
  }
}

TEST_CASE("work in another network namespace") {
  const std::string here = interfaces();
  CHECK(with_own_network([] { return interfaces(); }) == "lo+ ");
  CHECK(with_own_network([] {
          NetlinkSocket netlink(NETLINK_ROUTE);
          netlink.apply(new_pair("left", "right"), "make a pair");
          return interfaces();
        }) == "left lo+ right ");
  CHECK(with_own_network([]() -> std::string { throw Error(ErrorClass::conflict, "thrown"); }) ==
        "error: thrown");
  // It is a process of its own, which somebody may kill.
  CHECK(with_own_network([]() -> std::string {
          ::kill(::getpid(), SIGKILL);
          return "";
        }) == "error: the process in another namespace ended with exit code 137");
  CHECK(interfaces() == here);
}

TEST_CASE("what the kernel refuses is told in its words") {
  const std::string said = with_own_network([] {
    NetlinkSocket netlink(NETLINK_ROUTE);
    netlink.apply(new_pair("left", "right"), "make a pair");
    std::string text =
        test::error_of([&] { netlink.apply(new_pair("left", "again"), "make a pair"); }).describe();
    // The conversation goes on after that.
    text += " / " + std::to_string(netlink.try_apply(new_pair("other", "one"))) + " ";
    return text += interfaces();
  });
  CHECK(test::has(said, "cannot make a pair"));
  CHECK(test::has(said, "File exists"));
  CHECK(test::has(said, "/ 0 left lo+ one other right "));
}

TEST_CASE("announcements are heard") {
  const std::string heard = with_own_network([] {
    NetlinkSocket listener(NETLINK_ROUTE, RTMGRP_LINK);
    NetlinkSocket(NETLINK_ROUTE).apply(new_pair("left", "right"), "make a pair");
    std::set<std::string> names;
    listener.read_announcements([&](const NetlinkAnswer& answer) {
      names.insert(std::string(answer.attributes(sizeof(ifinfomsg)).text(IFLA_IFNAME)));
    });
    return std::to_string(names.size());
  });
  CHECK(heard == "2");
}
