// SPDX-License-Identifier: Apache-2.0
#include "cli/global_options.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"

namespace coracle::cli {

void declare_global_options(OptionSet& set, GlobalOptions& options) {
  set.add("cgroup-manager", '\0', options.overrides.cgroup_manager,
          R"(Cgroup manager to use ("cgroupfs"|"systemd"|"disabled"))")
      .choices({"cgroupfs", "systemd", "disabled"});
  set.add("hooks-dir", '\0', options.overrides.hooks_dirs,
          "Set the OCI hooks directory path (may be set multiple times)")
      .complete(CompletionKind::directory);
  set.add("log-level", '\0', options.log_level,
          "Log messages above specified level (trace, debug, info, warn, warning, error, fatal, "
          "panic)")
      .choices({"trace", "debug", "info", "warn", "warning", "error", "fatal", "panic"})
      .environment({"CORACLE_LOG_LEVEL"});
  set.add("root", '\0', options.overrides.root,
          "Path to the root directory in which data, including images, is stored")
      .complete(CompletionKind::directory);
  set.add("runroot", '\0', options.overrides.runroot,
          "Path to the 'run directory' where all state information is stored")
      .complete(CompletionKind::directory);
  set.add("storage-driver", '\0', options.overrides.storage_driver,
          "Select which storage driver is used to manage storage of images and containers")
      .choices({config::k_overlay, config::k_fuse_overlayfs, config::k_vfs});
  set.add("storage-opt", '\0', options.overrides.storage_options,
          "Used to pass an option to the storage driver");

  // docker's own global options.
  set.add("debug", 'D', options.debug, "Enable debug mode").hidden();
  set.add_ignored("config", '\0', Option::Arity::value, "Location of client config files");
  set.add_ignored("tmpdir", '\0', Option::Arity::value,
                  "Path to the tmp directory for state content");
  set.add_ignored("context", '\0', Option::Arity::value, "Name of the context to use");
  // The runtime, the monitor and the network helper of coracle are part of it.
  set.add_ignored("runtime", '\0', Option::Arity::value,
                  "Path to the OCI-compatible binary used to run containers");
  set.add_ignored("runtime-flag", '\0', Option::Arity::value,
                  "Add global flags for the container runtime");
  set.add_ignored("conmon", '\0', Option::Arity::value, "Path of the conmon binary");
  set.add_ignored("events-backend", '\0', Option::Arity::value, "Events backend to use");
  set.add_ignored("network-cmd-path", '\0', Option::Arity::value,
                  "Path to the command for configuring the network");
  set.add_ignored("syslog", '\0', Option::Arity::flag, "Output logging information to syslog");
}

void apply_log_level(const GlobalOptions& options) {
  const auto level = log::parse_level(options.debug ? "debug" : options.log_level);
  if (!level) {
    throw Error(
        ErrorClass::invalid_argument,
        "log level \"{}\" is not supported, choose from: trace, debug, info, warn, warning, "
        "error, fatal, panic",
        options.log_level);
  }
  log::set_level(*level);
}

}  // namespace coracle::cli
