// SPDX-License-Identifier: Apache-2.0
// Control groups as the kernel does them: in the tree of this machine, and in a pure v2 tree that a
// private mount namespace has at /sys/fs/cgroup. Needs root; exits 77 without.
#define CATCH_CONFIG_RUNNER
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <iostream>

#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "runtime/cgroup/control_file_internal.hpp"
#include "runtime/cgroup/hierarchy_internal.hpp"

using namespace coracle;
using namespace coracle::runtime;
using std::chrono::milliseconds;

namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

[[noreturn]] void sleep_until_killed() {
  ::signal(SIGTERM, SIG_DFL);  // Not the test framework's handler.
  ::signal(SIGUSR1, [](int) { ::_exit(7); });
  while (true) ::pause();
}

char state_of(pid_t pid) {
  const auto text = linux::read_file(fmt::format("/proc/{}/stat", pid));
  return text.at(text.rfind(')') + 2);
}

/// The child, once it sleeps: it has its signal handlers then.
linux::Child asleep(pid_t pid) {
  REQUIRE(pid > 0);
  while (state_of(pid) != 'S') ::usleep(1000);
  return linux::Child(pid);
}

linux::Child sleeper() {
  const pid_t pid = ::fork();
  if (pid == 0) sleep_until_killed();
  return asleep(pid);
}

/// A child that is born in a group.
linux::Child sleeper_in(int group) {
  clone_args arguments{};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(group);
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid == 0) sleep_until_killed();
  return asleep(pid);
}

std::string unique_name() {
  return "test-" + random_hex(6);
}

std::unique_ptr<CgroupManager> manager() {
  return make_cgroup_manager(detect_cgroups());
}

/// Every directory of the group, in all hierarchies.
std::vector<std::string> directories_of(const Cgroup& group) {
  std::vector<std::string> found;
  const auto support = detect_cgroups();
  const auto unified = cgroup::unified_directory(support.layout);
  if (!unified.empty()) found.push_back(unified + group.path());
  if (support.layout != CgroupLayout::unified) {
    for (const auto& hierarchy : cgroup::writable_hierarchies(
             cgroup::parse_memberships(linux::read_file("/proc/self/cgroup")))) {
      found.push_back(hierarchy.directory + group.path());
    }
  }
  std::erase_if(found, [](const auto& directory) { return !linux::exists(directory); });
  return found;
}

bool is_listed(const Cgroup& group, pid_t pid) {
  const auto pids = group.processes();
  return std::ranges::find(pids, pid) != pids.end();
}

void check_life_of_a_group() {
  const auto support = detect_cgroups();
  REQUIRE(support.manager == CgroupManagerKind::cgroupfs);
  CHECK_FALSE(support.rootless);
  const auto name = unique_name();
  const auto group = manager()->create("", name, {});
  CHECK(group->path() == "/coracle/" + name);
  CHECK_FALSE(directories_of(*group).empty());
  CHECK(group->processes().empty());

  linux::Child child = group->unified_fd() >= 0 ? sleeper_in(group->unified_fd()) : sleeper();
  group->join(child.pid(), group->unified_fd() >= 0);
  CHECK(is_listed(*group, child.pid()));
  for (const auto& directory : directories_of(*group)) {
    CAPTURE(directory);
    CHECK(linux::read_file(directory + "/cgroup.procs") == fmt::format("{}\n", child.pid()));
  }

  SECTION("somebody else finds it again") {
    const auto again = manager()->open(group->path());
    CHECK(is_listed(*again, child.pid()));
    CHECK(again->stats().pids.value_or(CgroupStats::Pids{1, {}}).current == 1);
    CHECK(again->stats().cpu);
  }
  SECTION("a second process joins") {
    const linux::Child second = sleeper();
    group->join(second.pid(), false);
    CHECK(group->processes().size() == 2);
    group->kill();
  }
  SECTION("it freezes and thaws") {
    group->freeze();
    CHECK(group->frozen());
    // It takes a running process to handle a signal; a deadly one needs none on v2.
    ::kill(child.pid(), SIGUSR1);
    ::usleep(20'000);
    CHECK(linux::is_alive(linux::identity_of(child.pid())));
    group->thaw();
    CHECK_FALSE(group->frozen());
    CHECK(linux::exit_code_of(child.wait()) == 7);
  }
  SECTION("killing reaches frozen processes") {
    group->freeze();
    group->kill();
    CHECK(WTERMSIG(child.wait()) == SIGKILL);
  }
  SECTION("killing and removing reach nested groups") {
    const auto nested = directories_of(*group).front() + "/a";
    REQUIRE(::mkdir(nested.c_str(), 0755) == 0);
    REQUIRE(::mkdir((nested + "/b").c_str(), 0755) == 0);
    linux::Child inner = sleeper();
    linux::write_existing(nested + "/b/cgroup.procs", std::to_string(inner.pid()));
    CHECK(is_listed(*group, inner.pid()));
    group->kill();
    CHECK(WTERMSIG(inner.wait()) == SIGKILL);
  }
  SECTION("it is not removed under a process") {
    CHECK_THROWS_AS(group->remove(milliseconds(30)), Error);
    CHECK(state_of(child.pid()) == 'S');
  }
  SECTION("removing waits for processes that are on their way out") {
    const pid_t killer = ::fork();
    if (killer == 0) {
      ::usleep(50'000);
      ::kill(child.pid(), SIGKILL);
      ::_exit(0);
    }
    group->remove();
    CHECK(directories_of(*group).empty());
    linux::Child(killer).wait();
  }
  SECTION("it is not given to a second container") {
    CHECK_THROWS_AS(manager()->create("", name, {}), Error);
    CHECK(is_listed(*group, child.pid()));
  }
  group->kill();
  if (child.valid()) child.wait();
  group->remove();
  CHECK(directories_of(*group).empty());
  CHECK_NOTHROW(group->remove());
  CHECK(manager()->open(group->path())->processes().empty());
}

/// What a child with this device gets: 0, or an errno.
int open_in(Cgroup& group, unsigned major, unsigned minor, int flags) {
  const linux::TempDir directory("/dev", "coracle-test-");
  const std::string path = directory.path() + "/node";
  REQUIRE(::mknod(path.c_str(), S_IFCHR | 0666, makedev(major, minor)) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      group.join(::getpid(), false);
    } catch (const Error&) {
      ::_exit(255);
    }
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    ::_exit(fd >= 0 ? 0 : errno);
  }
  return linux::exit_code_of(linux::Child(pid).wait());
}

/// A filter of somebody else's that allows everything, and no other below.
void attach_exclusively(int group) {
  const bpf_insn allow[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1},
                            {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  bpf_attr load{};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = reinterpret_cast<std::uintptr_t>(allow);
  load.insn_cnt = std::size(allow);
  load.license = reinterpret_cast<std::uintptr_t>("Apache-2.0");
  const linux::Fd program(static_cast<int>(::syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load)));
  require(bool(program), "a filter");
  bpf_attr attach{};
  attach.target_fd = static_cast<std::uint32_t>(group);
  attach.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  require(::syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) == 0, "its place");
}

void check_devices() {
  oci::Resources resources;
  resources.devices = {{false, "a", std::nullopt, std::nullopt, "rwm"}, {true, "c", 1, 11, "w"}};
  const auto group = manager()->create("", unique_name(), resources);
  CHECK(open_in(*group, 1, 3, O_RDWR) == 0);
  CHECK(open_in(*group, 1, 11, O_WRONLY) == 0);
  CHECK(open_in(*group, 1, 11, O_RDONLY) == EPERM);
  CHECK(open_in(*group, 1, 1, O_RDONLY) == EPERM);
  // An update replaces what was before.
  resources.devices.push_back({true, "c", 1, 1, "r"});
  group->apply(resources);
  CHECK(open_in(*group, 1, 1, O_RDONLY) != EPERM);  // Some kernels have no /dev/mem.
  CHECK(open_in(*group, 1, 11, O_RDONLY) == EPERM);
  resources.devices = {{true, "a", std::nullopt, std::nullopt, "rwm"}};
  group->apply(resources);
  CHECK(open_in(*group, 1, 11, O_RDONLY) == 0);
  group->remove();
}

std::string value_of(const Cgroup& group, const std::string& file) {
  for (const auto& directory : directories_of(group)) {
    if (const auto text = linux::read_file_if_exists(directory + "/" + file)) {
      return text->substr(0, text->size() - 1);
    }
  }
  return "absent";
}

/// Runs `body` in a child with its own mounts, where /sys/fs/cgroup is v2 alone.
template <typename Body>
bool in_pure_v2(Body body) {
  const pid_t pid = ::fork();
  if (pid != 0) return linux::exit_code_of(linux::Child(pid).wait()) == 0;
  if (detect_cgroups().layout != CgroupLayout::unified &&
      (::unshare(CLONE_NEWNS) != 0 ||
       ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
       ::mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr) != 0)) {
    ::_exit(1);
  }
  try {
    body();
  } catch (const std::exception& error) {
    std::cerr << "in the v2 tree: " << error.what() << '\n';
    ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace

TEST_CASE("a group lives and dies", "[cgroup][kernel]") {
  check_life_of_a_group();
}

TEST_CASE("devices are limited", "[cgroup][kernel]") {
  check_devices();
}

TEST_CASE("limits reach the kernel in the terms of its version", "[cgroup][kernel]") {
  const auto controllers = available_controllers(detect_cgroups());
  const auto has = [&](const char* name) {
    return std::ranges::find(controllers, name) != controllers.end();
  };
  oci::Resources resources;
  if (has("memory")) resources.memory.limit = 64 << 20;
  if (has("pids")) resources.pids_limit = 77;
  if (has("cpu")) {
    resources.cpu.shares = 512;
    resources.cpu.quota = 50000;
    resources.cpu.period = 200000;
  }
  if (has("cpuset")) resources.cpu.cpus = "0";
  const bool legacy = detect_cgroups().layout != CgroupLayout::unified;
  const auto group = manager()->create("", unique_name(), resources);
  if (has("memory")) {
    CHECK(value_of(*group, legacy ? "memory.limit_in_bytes" : "memory.max") == "67108864");
    CHECK(group->stats().memory->limit == 67108864U);
  }
  if (has("pids")) {
    CHECK(value_of(*group, "pids.max") == "77");
    CHECK(group->stats().pids->limit == 77U);
  }
  if (has("cpu")) {
    CHECK(value_of(*group, legacy ? "cpu.cfs_quota_us" : "cpu.max") ==
          (legacy ? "50000" : "50000 200000"));
    CHECK(value_of(*group, legacy ? "cpu.shares" : "cpu.weight") == (legacy ? "512" : "59"));
  }
  if (has("cpuset")) CHECK(value_of(*group, "cpuset.cpus") == "0");
  // Raise and lower both limits of memory: v1 takes either order only one way.
  if (has("memory") && legacy && value_of(*group, "memory.memsw.limit_in_bytes") != "absent") {
    for (const std::int64_t size : {32LL << 20, 256LL << 20, 16LL << 20}) {
      oci::Resources update;
      update.memory.limit = size;
      update.memory.swap = size;
      group->apply(update);
      CHECK(value_of(*group, "memory.memsw.limit_in_bytes") == std::to_string(size));
    }
  }
  group->remove();
}

TEST_CASE("a failed creation leaves nothing", "[cgroup][kernel]") {
  const auto name = unique_name();
  oci::Resources resources;
  resources.cpu.cpus = "4000-5000";
  CHECK_THROWS_AS(manager()->create("", name, resources), Error);
  resources = {};
  resources.unified["memory.nonsense"] = "1";
  CHECK_THROWS_AS(manager()->create("", name, resources), Error);
  CHECK(directories_of(*manager()->open("/coracle/" + name)).empty());
}

TEST_CASE("a controller that is not there is named to root", "[cgroup][kernel]") {
  oci::Resources resources;
  resources.rdma["x"] = {1, 1};
  const auto controllers = available_controllers(detect_cgroups());
  if (std::ranges::find(controllers, "rdma") != controllers.end()) return;
  CHECK_THROWS_WITH(manager()->create("", unique_name(), resources),
                    Catch::Contains("controller 'rdma' is not available"));
}

TEST_CASE("missing parents are made", "[cgroup][kernel]") {
  const auto top = "/" + unique_name();
  const auto group = manager()->create(top + "/a/b", "ignored", {});
  CHECK(group->path() == top + "/a/b");
  linux::Child child = sleeper();
  group->join(child.pid(), false);
  group->kill();
  child.wait();
  manager()->open(top)->remove();
  CHECK(directories_of(*group).empty());
}

TEST_CASE("a group with processes in it hands no controllers down", "[cgroup][kernel]") {
  if (detect_cgroups().layout != CgroupLayout::unified) return;
  const auto top = "/" + unique_name();
  const auto group = manager()->create(top, "ignored", {});
  const auto directory = directories_of(*group).front();
  linux::Child outer = sleeper_in(group->unified_fd());
  oci::Resources limits;
  limits.pids_limit = 5;
  CHECK_THROWS_WITH(manager()->create(top + "/limited", "ignored", limits),
                    Catch::Contains("controller 'pids' is not available"));
  // Or processes could be in its children as threads only.
  CHECK(linux::read_file(directory + "/cgroup.type") == "domain\n");
  const auto below = manager()->create(top + "/below", "ignored", {});
  linux::Child inner = sleeper_in(below->unified_fd());
  CHECK(is_listed(*below, inner.pid()));
  group->kill();
  inner.wait();
  outer.wait();
  group->remove();
}

TEST_CASE("an empty group that is there already is taken", "[cgroup][kernel]") {
  const auto name = unique_name();
  const auto first = manager()->create("", name, {});
  const auto second = manager()->create("", name, {});
  CHECK(second->path() == first->path());
  second->remove();
}

TEST_CASE("empty groups of killed invocations are collected", "[cgroup][kernel]") {
  const auto support = detect_cgroups();
  const auto left = manager()->create("", "test-left", {});
  const auto needed = manager()->create("", "test-needed", {});
  const auto used = manager()->create("", "test-used", {});
  linux::Child child = sleeper();
  used->join(child.pid(), false);
  const auto exists = [](const Cgroup& group) { return !directories_of(group).empty(); };
  // Those that are as young as these are let be.
  collect_empty_groups(support, std::chrono::minutes(1), [](const std::string&) { return false; });
  CHECK(exists(*left));
  collect_empty_groups(support, std::chrono::seconds(-1), [](const std::string& name) {
    return !name.starts_with("test-") || name == "test-needed";
  });
  CHECK_FALSE(exists(*left));
  CHECK(exists(*needed));
  CHECK(exists(*used));
  used->kill();
  child.wait();
  for (const auto* group : {&left, &needed, &used}) (*group)->remove();
}

TEST_CASE("switched off, nothing happens", "[cgroup][kernel]") {
  const auto off = make_cgroup_manager(detect_cgroups("disabled"));
  CHECK(off->kind() == CgroupManagerKind::disabled);
  const auto group = off->create("/x", "id", {});
  CHECK(group->path().empty());
  CHECK(group->unified_fd() == -1);
  CHECK_NOTHROW(group->join(1, false));
  CHECK_NOTHROW(group->kill());
  CHECK_NOTHROW(group->remove());
  CHECK_FALSE(group->frozen());
  CHECK_THROWS_AS(group->freeze(), Error);
}

TEST_CASE("an ordinary user without a subtree is told so", "[cgroup][kernel]") {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const auto support = detect_cgroups();
    ::_exit(support.manager == CgroupManagerKind::disabled && !support.reason.empty() &&
                    make_cgroup_manager(support)->create("", "x", {})->path().empty()
                ? 0
                : 1);
  }
  CHECK(linux::exit_code_of(linux::Child(pid).wait()) == 0);
}

TEST_CASE("in a pure v2 tree", "[cgroup][kernel]") {
  CHECK(in_pure_v2([] {
    const auto support = detect_cgroups();
    require(support.layout == CgroupLayout::unified, "layout");
    require(support.manager == CgroupManagerKind::cgroupfs, "manager");
    const auto group = manager()->create("", unique_name(), {});
    require(group->unified_fd() >= 0, "descriptor");
    linux::Child child = sleeper_in(group->unified_fd());
    require(is_listed(*group, child.pid()), "membership");
    group->freeze();
    require(group->frozen(), "freeze");
    group->kill();
    require(WTERMSIG(child.wait()) == SIGKILL, "kill");
    group->remove();
    require(directories_of(*group).empty(), "remove");
  }));
}

TEST_CASE("devices in a pure v2 tree", "[cgroup][kernel]") {
  CHECK(in_pure_v2([] {
    oci::Resources resources;
    resources.devices = {{false, "a", std::nullopt, std::nullopt, "rwm"}};
    const auto group = manager()->create("", unique_name(), resources);
    require(open_in(*group, 1, 3, O_RDWR) == 0, "null");
    require(open_in(*group, 1, 11, O_RDONLY) == EPERM, "kmsg");
    resources.devices = {{true, "a", std::nullopt, std::nullopt, "rwm"}};
    group->apply(resources);
    require(open_in(*group, 1, 11, O_RDONLY) == 0, "kmsg after the update");
    group->remove();
  }));
}

TEST_CASE("a device filter that cannot be had in a pure v2 tree", "[cgroup][kernel]") {
  CHECK(in_pure_v2([] {
    const std::string name = unique_name();
    const auto parent = manager()->create("/" + name, name, {});
    attach_exclusively(parent->unified_fd());
    oci::Resources resources;
    resources.devices = {{false, "a", std::nullopt, std::nullopt, "rwm"}};
    std::string refusal;
    try {
      manager()->create("/" + name + "/below", name + "b", resources);
    } catch (const Error& error) {
      refusal = error.describe();
    }
    // Never a container without it.
    require(refusal.find("cannot attach the device filter") != std::string::npos, "refusal");
    require(directories_of(*parent).size() == 1, "nothing left");
    parent->remove();
  }));
}

TEST_CASE("a delegated subtree of an ordinary user", "[cgroup][kernel]") {
  CHECK(in_pure_v2([] {
    // What systemd does for user@.service: a subtree that the user owns.
    const std::string top = "/sys/fs/cgroup/" + unique_name();
    const std::string own = top + "/own";
    constexpr uid_t k_user = 65534;
    // Only machines with all controllers on v2 have this one.
    cgroup::try_write_control("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
    linux::make_directory(top, 0755);
    linux::make_directory(own, 0755);
    for (const auto& directory : {top, own}) {
      for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"}) {
        require(::chown((directory + file).c_str(), k_user, k_user) == 0, "chown");
      }
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        linux::write_existing(own + "/cgroup.procs", std::to_string(::getpid()));
        require(::setresgid(k_user, k_user, k_user) == 0, "setresgid");
        require(::setresuid(k_user, k_user, k_user) == 0, "setresuid");
        const auto support = detect_cgroups();
        require(support.manager == CgroupManagerKind::cgroupfs, "manager");
        require(support.rootless, "rootless");
        require("/sys/fs/cgroup" + support.base == top, "the topmost delegated group");
        oci::Resources resources;
        resources.devices = {{false, "a", std::nullopt, std::nullopt, "rwm"}};
        const auto group = make_cgroup_manager(support)->create("", "c", resources);
        const auto names = available_controllers(support);
        resources.memory.limit = 1 << 20;
        if (std::ranges::find(names, "memory") != names.end()) {
          group->apply(resources);
          require(value_of(*group, "memory.max") == "1048576", "the limit");
        } else {
          group->apply(resources, ImpossibleLimits::are_passed_over);
          bool refused = false;
          try {
            group->apply(resources);
          } catch (const Error& error) {
            refused = error.error_class() == ErrorClass::unavailable && !error.hint().empty();
          }
          require(refused, "a limit without its controller is an error that says what to do");
        }
        linux::Child child = sleeper_in(group->unified_fd());
        require(is_listed(*group, child.pid()), "membership");
        group->kill();
        child.wait();
        group->remove();
      } catch (const std::exception& error) {
        std::cerr << "as a user: " << error.what() << '\n';
        ::_exit(1);
      }
      ::_exit(0);
    }
    const int code = linux::exit_code_of(linux::Child(pid).wait());
    manager()->open(top.substr(std::string("/sys/fs/cgroup").size()))->remove();
    require(code == 0, "the user's part");
  }));
}

int main(int argc, char** argv) {
  if (::geteuid() != 0 || detect_cgroups().manager == CgroupManagerKind::disabled) {
    std::cerr << "skipped: needs root and writable control groups\n";
    return 77;
  }
  return Catch::Session().run(argc, argv);
}
