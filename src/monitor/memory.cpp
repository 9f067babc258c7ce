// SPDX-License-Identifier: Apache-2.0
#include "monitor/memory.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string_view>

#include "coracle/linux/fd.hpp"

namespace coracle::monitor {
namespace {

constexpr std::uintptr_t k_page = 4096;
/// Stays below the present stack frame: for the calls that are under way.
constexpr std::uintptr_t k_stack_in_use = 8 * k_page;

std::uintptr_t take_hex(std::string_view& text) noexcept {
  std::uintptr_t value = 0;
  while (!text.empty()) {
    const char c = text.front();
    unsigned digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a' + 10);
    if (digit == 16) break;
    value = value * 16 + digit;
    text.remove_prefix(1);
  }
  return value;
}

void drop(std::uintptr_t begin, std::uintptr_t end) noexcept {
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

/// In the read-only data, by which its mapping is recognised.
constexpr char k_constant[] = "coracle";

/// One line of /proc/self/maps: "begin-end perms offset device inode path" (proc(5)).
void drop_mapping(std::string_view line, std::uintptr_t stack_pointer) noexcept {
  const std::uintptr_t begin = take_hex(line);
  if (!line.starts_with('-')) return;
  line.remove_prefix(1);
  const std::uintptr_t end = take_hex(line);
  const auto holds = [&](std::uintptr_t address) { return begin <= address && address < end; };
  // Other mappings that cannot be written may have been, before: relocated data (RELRO).
  const bool is_code = line.starts_with(" r-xp");
  const bool is_constant =
      line.starts_with(" r--p") && holds(reinterpret_cast<std::uintptr_t>(k_constant));
  if ((is_code || is_constant) && line.find('/') != std::string_view::npos) {
    drop(begin, end);
  } else if (holds(stack_pointer)) {
    drop(begin, (stack_pointer & ~(k_page - 1)) - k_stack_in_use);
  }
}

}  // namespace

void give_back_memory() noexcept {
  ::malloc_trim(0);
  const linux::Fd maps = linux::try_open_at(AT_FDCWD, "/proc/self/maps", O_RDONLY);
  if (!maps) return;
  const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  char buffer[4096];
  std::size_t used = 0;
  while (true) {
    const ssize_t got = ::read(maps.get(), buffer + used, sizeof buffer - used);
    if (got <= 0) return;
    std::string_view text(buffer, used + static_cast<std::size_t>(got));
    for (auto newline = text.find('\n'); newline != text.npos; newline = text.find('\n')) {
      drop_mapping(text.substr(0, newline), frame);
      text.remove_prefix(newline + 1);
    }
    used = text.copy(buffer, text.size());
    if (used == sizeof buffer) return;
  }
}

}  // namespace coracle::monitor
