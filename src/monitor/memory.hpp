// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace coracle::monitor {

/// Gives back what the start of a container took and waiting for its end does not need: free heap,
/// the stack below the present frame, and the code, which comes back from the page cache page by
/// page where it is called again.
void give_back_memory() noexcept;

}  // namespace coracle::monitor
