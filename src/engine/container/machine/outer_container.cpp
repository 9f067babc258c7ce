// SPDX-License-Identifier: Apache-2.0
#include "engine/container/machine/outer_container.hpp"

#include <stdlib.h>

#include <algorithm>

#include "coracle/base/log.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/mount_table.hpp"

namespace coracle::engine {

std::string container_around() {
  if (linux::exists("/run/.containerenv")) return "podman's, or of its kind";
  if (linux::exists("/.dockerenv")) return "docker's";
  if (::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return "Kubernetes'";
  const char* kind = ::getenv("container");
  return kind != nullptr ? kind : "";
}

bool is_proc_covered(const Context& context) {
  if (!context.config().rootless || container_around().empty()) return false;
  // The kernel takes a while to write its table of mounts, and what is around us stays.
  static const bool covered =
      std::ranges::any_of(linux::mount_points_below("/proc"), [](const std::string& point) {
        // Mounted on directories that are always empty: nothing is covered.
        return point != "/proc/sys/fs/binfmt_misc" && point != "/proc/fs/nfsd";
      });
  return covered;
}

void warn_of_covered_proc(const Context& context) {
  if (!is_proc_covered(context)) return;
  log::warn("the container around allows no new /proc: containers see the one that is there");
}

}  // namespace coracle::engine
