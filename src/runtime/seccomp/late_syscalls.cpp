// SPDX-License-Identifier: Apache-2.0
#include <seccomp.h>

#include <array>
#include <utility>

#include "runtime/seccomp/architecture_internal.hpp"
#include "runtime/seccomp/late_syscalls_internal.hpp"

namespace coracle::runtime::seccomp {
namespace {

using Entry = std::pair<std::string_view, std::uint32_t>;

// Since Linux 5.1 a new call has the same number everywhere (arch/*/…/syscall.tbl), but for a base
// that some architectures add.
constexpr std::array k_shared = {
    Entry{"set_mempolicy_home_node", 450},
    Entry{"cachestat", 451},
    Entry{"fchmodat2", 452},
    Entry{"map_shadow_stack", 453},
    Entry{"futex_wake", 454},
    Entry{"futex_wait", 455},
    Entry{"futex_requeue", 456},
    Entry{"statmount", 457},
    Entry{"listmount", 458},
    Entry{"lsm_get_self_attr", 459},
    Entry{"lsm_set_self_attr", 460},
    Entry{"lsm_list_modules", 461},
    Entry{"mseal", 462},
    Entry{"setxattrat", 463},
    Entry{"getxattrat", 464},
    Entry{"listxattrat", 465},
    Entry{"removexattrat", 466},
    Entry{"open_tree_attr", 467},
    Entry{"file_getattr", 468},
    Entry{"file_setattr", 469},
};

struct SingleArchitecture {
  std::string_view name;
  std::uint32_t token;
  std::uint32_t number;
};

constexpr std::array k_single = {
    SingleArchitecture{"uretprobe", SCMP_ARCH_X86_64, 335},
    SingleArchitecture{"uprobe", SCMP_ARCH_X86_64, 336},
    SingleArchitecture{"riscv_hwprobe", SCMP_ARCH_RISCV64, 258},
};

}  // namespace

std::optional<std::uint32_t> late_syscall_number(std::string_view name,
                                                 std::uint32_t token) noexcept {
  for (const auto& [known, number] : k_shared) {
    if (known == name) return syscall_number_base(token) + number;
  }
  for (const auto& entry : k_single) {
    if (entry.name == name && entry.token == token) return entry.number;
  }
  return std::nullopt;
}

}  // namespace coracle::runtime::seccomp
