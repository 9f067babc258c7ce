// SPDX-License-Identifier: Apache-2.0
#include "monitor/notify_relay.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/strings.hpp"
#include "coracle/linux/service_manager.hpp"

namespace coracle::monitor {
std::string without_pids(std::string_view message) {
  std::string kept;
  for (const auto& line : split(message, '\n')) {
    if (line.empty() || line.starts_with("MAINPID") || line.starts_with("BARRIER")) continue;
    kept += line + "\n";
  }
  return kept;
}

NotifyRelay::NotifyRelay(const NotifyPlan& plan) : plan_(plan) {
  if (plan.target.empty() || plan.socket.empty()) return;
  socket_ = linux::receive_notifications(plan.socket);
}

void NotifyRelay::tell_started() const noexcept {
  if (plan_.target.empty()) return;
  std::string message = fmt::format("MAINPID={}\n", ::getpid());
  if (plan_.socket.empty() && !plan_.when_healthy) message += "READY=1\n";
  send(message);
}

void NotifyRelay::tell_healthy() const noexcept {
  if (plan_.when_healthy) send("READY=1\n");
}

void NotifyRelay::step() const noexcept {
  // Whoever writes without end is not to keep the monitor from its other work.
  constexpr int k_at_once = 16;
  for (int i = 0; i < k_at_once; ++i) {
    const auto text = linux::next_notification(socket_.get());
    if (!text) return;
    const std::string message = without_pids(*text);
    if (!message.empty()) send(message);
  }
}

void NotifyRelay::send(std::string_view message) const noexcept {
  linux::notify_service_manager(plan_.target, message);
}

}  // namespace coracle::monitor
