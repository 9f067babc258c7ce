// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"
#include "engine/storage_driver.hpp"
#include "engine/system/host_checks.hpp"

namespace coracle::engine {
namespace {

using Status = HostCheck::Status;

HostCheck fuse() {
  if (::access("/dev/fuse", R_OK | W_OK) != 0) {
    return {"fuse", Status::missing, "/dev/fuse cannot be opened",
            "sudo modprobe fuse; in a container: start it with --device /dev/fuse"};
  }
  const auto program = linux::find_program("fuse-overlayfs");
  if (program) return {"fuse", Status::ok, "/dev/fuse, " + *program};
  return {"fuse", Status::limited, "fuse-overlayfs is not installed",
          "install it (apt-get install fuse-overlayfs); only needed where overlay is refused"};
}

}  // namespace

void check_storage(Context& context, HostChecks& checks) {
  const auto& config = context.config();
  const std::string reason = probe_overlay(context);
  const std::string driver = choose_driver(context);
  if (reason.empty()) {
    checks.push_back({"overlay", Status::ok, "can be mounted"});
  } else if (context.lack_of_namespaces() != nullptr) {
    checks.push_back(
        {"overlay", Status::missing, "nothing can be mounted here", "as for user-namespaces"});
  } else {
    checks.push_back({"overlay", Status::missing, "the kernel refuses it: " + reason,
                      "kernel 5.11 or newer, and a store that is not on an overlay, NFS or tmpfs "
                      "without extended attributes: --root or CORACLE_ROOT"});
  }
  checks.push_back(fuse());
  const bool is_copy = driver == config::k_vfs;
  checks.push_back({"storage", is_copy ? Status::limited : Status::ok,
                    driver + " in " + config.root + (is_copy ? ", a copy for each container" : ""),
                    is_copy ? "one of overlay and fuse" : ""});
}

}  // namespace coracle::engine
