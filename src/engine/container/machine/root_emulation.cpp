// SPDX-License-Identifier: Apache-2.0
#include "engine/container/machine/root_emulation.hpp"

#include <algorithm>

#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/runtime/root_emulation.hpp"

namespace coracle::engine {
namespace {

/// Whoever is not root has to become so by calls that the filter would answer.
bool is_wanted(const Context& context, const store::ContainerConfig& config, const oci::User& user,
               bool has_single_id) {
  const std::string& mode =
      config.root_emulation.empty() ? context.config().root_emulation : config.root_emulation;
  if (user.uid != 0 || user.gid != 0) return false;
  return mode == "always" || (mode != "never" && has_single_id);
}

/// What the user mounts there is the user's: no file of ours is made in it.
bool is_mounted_over(const store::ContainerConfig& config, const std::string& directory) {
  return std::ranges::any_of(config.mounts, [&](const store::ContainerMount& mount) {
    return (directory + "/").starts_with(mount.destination + "/");
  });
}

}  // namespace

bool has_single_id(Context& context, const store::ContainerConfig& config) {
  const auto& own = config.id_mappings;
  if (own.empty()) return context.config().rootless && linux::is_single_id(context.mappings());
  return own.uids.size() == 1 && own.uids[0].size == 1 && own.gids.size() == 1 &&
         own.gids[0].size == 1;
}

bool cannot_set_groups(Context& context) {
  return context.config().rootless && linux::is_single_id(context.mappings());
}

void warn_of_missing_user(Context& context, const store::ContainerConfig& config) {
  const auto pair = split_once(config.user, ':');
  const std::string_view user = pair ? pair->first : std::string_view(config.user);
  if (user.empty() || user == "0" || user == "root" || !config.id_mappings.empty()) return;
  if (!has_single_id(context, config)) return;
  log::warn(
      "with one id there is no user '{}': its programs are root of the container, without "
      "capabilities",
      user);
}

std::optional<runtime::SeccompProgram> load_root_emulation(Context& context,
                                                           const store::ContainerConfig& config,
                                                           const oci::User& user,
                                                           bool has_single_id) {
  if (!is_wanted(context, config, user, has_single_id)) return std::nullopt;
  return runtime::load_seccomp(context.cache_directory() + "/seccomp",
                               runtime::root_emulation_spec());
}

void add_emulation_files(
    Context& context, const store::ContainerConfig& config,
    const std::function<bool(const std::string& path)>& has_directory,
    const std::function<std::string(const char* name, const std::string& text)>& write,
    SpecFacts& facts) {
  const auto user = resolve_user(config.user, config.groups, facts).user;
  if (!is_wanted(context, config, user, has_single_id(context, config))) return;
  if (!has_directory("etc/apt/apt.conf.d") || is_mounted_over(config, "/etc/apt/apt.conf.d"))
    return;
  // It would become _apt for fetching, and gives up where getuid(2) says otherwise.
  facts.emulation_files.emplace_back(write("apt.conf", "APT::Sandbox::User \"root\";\n"),
                                     "/etc/apt/apt.conf.d/99root-emulation");
}

}  // namespace coracle::engine
