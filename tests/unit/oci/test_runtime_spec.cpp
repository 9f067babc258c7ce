// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/runtime_spec.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

using test::error_of;
using test::read_data;
using test::replaced;

using Strings = std::vector<std::string>;

RuntimeSpec full_spec() {
  return parse_runtime_spec(read_data("runtime-full.json"), "config.json");
}

std::string error_with(const std::string& members) {
  return error_of(
      [&] { parse_runtime_spec(R"({"ociVersion":"1.2.0",)" + members + "}", "config.json"); });
}

}  // namespace

TEST_CASE("process of a full specification") {
  const RuntimeSpec spec = full_spec();
  REQUIRE(spec.process);
  const Process& process = *spec.process;
  CHECK(process.terminal);
  CHECK(process.console_size == ConsoleSize{24, 80});
  CHECK(process.user.uid == 1000);
  CHECK(process.user.gid == 1001);
  CHECK(process.user.umask == 022U);
  CHECK(process.user.additional_gids == std::vector<std::uint32_t>{4, 4294967295U});
  CHECK(process.args.size() == 3);
  CHECK(process.cwd == "/srv");
  REQUIRE(process.capabilities);
  CHECK(process.capabilities->bounding == Strings{"CAP_CHOWN", "CAP_KILL"});
  CHECK(process.capabilities->ambient == Strings{"CAP_KILL"});
  CHECK(process.rlimits == std::vector{Rlimit{"RLIMIT_NOFILE", 1024, UINT64_MAX}});
  CHECK(process.no_new_privileges);
  CHECK(process.oom_score_adj == -500);
  REQUIRE(process.scheduler);
  CHECK(process.scheduler->policy == "SCHED_DEADLINE");
  CHECK(process.scheduler->nice == -5);
  REQUIRE(process.io_priority);
  CHECK(process.io_priority->priority == 4);
  REQUIRE(process.exec_cpu_affinity);
  CHECK(process.exec_cpu_affinity->initial == "0-3,7");
}

TEST_CASE("root, mounts, hooks and names of a full specification") {
  const RuntimeSpec spec = full_spec();
  CHECK(spec.oci_version == "1.2.0");
  CHECK(spec.root == Root{"rootfs", true});
  CHECK(spec.hostname == "box");
  CHECK(spec.domainname == "example.org");
  REQUIRE(spec.mounts.size() == 1);
  CHECK(spec.mounts[0].options == Strings{"rbind", "ro", "idmap"});
  CHECK(spec.mounts[0].uid_mappings == std::vector{IdMapping{0, 1000, 1}});
  CHECK(spec.mounts[0].gid_mappings == std::vector{IdMapping{0, 1001, UINT32_MAX}});
  REQUIRE(spec.hooks.create_container.size() == 1);
  CHECK(spec.hooks.create_container[0].path == "/usr/bin/createcontainer");
  CHECK(spec.hooks.create_container[0].timeout == 3);
  CHECK(spec.hooks.poststop[0].env == Strings{"A=b"});
  CHECK(spec.annotations.at("empty").empty());
}

TEST_CASE("linux of a full specification") {
  const LinuxConfig config = full_spec().linux;
  CHECK(config.namespaces.size() == 8);
  REQUIRE(config.find_namespace(NamespaceType::user) != nullptr);
  CHECK(config.find_namespace(NamespaceType::user)->path == "/proc/1/ns/user");
  CHECK(config.find_namespace(NamespaceType::pid)->path.empty());
  CHECK(config.uid_mappings.size() == 2);
  CHECK(config.net_devices == std::map<std::string, std::string>{{"eth1", "eth0"}, {"eth2", ""}});
  REQUIRE(config.devices.size() == 2);
  CHECK(config.devices[0].file_mode == 0666U);
  CHECK(config.devices[1].type == 'p');
  CHECK_FALSE(config.devices[1].uid);
  CHECK(config.sysctl.at("net.ipv4.ip_forward") == "1");
  CHECK(config.personality == Personality{"LINUX32", {"ADDR_NO_RANDOMIZE"}});
  CHECK(config.boottime_offset == TimeOffset{-100, 5});
  CHECK(config.monotonic_offset == TimeOffset{});
  REQUIRE(config.intel_rdt);
  CHECK(config.intel_rdt->clos_id == "guaranteed");
  REQUIRE(config.memory_policy);
  CHECK(config.memory_policy->mode == "MPOL_BIND");
}

TEST_CASE("resources of a full specification") {
  const Resources resources = full_spec().linux.resources;
  CHECK(resources.memory.limit == 536870912);
  CHECK(resources.memory.swap == -1);
  CHECK(resources.memory.swappiness == 0U);
  CHECK(resources.memory.disable_oom_killer == false);
  CHECK(resources.cpu.shares == 0U);
  CHECK(resources.cpu.quota == -1);
  CHECK(resources.cpu.idle == 1);
  CHECK(resources.pids_limit == 32771);
  CHECK(resources.block_io.weight == 10);
  CHECK(resources.block_io.throttle_write_iops_device.at(0).rate == UINT64_MAX);
  CHECK(resources.block_io.weight_device.at(0).leaf_weight == 300);
  CHECK(resources.hugepage_limits.at(0).limit == 9223372036854775808U);
  CHECK(resources.network.class_id == 1048577U);
  CHECK(resources.rdma.at("mlx5_1").hca_handles == 3U);
  CHECK(resources.unified.at("memory.high") == "max");
  REQUIRE(resources.devices.size() == 3);
  CHECK_FALSE(resources.devices[0].major);
  CHECK(resources.devices[2].major == -1);
}

TEST_CASE("a specification reads back as it was written") {
  const auto name =
      GENERATE(as<std::string>{}, "runtime-full.json", "runtime-docker.json", "runtime-podman.json",
               "runtime-crun.json", "runtime-runc.json", "runtime-runc-rootless.json");
  const RuntimeSpec spec = parse_runtime_spec(read_data(name), name);
  CHECK(parse_runtime_spec(serialize(spec), name) == spec);
}

TEST_CASE("a minimal specification") {
  const RuntimeSpec spec = parse_runtime_spec(R"({"ociVersion":"1.0.2-dev"})", "config.json");
  CHECK_FALSE(spec.process);
  CHECK_FALSE(spec.root);
  CHECK(spec.linux == LinuxConfig{});
  CHECK(serialize(spec) == R"({"ociVersion":"1.0.2-dev"})");
  CHECK(serialize(RuntimeSpec{}) == R"({"ociVersion":"1.2.0"})");
}

TEST_CASE("absent capabilities differ from none") {
  const auto parse = [](const std::string& members) {
    return parse_process(R"({"cwd":"/")" + members + "}", "process.json");
  };
  CHECK_FALSE(parse("").capabilities);
  CHECK(parse(R"(,"capabilities":{})").capabilities == Capabilities{});
  CHECK(parse_process(serialize(parse(R"(,"capabilities":{})")), "p").capabilities ==
        Capabilities{});
}

TEST_CASE("fields of other platforms and unknown fields are ignored") {
  CHECK(error_with(R"("windows":{"layerFolders":["x"]},"vm":5,"new":{"a":[1]})").empty());
}

TEST_CASE("Go's nulls are absent") {
  CHECK(
      error_with(R"("process":null,"mounts":null,"hooks":null,"linux":null,"root":null)").empty());
  CHECK(error_with(R"("linux":{"resources":null,"seccomp":null,"namespaces":null})").empty());
  CHECK(error_with(R"("linux":{"resources":{"pids":{}}})").empty());
}

TEST_CASE("file modes lose what is not a permission") {
  // 020666, as podman writes it, and Go's ModeDevice | ModeCharDevice | 0666.
  for (const std::string mode : {"8630", "69206454"}) {
    const RuntimeSpec spec = parse_runtime_spec(
        R"({"ociVersion":"1.0.0","linux":{"devices":[{"path":"/dev/x","type":"c","fileMode":)" +
            mode + "}]}}",
        "config.json");
    CHECK(spec.linux.devices.at(0).file_mode == 0666U);
  }
}

TEST_CASE("malformed specifications are refused with the field's path") {
  const auto [members, message] = GENERATE(table<std::string, std::string>({
      {R"("process":{})", "field 'process.cwd' is missing"},
      {R"("process":[])", "field 'process': expected an object"},
      {R"("process":{"cwd":"/","args":["a",7]})", "field 'process.args[1]': expected a string"},
      {R"("process":{"cwd":"/\u0000etc"})", "field 'process.cwd': contains a zero byte"},
      {R"("process":{"cwd":"/","terminal":"yes"})",
       "field 'process.terminal': expected true or false"},
      {R"("process":{"cwd":"/","user":{"uid":-1}})",
       "field 'process.user.uid': -1 is out of range"},
      {R"("process":{"cwd":"/","user":{"uid":4294967296}})",
       "field 'process.user.uid': 4294967296 is out of range"},
      {R"("process":{"cwd":"/","user":{"additionalGids":[0.5]}})",
       "field 'process.user.additionalGids': expected an integer"},
      {R"("process":{"cwd":"/","consoleSize":{"height":1}})",
       "field 'process.consoleSize.width' is missing"},
      {R"("process":{"cwd":"/","rlimits":[{"type":"NOFILE","soft":1,"hard":1}]})",
       "field 'process.rlimits[0].type': expected a name such as RLIMIT_NOFILE"},
      {R"("process":{"cwd":"/","rlimits":[{"type":"RLIMIT_CPU","soft":1}]})",
       "field 'process.rlimits[0].hard' is missing"},
      {R"("process":{"cwd":"/","rlimits":[{"type":"RLIMIT_CPU","soft":1,"hard":1},)"
       R"({"type":"RLIMIT_CPU","soft":1,"hard":1}]})",
       "field 'process.rlimits': 'RLIMIT_CPU' occurs twice"},
      {R"("process":{"cwd":"/","capabilities":{"bounding":"CAP_KILL"}})",
       "field 'process.capabilities.bounding': expected an array"},
      {R"("process":{"cwd":"/","scheduler":{"policy":"FAST"}})",
       "field 'process.scheduler.policy': unknown value 'FAST'"},
      {R"("process":{"cwd":"/","ioPriority":{"class":"IOPRIO_CLASS_NONE"}})",
       "field 'process.ioPriority.class': unknown value 'IOPRIO_CLASS_NONE'"},
      {R"("process":{"cwd":"/","execCPUAffinity":{"initial":"all"}})",
       "field 'process.execCPUAffinity.initial': expected a list of CPUs such as 0-3,7"},
      {R"("root":{})", "field 'root.path' is missing"},
      {R"("root":{"path":"r","readonly":1})", "field 'root.readonly': expected true or false"},
      {R"("hostname":5)", "field 'hostname': expected a string"},
      {R"("annotations":{"a":5})", "field 'annotations.a': expected a string"},
      {R"("mounts":{})", "field 'mounts': expected an array"},
      {R"("mounts":[{"source":"/a"}])", "field 'mounts[0].destination' is missing"},
      {R"("mounts":[{"destination":"/a"},{"destination":"/b","uidMappings":[{"hostID":0}]}])",
       "field 'mounts[1].uidMappings[0].containerID' is missing"},
      {R"("hooks":{"poststop":[{"path":"/a"},{"args":["x"]}]})",
       "field 'hooks.poststop[1].path' is missing"},
      {R"("hooks":{"prestart":[{"path":"/a","timeout":0}]})",
       "field 'hooks.prestart[0].timeout': must be above 0"},
      {R"("linux":{"namespaces":[{"type":"net"}]})",
       "field 'linux.namespaces[0].type': unknown namespace 'net'"},
      {R"("linux":{"namespaces":[{"type":"pid"},{"type":"pid","path":"/x"}]})",
       "field 'linux.namespaces': 'pid' occurs twice"},
      {R"("linux":{"devices":[{"path":"/dev/x","type":"d"}]})",
       "field 'linux.devices[0].type': unknown value 'd'"},
      {R"("linux":{"devices":[{"path":"/dev/x","type":"c"},{"path":"/y","type":"b","major":"8"}]})",
       "field 'linux.devices[1].major': expected an integer"},
      {R"("linux":{"netDevices":{"eth0":5}})", "field 'linux.netDevices.eth0': expected an object"},
      {R"("linux":{"netDevices":{"eth0":{"name":5}}})",
       "field 'linux.netDevices.eth0.name': expected a string"},
      {R"("linux":{"rootfsPropagation":"public"})",
       "field 'linux.rootfsPropagation': unknown value 'public'"},
      {R"("linux":{"sysctl":{"a":1}})", "field 'linux.sysctl.a': expected a string"},
      {R"("linux":{"personality":{"domain":"BSD"}})",
       "field 'linux.personality.domain': unknown value 'BSD'"},
      {R"("linux":{"timeOffsets":{"boottime":{"nanosecs":-1}}})",
       "field 'linux.timeOffsets.boottime.nanosecs': -1 is out of range"},
      {R"("linux":{"memoryPolicy":{"mode":"MPOL_X"}})",
       "field 'linux.memoryPolicy.mode': unknown value 'MPOL_X'"},
      {R"("linux":{"resources":{"memory":{"limit":"1g"}}})",
       "field 'linux.resources.memory.limit': expected an integer"},
      {R"("linux":{"resources":{"memory":{"swappiness":-1}}})",
       "field 'linux.resources.memory.swappiness': -1 is out of range"},
      {R"("linux":{"resources":{"pids":{"limit":1e3}}})",
       "field 'linux.resources.pids.limit': expected an integer"},
      {R"("linux":{"resources":{"devices":[{"type":"c"}]}})",
       "field 'linux.resources.devices[0].allow' is missing"},
      {R"("linux":{"resources":{"devices":[{"allow":true,"access":"rx"}]}})",
       "field 'linux.resources.devices[0].access': expected letters of 'rwm'"},
      {R"("linux":{"resources":{"blockIO":{"weight":65536}}})",
       "field 'linux.resources.blockIO.weight': 65536 is out of range"},
      {R"("linux":{"resources":{"blockIO":{"throttleReadBpsDevice":[{"major":8}]}}})",
       "field 'linux.resources.blockIO.throttleReadBpsDevice[0].minor' is missing"},
      {R"("linux":{"resources":{"hugepageLimits":[{"pageSize":"2 MB","limit":1}]}})",
       "field 'linux.resources.hugepageLimits[0].pageSize': expected a size such as 2MB"},
      {R"("linux":{"resources":{"rdma":{"mlx":{"hcaHandles":-1}}}})",
       "field 'linux.resources.rdma.mlx.hcaHandles': -1 is out of range"},
      {R"("linux":{"resources":{"unified":{"a":null,"b":[]}}})",
       "field 'linux.resources.unified.b': expected a string"},
  }));
  CAPTURE(members);
  CHECK(error_with(members) == "config.json: " + message);
}

TEST_CASE("the version decides whether a specification is read at all") {
  const auto parse = [](const std::string& version) {
    return error_of(
        [&] { parse_runtime_spec(R"({"ociVersion":)" + version + "}", "config.json"); });
  };
  CHECK(parse(R"("1.0.0")").empty());
  CHECK(parse(R"("1.3.0-rc.1")").empty());
  CHECK(parse(R"("2.0.0")") == "config.json: field 'ociVersion': version '2.0.0' is not supported");
  CHECK(parse(R"("latest")") ==
        "config.json: field 'ociVersion': expected a version such as 1.2.0");
  CHECK(parse("1") == "config.json: field 'ociVersion': expected a string");
  CHECK(error_of([] { parse_runtime_spec("{}", "config.json"); }) ==
        "config.json: field 'ociVersion' is missing");
  CHECK(error_of([] { parse_runtime_spec("[]", "config.json"); }) ==
        "config.json: expected a JSON object");
  CHECK_THROWS_AS(parse_runtime_spec("{\"ociVersion\":\"1.2.0\"", "config.json"), Error);
}

TEST_CASE("namespaces have the specification's names") {
  for (const NamespaceType type :
       {NamespaceType::pid, NamespaceType::network, NamespaceType::mount, NamespaceType::ipc,
        NamespaceType::uts, NamespaceType::user, NamespaceType::cgroup, NamespaceType::time}) {
    CHECK(parse_namespace_type(to_string(type)) == type);
  }
  CHECK(to_string(NamespaceType::time) == "time");
  CHECK(to_string(NamespaceType::pid) == "pid");
  CHECK_FALSE(parse_namespace_type("mnt"));
  CHECK(LinuxConfig{}.find_namespace(NamespaceType::pid) == nullptr);
}

}  // namespace coracle::oci
