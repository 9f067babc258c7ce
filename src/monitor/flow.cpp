// SPDX-License-Identifier: Apache-2.0
#include "monitor/flow.hpp"

#include <errno.h>
#include <limits.h>

#include <algorithm>
#include <array>

namespace coracle::monitor {
namespace {

constexpr std::size_t k_read_size = 64 << 10;
/// How much is read ahead for the sake of the keys, in bytes.
constexpr std::size_t k_read_ahead = 64 << 10;

}  // namespace

void Flow::want(PollSet& set) {
  const bool reads = target_ && (pending_.empty() || (keys_ && pending_.size() < k_read_ahead));
  source_place_ = set.add(reads ? source_.fd() : -1, POLLIN);
  target_place_ = set.add(pending_.empty() ? -1 : target_.fd(), POLLOUT);
}

void Flow::step(const PollSet& set) {
  if (!target_) return;
  if (set.is_ready(source_place_)) read();
  // Right away what was just read, unless the target may make us wait.
  if (!pending_.empty() &&
      (set.is_ready(target_place_) || monitor::is_ready(target_.fd(), POLLOUT))) {
    write();
  }
  if (!source_ && pending_.empty()) target_.reset();
}

void Flow::read() {
  std::array<char, k_read_size> buffer;
  const ssize_t got = source_.read(buffer.data(), buffer.size());
  if (got <= 0) {
    // A terminal that is gone answers EIO.
    if (got == 0 || !would_block()) source_.reset();
    return;
  }
  const std::string_view data(buffer.data(), static_cast<std::size_t>(got));
  if (keys_) {
    has_detached_ = keys_->feed(data, pending_);
  } else {
    pending_.append(data);
  }
}

void Flow::write() {
  // A pipe that says it has room has room for this much.
  const std::size_t limit = target_.may_block() ? PIPE_BUF : pending_.size();
  const ssize_t written = target_.write(pending_.data(), std::min(limit, pending_.size()));
  if (written >= 0) {
    pending_.erase(0, static_cast<std::size_t>(written));
  } else if (!would_block()) {
    is_broken_ = errno == EPIPE;
    pending_.clear();
    source_.reset();
    target_.reset();
  }
}

}  // namespace coracle::monitor
