// SPDX-License-Identifier: Apache-2.0
#include "monitor/keys.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/monitor/attach.hpp"

namespace coracle::monitor {
namespace {

/// "ctrl-X", X being a letter or one of "@[\]^_".
char control_key(char key) noexcept {
  if (key >= 'a' && key <= 'z') return static_cast<char>(key - 'a' + 1);
  return static_cast<char>(key - '@');
}

bool has_control_key(char key) noexcept {
  return (key >= 'a' && key <= 'z') || key == '@' || (key >= '[' && key <= '_');
}

}  // namespace

std::string parse_detach_keys(std::string_view text) {
  constexpr std::string_view k_control = "ctrl-";
  std::string keys;
  if (text.empty()) return keys;
  for (const auto& part : split(text, ',')) {
    if (part.size() == 1) {
      keys += part;
    } else if (part.starts_with(k_control) && part.size() == k_control.size() + 1 &&
               has_control_key(part.back())) {
      keys += control_key(part.back());
    } else {
      throw Error(ErrorClass::invalid_argument, "invalid detach keys '{}': unknown character '{}'",
                  text, part);
    }
  }
  return keys;
}

bool KeyFilter::feed(std::string_view typed, std::string& out) {
  if (sequence_.empty()) {
    out.append(typed);
    return false;
  }
  for (const char key : typed) {
    held_ += key;
    if (held_ == sequence_) return true;
    // What can no longer begin the sequence goes on its way, from the front.
    while (!sequence_.starts_with(held_)) {
      out += held_.front();
      held_.erase(0, 1);
    }
  }
  return false;
}

}  // namespace coracle::monitor
