// SPDX-License-Identifier: Apache-2.0
// What slirp4netns is told once it runs.
#pragma once

#include "coracle/network/user_mode.hpp"

namespace coracle::network {

/// Opens the ports of a plan through its control socket.
/// @param directory  as plan_slirp4netns() got it
/// @throws Error conflict or unavailable, in its words
void publish_by_slirp4netns(const UserModePlan& plan, int directory);

}  // namespace coracle::network
