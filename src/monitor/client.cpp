// SPDX-License-Identifier: Apache-2.0
#include "monitor/client.hpp"

#include <fcntl.h>

namespace coracle::monitor {

void Client::attach(Packet& hello) noexcept {
  is_attached = true;
  const unsigned flags = hello.message.flags;
  std::size_t next = 0;
  const auto take = [&](unsigned flag) {
    if ((flags & flag) == 0 || next == hello.descriptors.size()) return Endpoint();
    Endpoint endpoint(std::move(hello.descriptors[next++]));
    if (endpoint.may_block()) endpoint.reset();
    return endpoint;
  };
  input = take(k_has_input);
  input_is_relayed = (flags & k_input_is_relayed) != 0;
  input_has_ended = false;
  outputs = {take(k_has_output), take(k_has_error)};
  // What was read before it came is not for it.
  written = {~std::size_t{0}, ~std::size_t{0}};
  can_splice = {true, true};
}

}  // namespace coracle::monitor
