// SPDX-License-Identifier: Apache-2.0
#include "monitor/pump.hpp"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace coracle::monitor {
namespace {

constexpr std::size_t k_splice_size = 1 << 20;

bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

std::size_t index_of(Stream stream) noexcept { return static_cast<std::size_t>(stream); }

bool is_ready(int fd, short events) noexcept {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, 0) > 0;
}

}  // namespace

void OutputPump::open(linux::Fd source) {
  source_ = std::move(source);
  ::fcntl(source_.get(), F_SETFL, O_NONBLOCK);
  length_ = 0;
  wait_for_client_ = false;
}

bool OutputPump::has_pending() const noexcept {
  if (length_ > 0) return true;
  pollfd entry{source_.get(), POLLIN, 0};
  return source_ && ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN) != 0;
}

Client* OutputPump::only_client(Clients& clients) const {
  Client* found = nullptr;
  for (auto& client : clients) {
    if (!client.outputs[index_of(stream_)]) continue;
    if (found != nullptr) return nullptr;
    found = &client;
  }
  return found;
}

void OutputPump::want(std::vector<pollfd>& set, const Clients& clients) const {
  const std::size_t index = index_of(stream_);
  bool waiting = false;
  for (const auto& client : clients) {
    const auto& output = client.outputs[index];
    if (!output) continue;
    if (wait_for_client_ || client.written[index] < length_) {
      set.push_back({output.get(), POLLOUT, 0});
      waiting = true;
    }
  }
  if (source_ && !waiting) set.push_back({source_.get(), POLLIN, 0});
}

void OutputPump::step(Clients& clients, LogWriter& log) {
  if (length_ > 0) write_chunk(clients);
  if (length_ > 0 || !source_) return;
  if (!log.enabled() && can_splice_ && try_splice(clients, log)) return;
  read_chunk(clients, log);
}

bool OutputPump::try_splice(Clients& clients, const LogWriter&) {
  Client* client = only_client(clients);
  if (client == nullptr) return false;
  linux::Fd& output = client->outputs[index_of(stream_)];
  const ssize_t moved = ::splice(source_.get(), nullptr, output.get(), nullptr, k_splice_size,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved > 0) {
    wait_for_client_ = false;
  } else if (moved == 0) {
    source_.reset();
  } else if (would_block()) {
    // One of the two: bytes wait here, or room is missing there.
    wait_for_client_ = is_ready(source_.get(), POLLIN);
  } else if (errno == EINVAL) {
    can_splice_ = false;  // Neither end is a pipe.
    return false;
  } else {
    output.reset();  // The client's reader is gone.
    wait_for_client_ = false;
  }
  return true;
}

void OutputPump::read_chunk(Clients& clients, LogWriter& log) {
  const ssize_t got = ::read(source_.get(), buffer_.data(), buffer_.size());
  if (got <= 0) {
    // A terminal answers EIO when its last process has gone.
    if (got == 0 || !would_block()) source_.reset();
    return;
  }
  length_ = static_cast<std::size_t>(got);
  for (auto& client : clients) client.written[index_of(stream_)] = 0;
  log.write(stream_, std::string_view(buffer_.data(), length_));
  write_chunk(clients);
}

void OutputPump::write_chunk(Clients& clients) {
  const std::size_t index = index_of(stream_);
  bool complete = true;
  for (auto& client : clients) {
    linux::Fd& output = client.outputs[index];
    while (output && client.written[index] < length_) {
      const ssize_t written = ::write(output.get(), buffer_.data() + client.written[index],
                                      length_ - client.written[index]);
      if (written >= 0) {
        client.written[index] += static_cast<std::size_t>(written);
      } else if (would_block()) {
        complete = false;
        break;
      } else {
        output.reset();
      }
    }
  }
  if (complete) length_ = 0;
}

void InputPump::open(linux::Fd target, bool terminal) {
  target_ = std::move(target);
  ::fcntl(target_.get(), F_SETFL, O_NONBLOCK);
  terminal_ = terminal;
  length_ = 0;
  offset_ = 0;
  wait_for_target_ = false;
}

void InputPump::want(std::vector<pollfd>& set, const Clients& clients) const {
  if (!target_) return;
  if (length_ > 0 || wait_for_target_) {
    set.push_back({target_.get(), POLLOUT, 0});
    return;
  }
  for (const auto& client : clients) {
    if (client.input) set.push_back({client.input.get(), POLLIN, 0});
  }
}

void InputPump::step(Clients& clients) {
  if (!target_) return;
  if (length_ > 0) flush();
  if (length_ == 0 && target_) take(clients);
}

void InputPump::flush() {
  while (offset_ < length_) {
    const ssize_t written = ::write(target_.get(), buffer_.data() + offset_, length_ - offset_);
    if (written >= 0) {
      offset_ += static_cast<std::size_t>(written);
      continue;
    }
    if (would_block()) return;
    target_.reset();  // The program closed its input.
    break;
  }
  length_ = 0;
  offset_ = 0;
}

bool InputPump::splice_from(Client& client) {
  const ssize_t moved = ::splice(client.input.get(), nullptr, target_.get(), nullptr, k_splice_size,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  wait_for_target_ = false;
  if (moved > 0) return true;
  if (moved == 0) {
    client.input.reset();
    target_.reset();
    return true;
  }
  if (would_block()) {
    wait_for_target_ = is_ready(client.input.get(), POLLIN) && !is_ready(target_.get(), POLLOUT);
    return true;
  }
  if (errno == EPIPE) {
    target_.reset();
    return true;
  }
  can_splice_ = false;
  return false;
}

void InputPump::take(Clients& clients) {
  for (auto& client : clients) {
    if (!client.input || !target_ || !is_ready(client.input.get(), POLLIN)) continue;
    if (!terminal_ && can_splice_ && splice_from(client)) return;
    const ssize_t got = ::read(client.input.get(), buffer_.data(), buffer_.size());
    if (got < 0 && would_block()) continue;
    if (got <= 0) {
      client.input.reset();
      // The end of input goes through to a program; a terminal stays for the next client.
      if (!terminal_) target_.reset();
      return;
    }
    length_ = static_cast<std::size_t>(got);
    offset_ = 0;
    flush();
    return;
  }
}

}  // namespace coracle::monitor
