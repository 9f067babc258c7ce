// SPDX-License-Identifier: Apache-2.0
// The files of completions/, compiled in.
#pragma once

#include <string_view>

namespace coracle::cli {

extern const std::string_view k_bash_completion;
extern const std::string_view k_fish_completion;
extern const std::string_view k_zsh_completion;

}  // namespace coracle::cli
