// SPDX-License-Identifier: Apache-2.0
// How the child waits: for its parent, or, once that has left it, for whoever starts its program.
#pragma once

#include <cstddef>

#include "runtime/protocol/message.hpp"

namespace coracle::runtime::child {

/// Namespaces that hooks run in. The parent may not open them by our pid: we are not dumpable.
struct ShownNamespaces {
  static constexpr std::size_t k_most = 8;
  struct Entry {
    int flag = 0;  ///< CLONE_NEW…
    int descriptor = -1;
  };
  Entry entries[k_most];
};

/// Those of `namespaces` (CLONE_NEW… flags), as the host's /proc has them.
ShownNamespaces open_namespaces(int namespaces, int proc, int socket) noexcept;
void show_namespaces(const ShownNamespaces& shown, int socket) noexcept;

/// Until the parent says so. Ends this process when that has gone.
void wait_for_go(int socket) noexcept;
/// The parent moves interfaces of the host's into our network namespace.
/// @param proc  a /proc that has us
void take_interfaces(int proc, int socket) noexcept;
/// Tells how far we are, and waits.
void hold(int socket, protocol::Kind kind) noexcept;
/// Waits for somebody who comes to `listener`, and lets us go on. Who leaves before that was only
/// looking.
/// @returns the socket that leads there, in the place of `socket`, which is closed
int wait_for_starter(int listener, const ShownNamespaces& shown, int socket) noexcept;

}  // namespace coracle::runtime::child
