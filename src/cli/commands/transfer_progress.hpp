// SPDX-License-Identifier: Apache-2.0
// What a transfer shows: a bar for each blob on a terminal, podman's lines elsewhere, nothing with
// --quiet.
#pragma once

#include <memory>

#include "cli/output.hpp"
#include "coracle/engine/transfers.hpp"

namespace coracle::cli {

/// @param out  where it is shown: standard error
std::unique_ptr<engine::TransferObserver> make_progress(Output& out, bool quiet);

}  // namespace coracle::cli
