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

/// Who has refused a user namespace, or what was tried in one.
/// @param error  its errno
Refusal explain_refusal(int error);
/// The same for its maps, which were to be written without a helper.
Refusal explain_map_refusal();
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

struct NamespaceTrial {
  int user_error = 0;      ///< errno of a user namespace that one can mount in; 0: it works
  bool is_of_map = false;  ///< it was refused to map the own id
  int proc_error = 0;      ///< of a proc of its own, for a pid namespace
};
/// The errno of making one that is good for nothing; 0: it can be made.
int try_user_namespace();
/// Tries all of it, in a child.
NamespaceTrial try_namespaces();

}  // namespace coracle::linux
