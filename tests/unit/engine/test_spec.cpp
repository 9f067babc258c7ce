// SPDX-License-Identifier: Apache-2.0
// What a container's configuration becomes for the runtime, whole: tests/data/engine/.
#include <catch2/catch.hpp>

#include "coracle/base/json_value.hpp"
#include "engine/spec/spec.hpp"
#include "support/golden.hpp"

using namespace coracle;
using namespace coracle::engine;

namespace {

store::ContainerConfig plain_config() {
  store::ContainerConfig config;
  config.id = std::string(64, 'a');
  config.name = "web";
  config.hostname = "aaaaaaaaaaaa";
  config.command = {"sleep", "1000"};
  config.env = {"PATH=/usr/bin:/bin"};
  config.working_directory = "/";
  config.umask = "0022";
  config.capabilities = {"CAP_CHOWN", "CAP_KILL"};
  config.shm_size = 64 << 20;
  return config;
}

SpecFacts plain_facts() {
  SpecFacts facts;
  facts.in_user_namespace = true;
  facts.passwd = "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/srv:/bin/sh\n";
  facts.group = "root:x:0:\n";
  facts.hosts_path = "/run/c/hosts";
  facts.resolv_conf_path = "/run/c/resolv.conf";
  facts.hostname_path = "/run/c/hostname";
  facts.containerenv_path = "/run/c/.containerenv";
  return facts;
}

void check(const std::string& name, const store::ContainerConfig& config, const SpecFacts& facts) {
  const auto text = oci::serialize(plan_spec(config, facts));
  test::check_golden("engine/spec-" + name + ".json",
                     dump_json_pretty(parse_json(text, name)) + "\n");
}

}  // namespace

TEST_CASE("a container without options") {
  check("plain", plain_config(), plain_facts());
}

TEST_CASE("a container that shares what it can") {
  auto config = plain_config();
  config.pid = {store::NamespaceMode::host, ""};
  config.ipc = {store::NamespaceMode::container, std::string(64, 'b')};
  config.uts = {store::NamespaceMode::host, ""};
  config.cgroup = {store::NamespaceMode::host, ""};
  config.network = {store::NamespaceMode::path, "/run/netns/x"};
  auto facts = plain_facts();
  facts.containers[std::string(64, 'b')] = {4242, 1};
  check("shared", config, facts);
}

TEST_CASE("a container with mounts, a user, and everything read-only") {
  auto config = plain_config();
  config.user = "web";
  config.cap_add = {"CAP_KILL"};
  config.read_only = true;
  config.read_only_tmpfs = true;
  config.no_new_privileges = true;
  config.mounts = {{"bind", "/host/deep", "/data/deep/er", {"ro"}, false},
                   {"bind", "/host/data", "/data", {"rshared", "z"}, true},
                   {"tmpfs", "", "/scratch", {"size=1m", "notmpcopyup"}, false},
                   {"bind", "/host/hosts", "/etc/hosts", {}, false}};
  config.mask = {"/secret"};
  config.unmask = {"/proc/acpi", "/sys/*"};
  config.sysctls = {{"net.ipv4.ip_forward", "1"}};
  config.selinux_label = "system_u:system_r:web_t:s0";
  config.proc_options = {"hidepid=2"};
  auto facts = plain_facts();
  facts.notify_directory = "/run/c/notify";
  facts.devices = {{"/dev/fuse", "/dev/boat", "rw", 'c', 10, 229, 0666, 0, 0},
                   {"/dev/null", "/scratch", "rw", 'c', 1, 3, 0666, 0, 0}};
  check("mounts", config, facts);
}

TEST_CASE("a privileged container of root") {
  auto config = plain_config();
  config.privileged = true;
  auto facts = plain_facts();
  facts.in_user_namespace = false;
  facts.cgroup_view = CgroupView::legacy;
  facts.cgroup_controllers = {"cpu,cpuacct", "memory"};
  facts.devices = {{"/dev/snd/timer", "/dev/snd/timer", "rwm", 'c', 116, 33, 0660, 0, 29}};
  check("privileged", config, facts);
}
