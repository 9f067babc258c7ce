// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/command_line.hpp"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "coracle/linux/process_stat.hpp"

namespace coracle::linux {
namespace {

constexpr std::size_t k_start_field = 48;  // proc_pid_stat(5)
constexpr std::size_t k_end_field = 49;

std::span<char> remembered;

std::span<char> command_line() noexcept {
  if (!remembered.empty()) return remembered;
  const auto stat = ProcessStat::read(::getpid());
  if (!stat) return {};
  const auto start = static_cast<std::uintptr_t>(stat->number(k_start_field));
  const auto end = static_cast<std::uintptr_t>(stat->number(k_end_field));
  if (start == 0 || end <= start) return {};
  return {reinterpret_cast<char*>(start), end - start};
}

}  // namespace

void remember_command_line(int argc, char** argv) noexcept {
  if (argc <= 0) return;
  // The kernel lays the arguments out one behind the other.
  char* end = argv[argc - 1] + ::strlen(argv[argc - 1]) + 1;
  if (end > argv[0]) remembered = {argv[0], end};
}

void replace_arguments(std::string_view text) noexcept {
  const auto place = command_line();
  const std::size_t name = ::strnlen(place.data(), place.size());
  if (name >= place.size()) return;
  const auto arguments = place.subspan(name + 1);
  ::memset(arguments.data(), 0, arguments.size());
  if (arguments.empty()) return;
  ::memcpy(arguments.data(), text.data(), std::min(text.size(), arguments.size() - 1));
}

HiddenCommandLine::HiddenCommandLine() {
  const auto place = command_line();
  text_.assign(place.data(), place.size());
  ::memset(place.data(), 0, place.size());
}

HiddenCommandLine::~HiddenCommandLine() {
  if (!is_kept_ && !text_.empty()) ::memcpy(command_line().data(), text_.data(), text_.size());
}

}  // namespace coracle::linux
