// SPDX-License-Identifier: Apache-2.0
// What a binary with AddressSanitizer (-Dsanitize=true) is told wherever it runs: in processes with
// an empty environment, too.

extern "C" const char* __asan_default_options();  // NOLINT: the name is the sanitizer's

const char* __asan_default_options() {
  // Leaks are looked for by ptrace, which most of our processes may not be traced by; one that ends
  // leaves its memory to the kernel. The code is one that no command has.
  return "detect_leaks=0:exitcode=98";
}
