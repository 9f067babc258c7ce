// SPDX-License-Identifier: Apache-2.0
// oci create, run and restore: a bundle becomes a container.
#include "cli/commands/commands.hpp"
#include "cli/commands/oci/runtime_options.hpp"

namespace coracle::cli {
namespace {

struct Values {
  RuntimeOptions common;
  bundle::CreateOptions container;
  bundle::CheckpointOptions checkpoint;
};

void declare_container(OptionSet& set, bundle::CreateOptions& options) {
  set.add("bundle", 'b', options.bundle, "Directory of config.json")
      .complete(CompletionKind::directory);
  set.add("config", 'f', options.config, "Name of the configuration in the bundle")
      .complete(CompletionKind::file);
  declare_start(set, options.start);
  set.add("no-pivot", '\0', options.no_pivot,
          "Move the root instead of pivoting, for a host whose root is an initramfs");
  set.add("no-new-keyring", '\0', options.no_new_keyring, "Keep the session keyring");
  set.add_ignored("no-subreaper", '\0', Option::Arity::flag,
                  "Has no effect: processes are never adopted");
}

void declare_run(OptionSet& set, Values& values) {
  declare_container(set, values.container);
  set.add("detach", 'd', values.container.start.detach, "Leave it running");
  set.add("keep", '\0', values.container.keep, "Keep the container when it has ended");
}

void declare_criu(OptionSet& set, bundle::CheckpointOptions& options) {
  set.add("image-path", '\0', options.images, "Directory of what was written down")
      .complete(CompletionKind::directory);
  set.add("work-path", '\0', options.work, "Directory of criu's logs")
      .complete(CompletionKind::directory);
  set.add("tcp-established", '\0', options.tcp_established, "Connections, too");
  set.add("file-locks", '\0', options.file_locks, "Locks of files, too");
  set.add("ext-unix-sk", '\0', options.external_sockets,
          "Unix sockets with another end outside, too, without that");
  for (const char* name : {"shell-job", "auto-dedup"}) {
    set.add_ignored(name, '\0', Option::Arity::flag, "Has no effect");
  }
  for (const char* name : {"manage-cgroups-mode", "empty-ns", "lsm-profile", "lsm-mount-context"}) {
    set.add_ignored(name, '\0', Option::Arity::value, "Has no effect");
  }
  set.add_refused("lazy-pages", '\0', Option::Arity::flag, "pages that are fetched later");
}

}  // namespace

void setup_oci_create(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  declare_container(command.options(), values.container);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    bundle::create(values.common.place(), context.arguments.front(), values.container);
    return 0;
  });
}

void setup_oci_run(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  declare_run(command.options(), values);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    return bundle::run(values.common.place(), context.arguments.front(), values.container);
  });
}

void setup_oci_restore(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  declare_run(command.options(), values);
  declare_criu(command.options(), values.checkpoint);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    return bundle::restore(values.common.place(), context.arguments.front(), values.container,
                           values.checkpoint);
  });
}

void setup_oci_checkpoint(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  declare_criu(command.options(), values.checkpoint);
  OptionSet& set = command.options();
  set.add("leave-running", '\0', values.checkpoint.leave_running, "Leave the container running");
  set.add("pre-dump", '\0', values.checkpoint.pre_dump,
          "Write memory only, for a later checkpoint, and leave the container running");
  set.add("parent-path", '\0', values.checkpoint.parent,
          "Images of a pre-dump before, as a path from --image-path");
  set.add_refused("page-server", '\0', Option::Arity::value, "page servers");
  set.add_refused("status-fd", '\0', Option::Arity::value, "pages that are fetched later");
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    bundle::checkpoint(values.common.place(), context.arguments.front(), values.checkpoint);
    return 0;
  });
}

}  // namespace coracle::cli
