// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>

#include "coracle/base/error.hpp"
#include "runtime/cgroup/device_rules_internal.hpp"

using namespace coracle;
using namespace coracle::runtime::cgroup;
using oci::DeviceRule;

namespace {

constexpr std::uint32_t k_block = BPF_DEVCG_DEV_BLOCK;
constexpr std::uint32_t k_char = BPF_DEVCG_DEV_CHAR;
constexpr std::uint32_t k_mknod = BPF_DEVCG_ACC_MKNOD;
constexpr std::uint32_t k_read = BPF_DEVCG_ACC_READ;
constexpr std::uint32_t k_write = BPF_DEVCG_ACC_WRITE;

/// Runs the few instructions that device programs are made of.
bool runs_to_allow(const std::vector<bpf_insn>& program, std::uint32_t type, std::uint32_t access,
                   std::uint32_t major, std::uint32_t minor) {
  const bpf_cgroup_dev_ctx request{(access << 16) | type, major, minor};
  std::map<int, std::uint64_t> registers;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& step = program[at];
    auto& to = registers[step.dst_reg];
    const auto value = static_cast<std::uint64_t>(std::int64_t{step.imm});
    switch (step.code) {
      case BPF_LDX | BPF_W | BPF_MEM: {
        if (step.src_reg != BPF_REG_1) throw std::runtime_error("not the request");
        to = *reinterpret_cast<const std::uint32_t*>(reinterpret_cast<const char*>(&request) +
                                                     step.off);
        break;
      }
      case BPF_ALU64 | BPF_K | BPF_MOV: to = value; break;
      case BPF_ALU64 | BPF_X | BPF_MOV: to = registers.at(step.src_reg); break;
      case BPF_ALU64 | BPF_K | BPF_AND: to &= value; break;
      case BPF_ALU64 | BPF_K | BPF_RSH: to >>= value; break;
      case BPF_JMP | BPF_K | BPF_JNE:
        if (to != value) at += static_cast<std::size_t>(step.off);
        break;
      case BPF_JMP | BPF_K | BPF_JEQ:
        if (to == value) at += static_cast<std::size_t>(step.off);
        break;
      case BPF_JMP | BPF_EXIT: return registers.at(BPF_REG_0) != 0;
      default: throw std::runtime_error("unknown instruction");
    }
  }
  throw std::runtime_error("ran off the end");
}

const DeviceRule k_deny_all = {false, "a", std::nullopt, std::nullopt, "rwm"};

}  // namespace

TEST_CASE("without a word a device is denied", "[cgroup][devices]") {
  const auto program = device_program({});
  CHECK_FALSE(runs_to_allow(program, k_char, k_read, 1, 3));
  CHECK_FALSE(runs_to_allow(program, k_block, k_mknod, 8, 0));
}

TEST_CASE("rules match type, numbers and access", "[cgroup][devices]") {
  const auto program = device_program({k_deny_all,
                                       {true, "c", 10, 229, "rw"},
                                       {true, "b", 8, std::nullopt, "r"},
                                       {true, "a", 99, 1, "rwm"}});
  CHECK(runs_to_allow(program, k_char, k_read, 10, 229));
  CHECK(runs_to_allow(program, k_char, k_read | k_write, 10, 229));
  CHECK_FALSE(runs_to_allow(program, k_char, k_mknod, 10, 229));
  CHECK_FALSE(runs_to_allow(program, k_char, k_read | k_mknod, 10, 229));
  CHECK_FALSE(runs_to_allow(program, k_char, k_read, 10, 228));
  CHECK_FALSE(runs_to_allow(program, k_char, k_read, 11, 229));
  CHECK_FALSE(runs_to_allow(program, k_block, k_read, 10, 229));
  CHECK(runs_to_allow(program, k_block, k_read, 8, 17));
  CHECK_FALSE(runs_to_allow(program, k_block, k_write, 8, 17));
  CHECK(runs_to_allow(program, k_block, k_read | k_write | k_mknod, 99, 1));
  CHECK(runs_to_allow(program, k_char, k_mknod, 99, 1));
}

TEST_CASE("the last rule decides, for each kind of access", "[cgroup][devices]") {
  const auto program = device_program({{true, "c", 1, 3, "rwm"},
                                       {false, "c", 1, 3, "w"},
                                       {true, "c", 5, std::nullopt, "r"},
                                       {true, "c", std::nullopt, 1, "w"}});
  CHECK(runs_to_allow(program, k_char, k_read, 1, 3));
  CHECK_FALSE(runs_to_allow(program, k_char, k_write, 1, 3));
  CHECK_FALSE(runs_to_allow(program, k_char, k_read | k_write, 1, 3));
  // Two rules may each allow a part.
  CHECK(runs_to_allow(program, k_char, k_read | k_write, 5, 1));
  CHECK_FALSE(runs_to_allow(program, k_char, k_read | k_write, 5, 2));
}

TEST_CASE("nothing follows a rule for everything", "[cgroup][devices]") {
  const auto program =
      device_program({{true, "c", 1, 3, "rwm"}, {true, "a", std::nullopt, std::nullopt, "rwm"}});
  CHECK(runs_to_allow(program, k_block, k_mknod, 8, 0));
  // Six instructions read the request, two answer: the verifier takes no dead code.
  CHECK(program.size() == 8);
}

TEST_CASE("what every container may use comes last", "[cgroup][devices]") {
  const auto program = device_program(effective_device_rules({k_deny_all}));
  CHECK(runs_to_allow(program, k_char, k_read | k_write, 1, 3));
  CHECK(runs_to_allow(program, k_char, k_read | k_write, 136, 12));
  CHECK(runs_to_allow(program, k_char, k_mknod, 200, 7));
  CHECK(runs_to_allow(program, k_block, k_mknod, 8, 0));
  CHECK_FALSE(runs_to_allow(program, k_block, k_read, 8, 0));
  CHECK_FALSE(runs_to_allow(program, k_char, k_read, 1, 1));  // /dev/mem
}

TEST_CASE("privileged containers need no program", "[cgroup][devices]") {
  CHECK(allows_every_device(
      effective_device_rules({{true, "a", std::nullopt, std::nullopt, "rwm"}})));
  CHECK(allows_every_device(effective_device_rules({k_deny_all, {true, "", -1, -1, ""}})));
  CHECK_FALSE(allows_every_device(effective_device_rules({k_deny_all})));
  CHECK_FALSE(allows_every_device(effective_device_rules({})));
  CHECK_FALSE(allows_every_device(effective_device_rules(
      {{true, "a", std::nullopt, std::nullopt, "rwm"}, {false, "c", 1, 1, "rwm"}})));
}

TEST_CASE("v1 lines", "[cgroup][devices]") {
  const auto lines = legacy_device_lines({k_deny_all,
                                          {true, "c", 1, std::nullopt, "rw"},
                                          {false, "b", std::nullopt, 3, "m"},
                                          {true, "a", 7, 7, "r"}});
  std::vector<std::string> texts;
  for (const auto& line : lines) texts.push_back((line.allow ? "+" : "-") + line.text);
  CHECK(texts == std::vector<std::string>{"-a", "+c 1:* rw", "-b *:3 m", "+b 7:7 r", "+c 7:7 r"});
}

TEST_CASE("rules that make no sense are refused", "[cgroup][devices]") {
  CHECK_THROWS_AS(effective_device_rules({{true, "x", 1, 1, "r"}}), Error);
  CHECK_THROWS_AS(effective_device_rules({{true, "c", 1, 1, "rx"}}), Error);
  CHECK_THROWS_AS(effective_device_rules({{true, "c", 1LL << 40, 1, "r"}}), Error);
  CHECK_THROWS_AS(effective_device_rules({{true, "c", -5, 1, "r"}}), Error);
  CHECK(effective_device_rules({{true, "u", 1, 1, ""}}).front().type == "c");
}
