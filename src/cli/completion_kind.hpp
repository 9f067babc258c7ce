// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coracle::cli {

struct GlobalOptions;

/// What stands where an argument or a value is expected.
enum class CompletionKind {
  none,
  file,
  directory,
  container,
  running_container,
  stopped_container,
  image,
  container_or_image,
  volume,
  network,
  pod,
  secret,
  command,     ///< a program of the host, and what follows it
  subcommand,  ///< a command of ours: help
};

struct Candidate {
  std::string text;
  std::string description = {};
};

/// Answers what exists. The engine's implementation reads the store.
class CompletionSource {
 public:
  virtual ~CompletionSource() = default;
  virtual std::vector<Candidate> candidates(CompletionKind kind, std::string_view prefix,
                                            const GlobalOptions& global) = 0;
};

}  // namespace coracle::cli
