// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/consent.hpp"

#include <unistd.h>

#include "coracle/base/error.hpp"

namespace coracle::cli {

bool ask_consent(CommandContext& context, std::string_view warning) {
  context.out.print("WARNING! {}\nAre you sure you want to continue? [y/N] ", warning);
  context.out.flush();
  char answer = '\0';
  if (::read(context.input, &answer, 1) != 1) {
    throw Error(ErrorClass::invalid_argument, "no answer from standard input")
        .set_hint("Pass --force to do it without being asked");
  }
  return answer == 'y' || answer == 'Y';
}

}  // namespace coracle::cli
