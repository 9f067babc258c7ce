// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace coracle::runtime {

/// What a container's first process is.
enum class FirstProcess {
  program,  ///< the specification's
  init,     ///< a reaper of ours, and the program its child (--init)
  pause,    ///< a reaper of ours without a program, which holds namespaces until SIGTERM
};

}  // namespace coracle::runtime
