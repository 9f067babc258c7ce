// SPDX-License-Identifier: Apache-2.0
// The parts of config.json, each read and written in a file of its own.
#pragma once

#include "coracle/oci/runtime_spec.hpp"
#include "oci/object_reader_internal.hpp"

namespace coracle::oci {

Process read_process(const ObjectReader& reader);
Json write_process(const Process& process);

LinuxConfig read_linux(const ObjectReader& reader);
Json write_linux(const LinuxConfig& config);

Resources read_resources(const ObjectReader& reader);
Json write_resources(const Resources& resources);

SeccompSpec read_seccomp(const ObjectReader& reader);
Json write_seccomp(const SeccompSpec& spec);

IdMapping read_id_mapping(const ObjectReader& reader);
Json write_id_mappings(const std::vector<IdMapping>& mappings);

/// Sets the member unless `value` is an empty object or array, or null.
void set_filled(Json& object, std::string_view key, Json value);
/// The array of what `write` makes of each element.
template <typename T, typename Write>
Json write_array(const std::vector<T>& values, Write&& write) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(write(value));
  return array;
}

/// A string of a closed set. @param required  an absent one is an error, else it is ""
std::string read_choice(const ObjectReader& reader, std::string_view key,
                        std::initializer_list<std::string_view> choices, bool required);

}  // namespace coracle::oci
