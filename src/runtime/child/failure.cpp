// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/failure.hpp"

#include <errno.h>
#include <string.h>
#include <unistd.h>

namespace coracle::runtime::child {

void fail(int socket, protocol::Step step, const char* subject) noexcept {
  fail(socket, step, errno, subject);
}

void fail(int socket, protocol::Step step, int error, const char* subject) noexcept {
  protocol::Message message;
  message.kind = protocol::Kind::failure;
  message.step = step;
  message.error = error;
  ::strncpy(message.subject, subject, sizeof message.subject - 1);
  protocol::send(socket, message);
  ::_exit(1);
}

}  // namespace coracle::runtime::child
