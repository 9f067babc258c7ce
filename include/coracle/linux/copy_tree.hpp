// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace coracle::linux {

/// Copies everything in the directory `from` into the directory `to`, with modes, owners, times,
/// extended attributes and symbolic links; contents are shared where the file system can (reflink).
/// Device nodes that may not be made are left out. Both stay the caller's; the attributes of `from`
/// itself are copied to `to`. Allocates nothing, so that a container's child may call it.
/// @returns false with errno set at the first failure
bool try_copy_tree(int from, int to) noexcept;

}  // namespace coracle::linux
