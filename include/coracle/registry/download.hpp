// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace coracle::registry {

/// Bytes on their way here.
class Download {
 public:
  virtual ~Download() = default;
  /// At least one byte; 0 at the end.
  /// @throws Error unavailable when the connection broke (too often), not_found or
  ///         permission_denied as the server says, invalid_argument for a wrong size
  virtual std::size_t read(void* data, std::size_t size) = 0;
};

}  // namespace coracle::registry
