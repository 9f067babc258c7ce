// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "engine/container/machine/outer_container.hpp"
#include "engine/system/host_checks.hpp"

namespace coracle::engine {
namespace {

using Status = HostCheck::Status;

std::string read(const std::string& path) {
  return std::string(trim(linux::read_file_if_exists(path).value_or("")));
}

HostCheck kernel() {
  utsname names{};
  ::uname(&names);
  unsigned major = 0;
  unsigned minor = 0;
  const bool is_known = ::sscanf(names.release, "%u.%u", &major, &minor) == 2;
  if (is_known && std::pair(major, minor) < std::pair(5U, 11U)) {
    return {"kernel", Status::limited,
            std::string(names.release) + ": overlay for ordinary users came with 5.11",
            "a newer kernel, or fuse-overlayfs"};
  }
  return {"kernel", Status::ok, names.release};
}

HostCheck nesting(const linux::NamespaceTrial& trial) {
  const std::string around = container_around();
  const bool in_namespace = linux::in_user_namespace();
  std::string detail = around.empty() ? "in no container" : "in a container (" + around + ")";
  if (in_namespace) detail += ", in a user namespace";
  HostCheck check{"nesting", Status::ok, std::move(detail)};
  if (trial.user_error == 0 && trial.proc_error != 0) {
    check.status = Status::limited;
    check.detail += "; a new /proc is refused: " + std::string(::strerror(trial.proc_error));
    check.fix =
        "start the container around this one with --security-opt systempaths=unconfined (docker), "
        "--security-opt unmask=ALL (podman) or procMount: Unmasked (Kubernetes)";
  }
  return check;
}

HostCheck cgroups(const Context& context) {
  const auto support = runtime::detect_cgroups(context.config().cgroup_manager);
  const auto controllers = runtime::available_controllers(support);
  if (support.manager == runtime::CgroupManagerKind::disabled) {
    const bool is_unified = support.layout == runtime::CgroupLayout::unified;
    return {"cgroups", Status::limited, support.reason + ": no limits, no statistics",
            is_unified
                ? "log in through systemd, or run: systemd-run --user --scope -p Delegate=yes "
                  "coracle …"
                : "boot with systemd.unified_cgroup_hierarchy=1"};
  }
  return {"cgroups", Status::ok,
          fmt::format("{}, {}: {}", support.version(), runtime::to_string(support.manager),
                      controllers.empty() ? "no controllers" : join(controllers, " "))};
}

HostCheck seccomp() {
  if (!linux::exists("/proc/sys/kernel/seccomp/actions_avail")) {
    return {"seccomp", Status::missing, "the kernel has no filters",
            "use one that is built with CONFIG_SECCOMP_FILTER, or --security-opt "
            "seccomp=unconfined"};
  }
  return {"seccomp", Status::ok,
          linux::is_filtered() ? "filters; one is in force already" : "filters"};
}

HostCheck security_modules() {
  const std::string list = read("/sys/kernel/security/lsm");
  std::string detail = list.empty() ? "unknown" : list;
  // Without a module that has labels it cannot be read.
  const linux::Fd file = linux::try_open_at(AT_FDCWD, "/proc/self/attr/current", O_RDONLY);
  char label[256] = {};
  if (file && ::read(file.get(), label, sizeof label - 1) > 0) {
    detail += ", as " + std::string(trim(label));
  }
  return {"security-modules", Status::ok, std::move(detail)};
}

HostCheck linger(const linux::UserIdentity& identity) {
  const std::string& user = identity.name;
  if (linux::exists("/var/lib/systemd/linger/" + user)) {
    return {"linger", Status::ok, "containers outlive the last session of " + user};
  }
  return {"linger", Status::limited, "systemd may end containers with the last session of " + user,
          "loginctl enable-linger " + user};
}

}  // namespace

void check_kernel(const Context& context, const linux::NamespaceTrial& trial, HostChecks& checks) {
  checks.push_back(kernel());
  checks.push_back(nesting(trial));
  checks.push_back(seccomp());
  checks.push_back(security_modules());
  checks.push_back(cgroups(context));
  const auto identity = linux::current_identity();
  if (identity.uid != 0 && !identity.name.empty() && linux::exists("/run/systemd/system")) {
    checks.push_back(linger(identity));
  }
}

}  // namespace coracle::engine
