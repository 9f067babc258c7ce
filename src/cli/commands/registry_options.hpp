// SPDX-License-Identifier: Apache-2.0
// What the commands that talk to registries have in common.
#pragma once

#include <functional>
#include <string>

#include "cli/command.hpp"
#include "coracle/engine/transfers.hpp"

namespace coracle::cli {

/// --tls-verify, --cert-dir, --authfile.
void declare_server_options(OptionSet& options, engine::RegistryOptions& registry);
/// These, --creds, --retry and --retry-delay.
void declare_registry_options(OptionSet& options, engine::RegistryOptions& registry);

/// --platform, or its parts.
struct PlatformValues {
  std::string platform;
  std::string architecture;
  std::string os;
  std::string variant;

  /// "os/arch/variant"; empty when nothing is asked for.
  /// @throws Error invalid_argument when --platform comes with one of its parts
  std::string text() const;
};
void declare_platform_options(OptionSet& options, PlatformValues& values);

/// @throws Error invalid_argument in podman's words
engine::PullPolicy parse_pull_policy(const std::string& text);

/// Runs a transfer that shows how it gets on, and that Ctrl-C stops cleanly.
using Transfer = std::function<void(engine::TransferObserver&, const linux::Cancellation&)>;
void run_transfer(CommandContext& context, bool quiet, const Transfer& transfer);

}  // namespace coracle::cli
