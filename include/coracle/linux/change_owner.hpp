// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

namespace coracle::linux {

/// chown -R, without following symbolic links. Throws SysError naming the entry.
void change_owner_of_tree(const std::string& path, uid_t uid, gid_t gid);

}  // namespace coracle::linux
