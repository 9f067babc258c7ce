// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "coracle/linux/file.hpp"
#include "coracle/network/keeper.hpp"

namespace coracle::network::keeper {

std::string socket_path(const KeeperPlan& plan);
/// Of the lock that a keeper holds as long as it lives.
std::string lock_path(const KeeperPlan& plan);
SwitchboardOwner owner_of(const KeeperPlan& plan);

/// The process itself: serves until nobody is connected any more.
/// @param lock      held as long as it lives: there is one at a time
/// @param listener  listens already
[[noreturn]] void serve(const KeeperPlan& plan, linux::FileLock lock, linux::Fd listener) noexcept;

}  // namespace coracle::network::keeper
