// SPDX-License-Identifier: Apache-2.0
#include "coracle/engine/doctor.hpp"

#include <unistd.h>

#include <optional>

#include "coracle/base/error.hpp"
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
  try {
    if (context.lack_of_namespaces() != nullptr) {
      return can_run_in_chroot(context) ? Rung::chroot : Rung::none;
    }
  } catch (const Error&) {
    return Rung::none;  // What `run` would end with.
  }
  if (!context.config().rootless) return Rung::root;
  // One that can be made need not be good for anything.
  if (trial.user_error != 0 && ::geteuid() != 0) return Rung::none;
  const auto maps = linux::attainable_mappings(linux::current_identity());
  if (linux::is_single_id(maps) || find_refusal_of_helpers()) return Rung::single_id;
  return ::geteuid() == 0 ? Rung::inherited_namespace : Rung::subordinate_ids;
}

}  // namespace

Rung rung_of(Context& context) {
  const bool is_tried = context.config().rootless;
  return rung_with(context, is_tried ? linux::try_namespaces() : linux::NamespaceTrial{});
}

HostExamination examine_host(Context& context) {
  HostExamination examination;
  const auto trial = linux::try_namespaces();
  examination.rung = rung_with(context, trial);
  check_kernel(context, trial, examination.checks);
  check_ids(context, trial, examination.rung, examination.checks);
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
