// SPDX-License-Identifier: Apache-2.0
// The part that libseccomp does: rules to a BPF program.
#include <errno.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/fd.hpp"
#include "runtime/seccomp/architecture_internal.hpp"
#include "runtime/seccomp/compile_internal.hpp"

namespace coracle::runtime::seccomp {

using oci::SeccompAction;
using oci::SeccompSpec;
using oci::SeccompSyscall;

namespace {

struct Release {
  void operator()(void* context) const noexcept { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

scmp_compare comparison(oci::SeccompOperator op) {
  switch (op) {
    case oci::SeccompOperator::not_equal: return SCMP_CMP_NE;
    case oci::SeccompOperator::less: return SCMP_CMP_LT;
    case oci::SeccompOperator::less_or_equal: return SCMP_CMP_LE;
    case oci::SeccompOperator::equal: return SCMP_CMP_EQ;
    case oci::SeccompOperator::greater_or_equal: return SCMP_CMP_GE;
    case oci::SeccompOperator::greater: return SCMP_CMP_GT;
    case oci::SeccompOperator::masked_equal: return SCMP_CMP_MASKED_EQ;
  }
  return SCMP_CMP_EQ;
}

std::vector<scmp_arg_cmp> arguments_of(const SeccompSyscall& rule) {
  std::vector<scmp_arg_cmp> arguments;
  for (const auto& argument : rule.args) {
    arguments.push_back(
        {argument.index, comparison(argument.op), argument.value, argument.value_two});
  }
  return arguments;
}

bool repeats_an_argument(const std::vector<scmp_arg_cmp>& arguments) {
  std::set<unsigned> seen;
  return !std::ranges::all_of(
      arguments, [&](const auto& argument) { return seen.insert(argument.arg).second; });
}

void check_rule(int result, const std::string& name) {
  if (result == 0) return;
  if (result == -EOPNOTSUPP) {
    throw Error(ErrorClass::unavailable,
                "the kernel does not support the seccomp action for system call '{}'", name);
  }
  if (result == -EEXIST) {
    throw Error(ErrorClass::invalid_argument,
                "the seccomp profile has contradicting rules for system call '{}'", name);
  }
  throw SysError(-result, fmt::format("cannot add a seccomp rule for system call '{}'", name));
}

void add_rule(void* context, std::uint32_t action, const std::string& name,
              const std::vector<scmp_arg_cmp>& arguments) {
  const int number = ::seccomp_syscall_resolve_name(name.c_str());
  // Profiles name calls of every architecture and of kernels to come.
  if (number == __NR_SCMP_ERROR) return;
  const auto add = [&](const scmp_arg_cmp* first, std::size_t count) {
    check_rule(
        ::seccomp_rule_add_array(context, action, number, static_cast<unsigned>(count), first),
        name);
  };
  // libseccomp takes one comparison for each argument; several have always meant "one of them"
  // (runc, crun).
  if (!repeats_an_argument(arguments)) return add(arguments.data(), arguments.size());
  for (const auto& argument : arguments) add(&argument, 1);
}

void choose_architectures(void* context, std::span<const std::uint32_t> tokens) {
  for (const auto token : tokens) {
    const int result = ::seccomp_arch_add(context, token);
    if (result != 0 && result != -EEXIST) throw SysError(-result, "cannot add an architecture");
  }
  const auto native = ::seccomp_arch_native();
  if (std::ranges::find(tokens, native) == tokens.end()) ::seccomp_arch_remove(context, native);
}

std::vector<sock_filter> read_program(void* context) {
  const linux::Fd memory(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory) throw SysError("cannot make a file in memory");
  const int result = ::seccomp_export_bpf(context, memory.get());
  if (result != 0) throw SysError(-result, "cannot compile the seccomp filter");
  ::lseek(memory.get(), 0, SEEK_SET);
  const std::string bytes = linux::read_all(memory.get());
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::copy_n(bytes.data(), program.size() * sizeof(sock_filter),
              reinterpret_cast<char*>(program.data()));
  return program;
}

}  // namespace

std::uint32_t filter_action(SeccompAction action, std::uint32_t errno_value) {
  switch (action) {
    case SeccompAction::kill_process: return SCMP_ACT_KILL_PROCESS;
    case SeccompAction::kill_thread: return SCMP_ACT_KILL_THREAD;
    case SeccompAction::trap: return SCMP_ACT_TRAP;
    case SeccompAction::errno_value: return SCMP_ACT_ERRNO(errno_value);
    case SeccompAction::trace: return SCMP_ACT_TRACE(errno_value);
    case SeccompAction::allow: return SCMP_ACT_ALLOW;
    case SeccompAction::log: return SCMP_ACT_LOG;
    case SeccompAction::notify: return SCMP_ACT_NOTIFY;
  }
  return SCMP_ACT_KILL_PROCESS;
}

std::uint32_t default_action(const SeccompSpec& spec) {
  return filter_action(spec.default_action, spec.default_errno_ret.value_or(EPERM));
}

std::uint32_t action_of(const SeccompSyscall& rule) {
  return filter_action(rule.action, rule.errno_ret.value_or(EPERM));
}

std::vector<std::uint32_t> tokens_of(const SeccompSpec& spec) {
  std::vector<std::uint32_t> tokens = {::seccomp_arch_native()};
  for (const auto& name : spec.architectures) {
    const auto token = architecture_token(name);
    if (!token) {
      // One that was named after this libseccomp was made cannot run here either.
      if (!name.starts_with("SCMP_ARCH_")) {
        throw Error(ErrorClass::invalid_argument, "unknown seccomp architecture '{}'", name);
      }
      log::debug("seccomp: architecture '{}' is left out", name);
      continue;
    }
    if (std::ranges::find(tokens, *token) == tokens.end()) tokens.push_back(*token);
  }
  return tokens;
}

std::vector<sock_filter> export_filter(const SeccompSpec& spec,
                                       std::span<const std::uint32_t> tokens) {
  const std::uint32_t unnamed = default_action(spec);
  const Context context(::seccomp_init(unnamed));
  if (!context) {
    throw Error(ErrorClass::unavailable, "the kernel does not support the seccomp action '{}'",
                oci::to_string(spec.default_action));
  }
  choose_architectures(context.get(), tokens);
  // A tree by number instead of one comparison after the other: less to run when it is tabulated.
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (const auto& rule : spec.syscalls) {
    const std::uint32_t action = action_of(rule);
    if (action == unnamed) continue;
    const auto arguments = arguments_of(rule);
    for (const auto& name : rule.names) add_rule(context.get(), action, name, arguments);
  }
  return read_program(context.get());
}

}  // namespace coracle::runtime::seccomp
