// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "coracle/oci/image_config.hpp"
#include "oci/object_writer_internal.hpp"

namespace coracle::oci {

/// @param raw  the object that `reader` reads
ContainerConfig read_container_config(const ObjectReader& reader, std::shared_ptr<const Json> raw);
Json write_container_config(const ContainerConfig& config);

}  // namespace coracle::oci
