// SPDX-License-Identifier: Apache-2.0
// What a binary with sanitizers (-Dsanitize=true) is told wherever it runs. Most of its processes
// have neither an environment of the caller's nor streams that somebody reads.
#include <unistd.h>

extern "C" const char* __asan_default_options();   // NOLINT: the name is the sanitizer's
extern "C" const char* __ubsan_default_options();  // NOLINT

namespace {

// Leaks are looked for by ptrace, which most of our processes may not be traced by; one that ends
// leaves its memory to the kernel. Global variables have no red zones here, as those of the unit
// tests have: to lay them takes longer than most commands. The code is one that no command has.
#define CORACLE_OPTIONS "detect_leaks=0:report_globals=0:print_stacktrace=1:exitcode=98"

/// Whoever wants reports in files makes this directory, for everybody to write to.
constexpr const char* k_reports = "/tmp/coracle-sanitizers";

const char* options() {
  return ::access(k_reports, W_OK) == 0 ? CORACLE_OPTIONS ":log_path=/tmp/coracle-sanitizers/report"
                                        : CORACLE_OPTIONS;
}

}  // namespace

const char* __asan_default_options() {
  return options();
}

const char* __ubsan_default_options() {
  return options();
}
