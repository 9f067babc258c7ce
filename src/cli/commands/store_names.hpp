// SPDX-License-Identifier: Apache-2.0
// What the shells offer where a container, an image, a network or a pod is expected.
#pragma once

#include "cli/completion_kind.hpp"

namespace coracle::cli {

/// Names from the stores that the global options lead to. Finds nothing rather than failing.
class StoreNames final : public CompletionSource {
 public:
  std::vector<Candidate> candidates(CompletionKind kind, std::string_view prefix,
                                    const GlobalOptions& global) override;
};

}  // namespace coracle::cli
