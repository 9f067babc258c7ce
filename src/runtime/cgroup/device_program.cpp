// SPDX-License-Identifier: Apache-2.0
// The device filter of cgroup v2: a small eBPF program, written instruction by instruction.
#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "coracle/base/error.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "runtime/cgroup/device_rules_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

constexpr std::uint8_t k_result = BPF_REG_0;
constexpr std::uint8_t k_context = BPF_REG_1;
constexpr std::uint8_t k_type = BPF_REG_2;
constexpr std::uint8_t k_pending = BPF_REG_3;  // Kinds of access that no rule has allowed yet.
constexpr std::uint8_t k_major = BPF_REG_4;
constexpr std::uint8_t k_minor = BPF_REG_5;
constexpr std::uint8_t k_scratch = BPF_REG_6;

constexpr int k_every_access = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

int access_bits(const std::string& access) {
  int bits = 0;
  for (const char letter : access) {
    if (letter == 'r') bits |= BPF_DEVCG_ACC_READ;
    if (letter == 'w') bits |= BPF_DEVCG_ACC_WRITE;
    if (letter == 'm') bits |= BPF_DEVCG_ACC_MKNOD;
  }
  return bits;
}

class DeviceProgram {
 public:
  std::vector<bpf_insn> run(const std::vector<oci::DeviceRule>& rules) {
    load_request();
    for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
      // The verifier refuses instructions that cannot be reached.
      if (!add_rule(*rule)) return std::move(code_);
    }
    answer(0);
    return std::move(code_);
  }

 private:
  void add(std::uint8_t code, std::uint8_t to, std::uint8_t from, std::int16_t offset,
           std::int32_t value) {
    bpf_insn step{};
    step.code = code;
    step.dst_reg = to & 0xf;
    step.src_reg = from & 0xf;
    step.off = offset;
    step.imm = value;
    code_.push_back(step);
  }

  void load(std::uint8_t to, std::size_t offset) {
    add(BPF_LDX | BPF_W | BPF_MEM, to, k_context, static_cast<std::int16_t>(offset), 0);
  }
  void compute(std::uint8_t operation, std::uint8_t to, std::int32_t value) {
    add(static_cast<std::uint8_t>(BPF_ALU64 | BPF_K | operation), to, 0, 0, value);
  }
  void copy(std::uint8_t to, std::uint8_t from) {
    add(BPF_ALU64 | BPF_X | BPF_MOV, to, from, 0, 0);
  }
  void answer(int allowed) {
    compute(BPF_MOV, k_result, allowed);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
  }
  /// A jump to the next rule, whose place is not known yet.
  void skip_if(std::uint8_t comparison, std::uint8_t left, std::int32_t right) {
    skips_.push_back(code_.size());
    add(static_cast<std::uint8_t>(BPF_JMP | BPF_K | comparison), left, 0, 0, right);
  }

  /// struct bpf_cgroup_dev_ctx: the access is in the upper half of its first word, the type in the
  /// lower one.
  void load_request() {
    load(k_type, offsetof(bpf_cgroup_dev_ctx, access_type));
    copy(k_pending, k_type);
    compute(BPF_AND, k_type, 0xffff);
    compute(BPF_RSH, k_pending, 16);
    load(k_major, offsetof(bpf_cgroup_dev_ctx, major));
    load(k_minor, offsetof(bpf_cgroup_dev_ctx, minor));
  }

  /// Returns false if the rule answers every request.
  bool add_rule(const oci::DeviceRule& rule) {
    const int access = access_bits(rule.access);
    if (access == 0) return true;
    const std::size_t start = code_.size();
    if (rule.type == "b") skip_if(BPF_JNE, k_type, BPF_DEVCG_DEV_BLOCK);
    if (rule.type == "c") skip_if(BPF_JNE, k_type, BPF_DEVCG_DEV_CHAR);
    if (rule.major) skip_if(BPF_JNE, k_major, static_cast<std::int32_t>(*rule.major));
    if (rule.minor) skip_if(BPF_JNE, k_minor, static_cast<std::int32_t>(*rule.minor));
    if (access != k_every_access) {
      if (rule.allow) {
        compute(BPF_AND, k_pending, k_every_access & ~access);
        skip_if(BPF_JNE, k_pending, 0);
      } else {
        copy(k_scratch, k_pending);
        compute(BPF_AND, k_scratch, access);
        skip_if(BPF_JEQ, k_scratch, 0);
      }
    }
    const bool conditional = code_.size() != start;
    answer(rule.allow ? 1 : 0);
    for (const std::size_t skip : skips_) {
      code_[skip].off = static_cast<std::int16_t>(code_.size() - skip - 1);
    }
    skips_.clear();
    return conditional;
  }

  std::vector<bpf_insn> code_;
  std::vector<std::size_t> skips_;
};

long bpf(bpf_cmd command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

/// Until Linux 5.11 programs count as locked memory, of which a service may have little.
class UnlimitedLockedMemory {
 public:
  UnlimitedLockedMemory() noexcept {
    constexpr rlimit k_unlimited{RLIM_INFINITY, RLIM_INFINITY};
    is_raised_ = ::getrlimit(RLIMIT_MEMLOCK, &before_) == 0 &&
                 ::setrlimit(RLIMIT_MEMLOCK, &k_unlimited) == 0;
  }
  /// Children would inherit it.
  ~UnlimitedLockedMemory() {
    if (is_raised_) ::setrlimit(RLIMIT_MEMLOCK, &before_);
  }
  UnlimitedLockedMemory(const UnlimitedLockedMemory&) = delete;
  UnlimitedLockedMemory& operator=(const UnlimitedLockedMemory&) = delete;

 private:
  rlimit before_{};
  bool is_raised_ = false;
};

linux::Fd try_load_program(const std::vector<bpf_insn>& program) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = reinterpret_cast<std::uintptr_t>("Apache-2.0");
  return linux::Fd(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
}

linux::Fd load_program(const std::vector<bpf_insn>& program) {
  linux::Fd loaded = try_load_program(program);
  if (loaded || errno != EPERM) return loaded;
  const UnlimitedLockedMemory unlimited;
  return try_load_program(program);
}

/// The programs attached to the group itself.
std::vector<linux::Fd> attached_programs(int group) {
  std::array<std::uint32_t, 64> ids{};
  bpf_attr query{};
  query.query.target_fd = static_cast<std::uint32_t>(group);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  query.query.prog_cnt = ids.size();
  std::vector<linux::Fd> programs;
  if (bpf(BPF_PROG_QUERY, query) != 0) return programs;
  for (std::uint32_t i = 0; i < query.query.prog_cnt && i < ids.size(); ++i) {
    bpf_attr by_id{};
    by_id.prog_id = ids[i];
    linux::Fd program(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, by_id)));
    if (program) programs.push_back(std::move(program));
  }
  return programs;
}

bpf_attr attachment(int group, int program) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<std::uint32_t>(group);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  return attributes;
}

void detach(int group, const std::vector<linux::Fd>& programs) {
  for (const auto& program : programs) {
    bpf_attr attributes = attachment(group, program.get());
    bpf(BPF_PROG_DETACH, attributes);
  }
}

}  // namespace

std::vector<bpf_insn> device_program(const std::vector<oci::DeviceRule>& rules) {
  return DeviceProgram().run(rules);
}

bool is_limited_from_outside() {
  return linux::in_user_namespace() || !linux::holds_capability("sys_admin");
}

bool attach_device_program(int group, const std::vector<bpf_insn>& program) {
  const linux::Fd loaded = load_program(program);
  if (!loaded) {
    const SysError error("cannot load the device filter");
    if (error.code() == EPERM && is_limited_from_outside()) return false;
    throw SysError(error);
  }
  const auto before = attached_programs(group);
  bpf_attr attach = attachment(group, loaded.get());
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attach) != 0) {
    const SysError error("cannot attach the device filter");
    if (error.code() == EPERM && is_limited_from_outside()) return false;
    throw SysError(error);
  }
  // All attached programs must agree: the old ones go only now, so that there is no moment without.
  detach(group, before);
  return true;
}

void remove_device_programs(int group) {
  detach(group, attached_programs(group));
}

}  // namespace coracle::runtime::cgroup
