// SPDX-License-Identifier: Apache-2.0
#include "coracle/engine/doctor.hpp"

#include <unistd.h>

#include <optional>

#include "coracle/base/error.hpp"
#include "coracle/linux/capabilities.hpp"
#include "engine/container/chroot/chroot.hpp"
#include "engine/system/host_checks.hpp"

namespace coracle::engine {

std::string_view to_string(Rung rung) noexcept {
  switch (rung) {
    case Rung::root: return "root";
    case Rung::subordinate_ids: return "subordinate-ids";
    case Rung::inherited_namespace: return "inherited-namespace";
    case Rung::single_id: return "single-id";
    case Rung::chroot: return "chroot";
    case Rung::none: return "none";
  }
  return "none";
}

std::string_view to_string(HostCheck::Status status) noexcept {
  switch (status) {
    case HostCheck::Status::ok: return "ok";
    case HostCheck::Status::limited: return "limited";
    case HostCheck::Status::missing: return "missing";
  }
  return "missing";
}

namespace {

/// What newuidmap(1) and newgidmap(1) say against the ids that files grant.
std::optional<Error> find_refusal_of_helpers() {
  const auto maps = linux::attainable_mappings(linux::current_identity());
  if (::geteuid() == 0 || linux::is_single_id(maps)) return std::nullopt;
  try {
    (void)linux::NewUserNamespace(maps).finish();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

Rung rung_with(Context& context, const linux::NamespaceTrial& trial) {
  const auto& config = context.config();
  if (!config.rootless) return Rung::root;
  const bool is_root_here = ::geteuid() == 0 && linux::holds_capability("sys_admin");
  if (trial.user_error != 0 && !is_root_here) {
    return can_change_root() && config.chroot_fallback != "never" ? Rung::chroot : Rung::none;
  }
  const auto maps = linux::attainable_mappings(linux::current_identity());
  if (linux::is_single_id(maps) || find_refusal_of_helpers()) return Rung::single_id;
  return ::geteuid() == 0 ? Rung::inherited_namespace : Rung::subordinate_ids;
}

}  // namespace

Rung rung_of(Context& context) {
  if (!context.config().rootless) return Rung::root;
  return rung_with(context, linux::try_namespaces());
}

HostExamination examine_host(Context& context) {
  HostExamination examination;
  const auto trial = linux::try_namespaces();
  examination.rung = rung_with(context, trial);
  check_kernel(context, trial, examination.checks);
  check_ids(context, trial, examination.checks);
  if (const auto refusal = find_refusal_of_helpers(); refusal && trial.user_error == 0) {
    examination.checks.push_back(
        {"id-maps", HostCheck::Status::missing, refusal->message(), refusal->hint()});
  }
  try {
    context.mappings();
    check_storage(context, examination.checks);
  } catch (const Error& error) {
    examination.checks.push_back(
        {"store", HostCheck::Status::missing, error.message(), "use another one: --root"});
  }
  check_network(context, examination.checks);
  return examination;
}

}  // namespace coracle::engine
