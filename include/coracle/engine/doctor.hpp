// SPDX-License-Identifier: Apache-2.0
// What this machine allows, which way is taken here to have containers, and what would make it
// better.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coracle/engine/context.hpp"

namespace coracle::engine {

/// The ways, from the best one down.
enum class Rung {
  root,                 ///< the machine's
  subordinate_ids,      ///< a user namespace with the ranges of subuid(5)
  inherited_namespace,  ///< the ids of the user namespace or container that we are root of
  single_id,            ///< a user namespace with our own id alone: root is emulated
  chroot,               ///< no mounts: a directory of its own is all that a container has
  none,                 ///< no containers: images alone
};
/// "root", "subordinate-ids", "inherited-namespace", "single-id", "chroot", "none".
std::string_view to_string(Rung rung) noexcept;
/// The one that is taken. Before enter_namespace(). Tries in a child what has to be tried.
Rung rung_of(Context& context);
/// Whether programs can be run in any of these ways.
/// @throws Error why nothing can be mounted, where chroot(2) is not allowed either, or is not
///         wanted (coracle.conf(5), "chroot_fallback")
void require_way_to_run(Context& context);

struct HostCheck {
  enum class Status { ok, limited, missing };
  std::string name;  ///< "subordinate-ids"
  Status status = Status::ok;
  std::string detail;
  std::string fix = {};  ///< a command, or what to write where; may have several lines
};
std::string_view to_string(HostCheck::Status status) noexcept;

struct HostExamination {
  Rung rung = Rung::none;
  std::vector<HostCheck> checks;
};
/// Tries what can be tried, in children, and looks at the rest. Changes nothing but the store's
/// cache.
HostExamination examine_host(Context& context);

}  // namespace coracle::engine
