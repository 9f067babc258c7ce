// SPDX-License-Identifier: Apache-2.0
#include "coracle/engine/context.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <utility>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/user_namespace_trial.hpp"

namespace coracle::engine {
namespace {

std::string why_single_id(const linux::UserIdentity& identity) {
  std::string why = "there is no other here";
  if (identity.uid != 0 && (identity.subuids.empty() || identity.subgids.empty())) {
    why = "no subordinate ids are granted to this user";
  } else if (identity.uid != 0) {
    auto problem = linux::find_helper_problem("newuidmap");
    if (!problem) problem = linux::find_helper_problem("newgidmap");
    if (problem) why = problem->cause;
  }
  return why;
}

/// Whether that which we are in already serves, but for its ids.
bool is_root_of_namespace() {
  return ::geteuid() == 0 && linux::in_user_namespace() && linux::holds_capability("sys_admin");
}

/// To everybody here, in any namespace.
std::optional<Error> find_refusal_of_mounts() {
  const int code = linux::try_mount();
  if (code == 0) return std::nullopt;
  SysError error(code, "cannot mount anything");
  const auto refusal = linux::explain_mount_refusal(code);
  return error.set_hint(refusal.cause + ": " + refusal.fix);
}

}  // namespace

Context::Context(config::Config config)
    : config_(std::move(config)),
      containers_(config_.root, config_.runroot),
      images_(config_.root),
      networks_(config_.root),
      pods_(config_.root),
      events_(config_.events_logfile_path.empty() ? config_.root + "/events/events.log"
                                                  : config_.events_logfile_path,
              static_cast<std::uint64_t>(config_.events_logfile_max_size)),
      volumes_(config_.root),
      secrets_(config_.root),
      entered_(config_.in_engine_namespace) {}

const linux::IdMappings& Context::mappings() {
  if (!mappings_.empty() || !config_.rootless) return mappings_;
  if (entered_) return mappings_ = linux::mappings_of(::getpid());
  const auto identity = linux::current_identity();
  auto attainable = linux::attainable_mappings(identity);
  if (linux::is_single_id(attainable)) {
    why_one_id_ = why_single_id(identity);
    if (!identity.subuids.empty() && !identity.subgids.empty()) settle_for_one_id(why_one_id_);
  }
  mappings_ = std::move(attainable);
  return mappings_;
}

/// What was made with many ids would be damaged with one: layers with wrong owners under the names
/// of right ones, files that cannot be removed.
/// @throws Error unavailable for a store that has been used with more
void Context::settle_for_one_id(const std::string& why) {
  const std::string mark = config_.root + "/one-id";
  if (linux::exists(mark)) return;
  if (!linux::list_directory(config_.root + "/layers").empty()) {
    Error error(ErrorClass::unavailable,
                "the files in '{}' belong to several ids, of which only one "
                "can be used now: {}",
                config_.root, why);
    throw Error(error.set_hint("see `coracle system doctor`; --root names another store"));
  }
  linux::ensure_directory(config_.root);
  linux::write_file_atomic(mark, "");
}

/// Once there is a namespace, or is known to be none: who refuses that is the better reason.
void Context::warn_of_one_id() {
  if (why_one_id_.empty()) return;
  log::warn("only one id can be used: {}; see `coracle system doctor`",
            std::exchange(why_one_id_, {}));
}

/// Files have the owners that this process can give them, and it stays where it is.
void Context::do_without_namespaces(const Error& error) {
  lack_ = error;
  entered_ = true;
  if (::geteuid() != 0) mappings_ = linux::single_mapping();
  if (!linux::is_single_id(mappings_)) return;
  if (why_one_id_.empty()) settle_for_one_id(error.message());
  why_one_id_ = "user namespaces are refused";
}

/// Where there is no namespace with the maps that were wanted: the one that we are in, if we are
/// its root, or one with a single id, if helpers refuse the others.
/// @throws the error, if neither is there
void Context::take_other_namespace(const Error& error) {
  namespace_.reset();
  if (is_root_of_namespace()) {
    entered_ = true;
    mappings_ = linux::mappings_of(::getpid());
    return;
  }
  // Only what helpers refuse: anything else may be over in a moment.
  if (linux::is_single_id(mappings_) || error.error_class() != ErrorClass::unavailable) throw;
  settle_for_one_id(error.message());
  mappings_ = linux::single_mapping();
  namespace_.emplace(config_.runroot, mappings_);
  log::warn("only one id can be used: {}", error.message());
}

void Context::begin_namespace() {
  if (namespace_ || entered_ || !config_.rootless) return;
  const auto& wanted = mappings();
  const auto refusal = find_refusal_of_mounts();
  try {
    // Root may have devices where it is, but in no namespace that it makes.
    if (refusal && linux::holds_capability("sys_chroot")) {
      do_without_namespaces(*refusal);
    } else {
      namespace_.emplace(config_.runroot, wanted);
    }
  } catch (const SysError& error) {
    if (is_root_of_namespace() || !linux::is_lasting_refusal(error.code())) {
      take_other_namespace(error);
    } else {
      do_without_namespaces(error);
    }
  } catch (const Error& error) {
    take_other_namespace(error);
  }
  if (!lack_) lack_ = refusal;
  warn_of_one_id();
}

const Error* Context::lack_of_namespaces() {
  const bool is_known = lack_ || namespace_ || can_make_namespaces_;
  if (!is_known && (entered_ || !config_.rootless)) {
    lack_ = find_refusal_of_mounts();
    can_make_namespaces_ = !lack_;
  } else if (!is_known) {
    // That costs less than making one that may not be needed; but for root, who needs no helpers,
    // and may be allowed a namespace and not its maps.
    can_make_namespaces_ = ::geteuid() != 0 && linux::try_mount() == 0 &&
                           !linux::is_lasting_refusal(linux::try_user_namespace());
    if (!can_make_namespaces_) begin_namespace();
  }
  return lack_ ? &*lack_ : nullptr;
}

void Context::finish_namespace() {
  begin_namespace();
  if (!namespace_) return;
  try {
    namespace_->finish();
  } catch (const Error& error) {
    take_other_namespace(error);
    if (namespace_) namespace_->finish();
  }
}

void Context::enter_namespace() {
  if (entered_ || !config_.rootless) return;
  finish_namespace();
  if (entered_) return;
  namespace_->enter();
  entered_ = true;
}

bool Context::try_enter_namespace_of(const linux::ProcessIdentity& process) {
  if (entered_ || !config_.rootless) return true;
  const linux::Fd name_space = open_namespace_of(process);
  if (!name_space) return false;
  linux::enter_user_namespace(name_space.get());
  entered_ = true;
  return true;
}

void Context::enter_mount_namespace() {
  if (has_own_mounts_) return;
  if (const Error* lack = lack_of_namespaces()) {
    Error error(ErrorClass::unavailable, "nothing can be mounted here");
    throw Error(error.set_hint(lack->hint()));
  }
  if (::unshare(CLONE_NEWNS) != 0) throw SysError("cannot create a mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    throw SysError("cannot change mount propagation of '/'");
  }
  has_own_mounts_ = true;
}

}  // namespace coracle::engine
