// SPDX-License-Identifier: Apache-2.0
#include "bundle/environment.hpp"

#include <fcntl.h>

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"
#include "coracle/linux/user_database.hpp"

namespace coracle::bundle {
namespace {

constexpr const char* k_passwd = "/etc/passwd";
constexpr mode_t k_umask = 022;
constexpr std::size_t k_longest_passwd = 1U << 20;  // It is whatever an image has there.

/// A file of the container's, which may be anything.
std::string read_inside(const std::string& root, const std::string& path) {
  try {
    const linux::Fd directory = linux::open_file(root, O_PATH | O_DIRECTORY);
    const linux::Fd file = linux::try_open_regular_in_root(directory.get(), path);
    return file ? linux::read_all(file.get(), k_longest_passwd) : "";
  } catch (const Error&) {
    return "";
  }
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

void keep_last_values(std::vector<std::string>& environment) {
  std::vector<std::string> kept;
  for (auto& variable : environment) {
    const auto before = std::ranges::find_if(
        kept, [&](const std::string& other) { return name_of(other) == name_of(variable); });
    if (before == kept.end()) {
      kept.push_back(std::move(variable));
    } else {
      *before = std::move(variable);
    }
  }
  environment = std::move(kept);
}

}  // namespace

std::string passwd_of_bundle(const oci::RuntimeSpec& spec, const std::string& bundle,
                             const std::string& rootfs) {
  const std::string path = k_passwd;
  // Of mounts on it and on what is above it the last one counts.
  for (auto mount = spec.mounts.rbegin(); mount != spec.mounts.rend(); ++mount) {
    const std::string& place = mount->destination;
    if (path != place && !path.starts_with(place + "/")) continue;
    const std::string source =
        mount->source.starts_with('/') ? mount->source : bundle + "/" + mount->source;
    return read_inside("/", source + path.substr(place.size()));
  }
  return read_inside(rootfs, path);
}

std::string passwd_of_process(pid_t pid) {
  return read_inside(fmt::format("/proc/{}/root", pid), k_passwd);
}

void complete_process(oci::Process& process, const std::string& passwd) {
  if (process.cwd.empty()) {
    throw Error(ErrorClass::invalid_argument, "the process has no working directory (cwd)");
  }
  if (!process.capabilities) process.capabilities.emplace();
  if (!process.user.umask) process.user.umask = k_umask;
  keep_last_values(process.env);
  const auto is_home = [](const std::string& variable) { return variable.starts_with("HOME="); };
  if (std::ranges::any_of(process.env, is_home)) return;
  const auto user = linux::find_user_by_uid(passwd, process.user.uid);
  process.env.push_back("HOME=" + (user && !user->home.empty() ? user->home : "/"));
}

}  // namespace coracle::bundle
