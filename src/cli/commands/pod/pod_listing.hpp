// SPDX-License-Identifier: Apache-2.0
// Pods as pod ps shows them.
#pragma once

#include <string_view>
#include <vector>

#include "coracle/base/json.hpp"
#include "coracle/engine/pods.hpp"

namespace coracle::cli {

/// @param key  created (the newest first), id, name, number or status
/// @throws Error invalid_argument for another
void sort_pods(std::vector<engine::PodSummary>& pods, std::string_view key);

/// What templates see. @param full  ids are not shortened
Json pod_row(const engine::PodSummary& pod, bool full);
/// One of --format json.
Json pod_document(const engine::PodSummary& pod);

}  // namespace coracle::cli
