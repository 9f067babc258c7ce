// SPDX-License-Identifier: Apache-2.0
#include "coracle/cli/run.hpp"

int main(int argc, char** argv) {
  return coracle::cli::run(argc, argv);
}
