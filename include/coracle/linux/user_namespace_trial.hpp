// SPDX-License-Identifier: Apache-2.0
// Why there are no user namespaces here, or some that are good for nothing (user_namespaces(7)).
#pragma once

#include <optional>
#include <string>

namespace coracle::linux {

struct Refusal {
  std::string cause;
  std::string fix;                      ///< a command or a setting
  bool wants_apparmor_profile = false;  ///< apparmor_profile() is another way to mend it
};

/// Who has refused a user namespace.
/// @param error  its errno
Refusal explain_refusal(int error);
/// The same for its maps, which were to be written without a helper.
Refusal explain_map_refusal();
/// The same for mounts in it.
Refusal explain_mount_refusal(int error);
/// Whether user namespaces are refused by a rule, that is not over in a moment.
/// @param error  the errno of clone(2) or unshare(2)
bool is_lasting_refusal(int error);
/// Whether a seccomp filter holds for this process.
bool is_filtered();
/// Why newuidmap(1) or newgidmap(1) cannot do its work, as far as that can be seen; nothing if it
/// can.
std::optional<Refusal> find_helper_problem(const std::string& program);
/// AppArmor's profile that lets this program have user namespaces where others may not.
std::string apparmor_profile();

/// The errno of making one that is good for nothing; 0: it can be made.
int try_user_namespace();
/// The errno with which mount(2) is refused to everybody here, the root of a new namespace too, by
/// a seccomp filter or a security module; 0: it is not. Two system calls that change nothing, and
/// try_namespaces() where a module says no.
int try_mount() noexcept;

/// What can be done in a user namespace with one id.
struct NamespaceTrial {
  enum class Step { creation, map, mount };
  int user_error = 0;             ///< errno of one that one can mount in; 0: it works
  Step refused = Step::creation;  ///< what has failed, if it does not
  int proc_error = 0;             ///< of a proc of its own, for a pid namespace
};
/// Tries all of it, in a child.
NamespaceTrial try_namespaces();
/// Who has refused what failed.
Refusal explain_refusal(const NamespaceTrial& trial);

}  // namespace coracle::linux
