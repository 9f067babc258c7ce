// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/fd.hpp"
#include "runtime/cgroup/control_file_internal.hpp"

namespace coracle::runtime::cgroup {

int try_write_control(const std::string& file, std::string_view value) noexcept {
  const linux::Fd fd = linux::try_open_at(AT_FDCWD, file, O_WRONLY);
  if (!fd) return errno;
  while (::write(fd.get(), value.data(), value.size()) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

void write_control(const std::string& file, std::string_view value) {
  if (const int error = try_write_control(file, value); error != 0) {
    throw SysError(error, fmt::format("cannot write '{}' to '{}'", value, file));
  }
}

std::optional<std::string> read_control(const std::string& file) {
  const linux::Fd fd = linux::try_open_at(AT_FDCWD, file, O_RDONLY);
  if (!fd) return std::nullopt;
  try {
    std::string text = linux::read_all(fd.get());
    if (text.ends_with('\n')) text.pop_back();
    return text;
  } catch (const SysError&) {
    // ENODEV: the group went away between open and read. EOPNOTSUPP: a threaded group's processes.
    return std::nullopt;
  }
}

std::optional<std::uint64_t> read_number(const std::string& file) {
  const auto text = read_control(file);
  if (!text) return std::nullopt;
  const auto number = parse_int(trim(*text));
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::uint64_t number_after(std::string_view text, std::string_view key) {
  for (const auto& line : split(text, '\n')) {
    const auto parts = split_once(line, ' ');
    if (!parts || parts->first != key) continue;
    const auto number = parse_int(trim(parts->second));
    return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
  }
  return 0;
}

}  // namespace coracle::runtime::cgroup
