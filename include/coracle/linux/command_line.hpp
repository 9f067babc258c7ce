// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace coracle::linux {

/// What main() was given, told once: otherwise /proc is asked where it lies, which takes a while.
void remember_command_line(int argc, char** argv) noexcept;

/// Of a process that outlives the command which it was forked from: behind the program's name
/// /proc/PID/cmdline has this text, as far as the old arguments leave room, and nothing of them.
void replace_arguments(std::string_view text) noexcept;

/// While this lives, /proc/PID/cmdline of this process and of those that it forks is empty. Anybody
/// who sees a process may read it, whether it is dumpable or not (proc_pid_cmdline(5)).
class HiddenCommandLine {
 public:
  HiddenCommandLine();
  ~HiddenCommandLine();
  HiddenCommandLine(const HiddenCommandLine&) = delete;
  HiddenCommandLine& operator=(const HiddenCommandLine&) = delete;

  /// In a forked child: it stays so. Async-signal-safe.
  void stay_hidden() noexcept { is_kept_ = true; }

 private:
  std::string text_;
  bool is_kept_ = false;
};

}  // namespace coracle::linux
