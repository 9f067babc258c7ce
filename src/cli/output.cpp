// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <errno.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::cli {
namespace {

constexpr std::size_t k_flush_at = 64U << 10U;

}  // namespace

void Output::write(std::string_view text) {
  if (broken_) return;
  buffer_ += text;
  if (buffer_.size() >= k_flush_at) flush();
}

void Output::line(std::string_view text) {
  write(text);
  write("\n");
}

void Output::flush() {
  if (buffer_.empty()) return;
  // Emptied first: a failure must not be met again by the flush at the end.
  const std::string text = std::exchange(buffer_, {});
  try {
    linux::write_all(fd_, text, name_);
  } catch (const SysError& error) {
    if (error.code() != EPIPE) throw;
    broken_ = true;
  }
}

}  // namespace coracle::cli
