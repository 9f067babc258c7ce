// SPDX-License-Identifier: Apache-2.0
#include "coracle/cli/run.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "cli/command_table.hpp"
#include "cli/commands/oci/runtime_options.hpp"
#include "cli/commands/store_names.hpp"
#include "cli/invocation.hpp"
#include "cli/oci_command_line.hpp"
#include "coracle/linux/command_line.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::cli {
namespace {

/// A program started without standard streams must not take the files it opens for them.
void ensure_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is the missing one.
    linux::Fd null = linux::open_if_exists("/dev/null", O_RDWR);
    if (null.get() == fd) ::fcntl(null.release(), F_SETFD, 0);
  }
}

}  // namespace

int run(int argc, char** argv) {
  linux::remember_command_line(argc, argv);
  ensure_standard_streams();
  Output out(STDOUT_FILENO, "standard output");
  Output err(STDERR_FILENO, "standard error");
  StoreNames names;
  const auto line = translate_oci_command_line({argv, argv + argc});
  Invocation invocation{.table = command_table(),
                        .out = out,
                        .err = err,
                        .input = STDIN_FILENO,
                        .completions = &names};
  // Who calls an OCI runtime wrongly hears what runc would say.
  if (is_oci_command_line(line)) invocation.exit_code_of_failures = k_exit_runtime;
  return run_invocation(invocation, line);
}

}  // namespace coracle::cli
