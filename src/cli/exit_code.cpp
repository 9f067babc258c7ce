// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.hpp"

#include "coracle/base/error.hpp"

namespace coracle::cli {

int report_failure(Output& err, const std::exception& failure) noexcept {
  int code = k_exit_engine;
  try {
    const auto* error = dynamic_cast<const Error*>(&failure);
    if (error == nullptr) {
      err.print("Error: internal error: {}\n", failure.what());
    } else {
      code = error->exit_code();
      err.print("Error: {}\n", error->describe());
      if (!error->hint().empty()) err.print("{}\n", error->hint());
    }
    err.flush();
  } catch (...) {
    // Standard error is gone, too: the exit code has to say it all.
  }
  return code;
}

}  // namespace coracle::cli
