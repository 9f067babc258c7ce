// SPDX-License-Identifier: Apache-2.0
// Runs seccomp programs in user space, as the kernel's classic BPF would.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstring>
#include <span>
#include <stdexcept>

namespace coracle::runtime::test {

/// The program's answer. Throws on anything the kernel would not load.
inline std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& call) {
  std::uint32_t accumulator = 0;
  std::size_t at = 0;
  while (at < program.size()) {
    const sock_filter& step = program[at++];
    bool holds = false;
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k % 4 != 0 || step.k + 4 > sizeof call) throw std::runtime_error("bad load");
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + step.k, 4);
        continue;
      case BPF_ALU | BPF_AND | BPF_K: accumulator &= step.k; continue;
      case BPF_RET | BPF_K: return step.k;
      case BPF_JMP | BPF_JA: at += step.k; continue;
      case BPF_JMP | BPF_JEQ | BPF_K: holds = accumulator == step.k; break;
      case BPF_JMP | BPF_JGE | BPF_K: holds = accumulator >= step.k; break;
      case BPF_JMP | BPF_JGT | BPF_K: holds = accumulator > step.k; break;
      case BPF_JMP | BPF_JSET | BPF_K: holds = (accumulator & step.k) != 0; break;
      default: throw std::runtime_error("unknown instruction");
    }
    at += holds ? step.jt : step.jf;
  }
  throw std::runtime_error("ran off the end");
}

}  // namespace coracle::runtime::test
