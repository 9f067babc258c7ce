// SPDX-License-Identifier: Apache-2.0
// What a name may mean whose registry is not said (containers-registries.conf(5), "Short-Name
// Aliasing").
#pragma once

#include <string_view>
#include <vector>

#include "coracle/config/registries.hpp"
#include "coracle/oci/reference.hpp"

namespace coracle::engine {

/// Full names to try, in order, each with a tag or a digest. A name with both is asked for by its
/// digest.
/// @throws Error invalid_argument for what is no name; conflict when it may mean several and the
///         configuration wants nobody to guess
std::vector<oci::Reference> resolve_short_name(std::string_view name,
                                               const config::Registries& registries);

}  // namespace coracle::engine
