// SPDX-License-Identifier: Apache-2.0
// Sizes for people, by the rules of docker's go-units.
#pragma once

#include <cstdint>
#include <string>

namespace coracle::cli::format {

/// "1.23MB": powers of 1000, three significant digits. docker's listings.
std::string human_size(std::uint64_t bytes);
/// "1.23 MB": the same with a blank. podman's listings.
std::string human_size_spaced(std::uint64_t bytes);
/// "1.234MB": powers of 1000, four significant digits. Usage.
std::string fine_size(std::uint64_t bytes);
/// "1.172GiB": powers of 1024, four significant digits. Limits and memory.
std::string binary_size(std::uint64_t bytes);

}  // namespace coracle::cli::format
