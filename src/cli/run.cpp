// SPDX-License-Identifier: Apache-2.0
#include "coracle/cli/run.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "cli/command_table.hpp"
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
  const Invocation invocation{.table = command_table(),
                              .out = out,
                              .err = err,
                              .input = STDIN_FILENO,
                              .completions = &names};
  return run_invocation(invocation, name_oci_group({argv, argv + argc}));
}

}  // namespace coracle::cli
