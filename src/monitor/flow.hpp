// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "monitor/endpoint.hpp"
#include "monitor/keys.hpp"
#include "monitor/poll_set.hpp"

namespace coracle::monitor {

/// One direction of what a client relays itself. Waits for neither side, so that signals and keys
/// are heard while the other side is slow.
class Flow {
 public:
  Flow() = default;
  Flow(linux::Fd source, linux::Fd target) noexcept
      : source_(std::move(source)), target_(std::move(target)) {}

  /// Looks for keys in what passes; they are seen even while the target is full.
  void watch_for(const std::string& sequence) { keys_.emplace(sequence); }

  /// Whether anything may still pass.
  bool is_open() const noexcept { return target_.valid(); }
  /// Whether nobody reads at the target.
  bool is_broken() const noexcept { return is_broken_; }
  /// Whether the keys were seen.
  bool has_detached() const noexcept { return has_detached_; }
  /// Nothing that was read waits to be written.
  bool is_empty() const noexcept { return pending_.empty(); }

  void want(PollSet& set);
  /// Moves what can be moved now. Closes the target after the source's end.
  void step(const PollSet& set);

 private:
  void read();
  void write();

  Endpoint source_;
  Endpoint target_;
  std::optional<KeyFilter> keys_;
  std::string pending_;
  bool is_broken_ = false;
  bool has_detached_ = false;
  std::size_t source_place_ = 0;
  std::size_t target_place_ = 0;
};

}  // namespace coracle::monitor
