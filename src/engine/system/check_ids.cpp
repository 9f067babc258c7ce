// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/linux/process.hpp"
#include "coracle/linux/subordinate_ids.hpp"
#include "engine/system/host_checks.hpp"

namespace coracle::engine {
namespace {

using Status = HostCheck::Status;

std::string name_of(const linux::UserIdentity& identity) {
  return identity.name.empty() ? std::to_string(identity.uid) : identity.name;
}

HostCheck user_namespaces(const linux::NamespaceTrial& trial, Rung rung) {
  if (trial.user_error == 0) return {"user-namespaces", Status::ok, "can be made"};
  const auto refusal = linux::explain_refusal(trial);
  const bool is_of_mounts = trial.refused == linux::NamespaceTrial::Step::mount;
  HostCheck check{"user-namespaces", rung == Rung::none ? Status::missing : Status::limited,
                  (is_of_mounts ? "nothing can be mounted in them: " : "") + refusal.cause,
                  refusal.fix};
  if (refusal.wants_apparmor_profile) {
    check.fix = "sudo tee /etc/apparmor.d/coracle <<'EOF'\n" + linux::apparmor_profile() +
                "EOF\nsudo apparmor_parser -r /etc/apparmor.d/coracle";
  }
  return check;
}

std::uint64_t count_ids(const std::vector<linux::SubordinateRange>& ranges) {
  std::uint64_t count = 0;
  for (const auto& range : ranges) count += range.count;
  return count;
}

HostCheck subordinate_ids(const linux::UserIdentity& identity) {
  const auto uids = count_ids(identity.subuids);
  const auto gids = count_ids(identity.subgids);
  HostCheck check{"subordinate-ids", Status::ok, fmt::format("{} uids, {} gids", uids, gids)};
  if (uids >= linux::k_usual_ids && gids >= linux::k_usual_ids) return check;
  const std::string user = name_of(identity);
  check.status = uids == 0 || gids == 0 ? Status::missing : Status::limited;
  check.detail =
      fmt::format("/etc/subuid grants {} {} uids, /etc/subgid {} gids", user, uids, gids);
  check.fix = identity.name.empty()
                  ? fmt::format("echo {}:{}:{} | sudo tee -a /etc/subuid /etc/subgid", user,
                                linux::first_free_id(), linux::k_usual_ids)
                  : fmt::format("sudo usermod --add-subuids {0} --add-subgids {0} {1}",
                                linux::free_id_range(), user);
  return check;
}

HostCheck helper(const char* name) {
  if (const auto problem = linux::find_helper_problem(name)) {
    return {name, Status::missing, problem->cause, problem->fix};
  }
  return {name, Status::ok, *linux::find_program(name)};
}

}  // namespace

void check_ids(const Context& context, const linux::NamespaceTrial& trial, Rung rung,
               HostChecks& checks) {
  checks.push_back(user_namespaces(trial, rung));
  const auto identity = linux::current_identity();
  if (identity.uid != 0) {
    checks.push_back(subordinate_ids(identity));
    checks.push_back(helper("newuidmap"));
    checks.push_back(helper("newgidmap"));
    if (identity.name.empty()) {
      checks.push_back({"user-name", Status::limited,
                        fmt::format("/etc/passwd does not know uid {}", identity.uid),
                        "none is needed; USER and HOME serve as well"});
    }
  } else if (context.config().rootless) {
    std::uint64_t ids = 0;
    for (const auto& range : linux::mappings_of(::getpid()).uids) ids += range.size;
    checks.push_back({"inherited-ids", ids >= linux::k_usual_ids ? Status::ok : Status::limited,
                      fmt::format("{} uids of the namespace around", ids),
                      ids >= linux::k_usual_ids ? "" : "make that one with more ids"});
  }
}

}  // namespace coracle::engine
