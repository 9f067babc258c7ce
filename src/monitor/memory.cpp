// SPDX-License-Identifier: Apache-2.0
#include "monitor/memory.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::monitor {
namespace {

constexpr std::uintptr_t k_page = 4096;
/// Stays below the present stack frame: for the calls that are under way, in bytes.
constexpr std::uintptr_t k_stack_in_use = 8 * k_page;

/// In the read-only data, by which its mapping is recognised.
constexpr char k_constant[] = "coracle";

std::uintptr_t parse_address(std::string_view text) noexcept {
  std::uintptr_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

}  // namespace

ReclaimableMemory::ReclaimableMemory() {
  const auto own_code = reinterpret_cast<std::uintptr_t>(&parse_address);
  const auto constant = reinterpret_cast<std::uintptr_t>(k_constant);
  const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  std::size_t own_place = 0;
  // "begin-end perms offset device inode path" (proc(5)).
  for (const auto& line : split(linux::read_file_if_exists("/proc/self/maps").value_or(""), '\n')) {
    const std::string_view text = line;
    const auto dash = text.find('-');
    const auto space = text.find(' ');
    if (dash > space || space == std::string_view::npos) continue;
    const Range range{parse_address(text.substr(0, dash)),
                      parse_address(text.substr(dash + 1, space - dash - 1))};
    const auto holds = [&](std::uintptr_t address) {
      return range.begin <= address && address < range.end;
    };
    const std::string_view permissions = text.substr(space + 1, 4);
    // Other mappings that cannot be written may have been, before: relocated data (RELRO).
    const bool is_code = permissions == "r-xp" || (permissions == "r--p" && holds(constant));
    if (is_code && text.find('/') != std::string_view::npos) {
      code_.push_back(range);
      // A huge page would bring back two megabytes at a touch.
      ::madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_NOHUGEPAGE);
      if (holds(own_code)) own_place = code_.size() - 1;
    } else if (holds(frame)) {
      stack_ = range;
    }
  }
  // What runs when the others are dropped goes last.
  if (!code_.empty()) std::swap(code_[own_place], code_.back());
}

void ReclaimableMemory::release_unused() const noexcept {
  ::malloc_trim(0);
  const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const std::uintptr_t used = (frame & ~(k_page - 1)) - k_stack_in_use;
  if (stack_.begin < used && used < stack_.end) {
    ::madvise(reinterpret_cast<void*>(stack_.begin), used - stack_.begin, MADV_DONTNEED);
  }
}

int ReclaimableMemory::wait_without_code(pollfd* entries, std::size_t count,
                                         int timeout_ms) const noexcept {
  const timespec limit{timeout_ms / 1000, timeout_ms % 1000 * 1'000'000L};
  // From here on every function that is called is one more that stays in memory while we wait.
  for (const Range& range : code_) {
    ::syscall(SYS_madvise, range.begin, range.end - range.begin, MADV_DONTNEED);
  }
  return static_cast<int>(
      ::syscall(SYS_ppoll, entries, count, timeout_ms < 0 ? nullptr : &limit, nullptr, 0));
}

}  // namespace coracle::monitor
