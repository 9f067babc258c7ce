// SPDX-License-Identifier: Apache-2.0
// Command lines by the rules of Go's pflag, which docker and podman use, to the letter:
//   --opt value   --opt=value   --opt=   --flag   --flag=false
//   -o value   -ovalue   -o=value   -it   -t=false   --
// A value may begin with a dash, long names are never abbreviated, `-` alone is an argument.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/option_set.hpp"

namespace coracle::cli {

struct ParsedArguments {
  std::vector<std::string> positionals;
  bool help = false;  ///< --help, or -h where no option has that letter; parsing stopped there
};

enum class OptionsEnd {
  at_double_dash,     ///< options may follow arguments
  at_first_argument,  ///< run, exec: what follows belongs to the container
};

/// @param sets  searched in this order
/// @throws Error invalid_argument in pflag's words
ParsedArguments parse_arguments(std::span<const std::string> words,
                                std::span<OptionSet* const> sets, OptionsEnd end);

}  // namespace coracle::cli
