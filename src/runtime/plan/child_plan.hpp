// SPDX-License-Identifier: Apache-2.0
// Everything the child does between fork and exec, decided beforehand. Plain data: the child reads
// it and makes system calls, nothing else.
#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/rootfs_plan.hpp"
#include "coracle/runtime/first_process.hpp"
#include "runtime/plan/scheduling.hpp"

namespace coracle::runtime {

/// Attributes of a mount as mount_setattr(2) takes them, and as mount(2) did.
struct MountAttributes {
  std::uint64_t set = 0;            ///< MOUNT_ATTR_*
  std::uint64_t clear = 0;          ///< MOUNT_ATTR_*
  std::uint64_t recursive_set = 0;  ///< MOUNT_ATTR_*, for the mount and all below it
  std::uint64_t recursive_clear = 0;
  unsigned long propagation = 0;  ///< MS_PRIVATE, MS_SLAVE, … or 0
  bool propagation_recursive = false;
};

/// Whether a bind shows its files with other owners (MOUNT_ATTR_IDMAP, mount_setattr(2)).
enum class OwnerMapping {
  none,
  mount,  ///< "idmap": those of the mount itself
  tree,   ///< "ridmap": those of the mounts below it, too
};

struct MountStep {
  enum class Kind {
    file_system,  ///< a new instance of file system `type`
    bind,         ///< `source` of the host
  };
  Kind kind = Kind::file_system;
  std::string type;
  std::string source;
  int tree = -1;                ///< the source as a detached mount that is open already
  std::string target;           ///< absolute, inside the container
  bool recursive = false;       ///< rbind
  bool target_is_file = false;  ///< for a bind whose source is not a directory
  MountAttributes attributes;
  unsigned long flags = 0;  ///< MS_SYNCHRONOUS, MS_RDONLY, … of the file system itself
  std::string data;         ///< "size=64m,mode=755"
  bool copy_up = false;     ///< a tmpfs that starts with what the image has there
  /// A tmpfs that is filled, or that devices and the places of further mounts come to lie in.
  bool readonly_at_last = false;
  int fill = -1;  ///< the directory of a bind that does so; -1: it does not
  /// A proc or sysfs that the kernel does not let us mount is bound from the host instead.
  bool bind_when_refused = false;
  OwnerMapping owners = OwnerMapping::none;  ///< carried out by the parent, see `tree`
};

struct DeviceStep {
  std::string path;    ///< inside the container
  std::string source;  ///< on the host: bound when device nodes cannot be made
  mode_t mode = 0;     ///< with S_IFCHR, S_IFBLK or S_IFIFO
  dev_t number = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct LinkStep {
  std::string target;
  std::string path;
};

struct NamespaceStep {
  int descriptor = -1;  ///< open namespace file
  int flag = 0;         ///< CLONE_NEW…
  std::string path;     ///< for messages
};

struct RlimitStep {
  int resource = 0;
  rlimit value{};
  std::string name;
};

/// The process side: shared by a container's first process and by those that join it later.
struct ProcessPlan {
  std::vector<std::string> argv;
  /// Where argv[0] is looked for, in order: itself if it holds a slash, else one for each of PATH.
  std::vector<std::string> candidates;
  dev_t own_device = 0;  ///< of the engine's program file, which is never run inside
  ino_t own_inode = 0;
  std::vector<std::string> environment;
  std::string working_directory = "/";
  bool create_working_directory = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  bool keep_groups = false;  ///< the caller's supplementary groups stay
  std::optional<mode_t> umask;
  std::optional<unsigned long> personality;  ///< PER_LINUX or PER_LINUX32
  SchedulingPlan scheduling;
  bool set_capabilities = false;
  linux::CapabilitySet bounding = 0;
  linux::CapabilitySet effective = 0;
  linux::CapabilitySet permitted = 0;
  linux::CapabilitySet inheritable = 0;
  linux::CapabilitySet ambient = 0;
  bool no_new_privileges = false;
  std::vector<RlimitStep> rlimits;
  std::optional<int> oom_score_adjustment;
  std::string apparmor_profile;
  std::string selinux_label;
  bool new_keyring = true;
  bool terminal = false;
  unsigned short rows = 0;
  unsigned short columns = 0;
  std::optional<cpu_set_t> affinity;
  std::int64_t preserved_fds = 0;  ///< descriptors 3 … 2+n stay open
  bool ends_with_parent = false;
  FirstProcess first = FirstProcess::program;
  int reaper =
      -1;  ///< the program that is pid 1, unless that is the specification's; -1: a copy of us
};

struct ChildPlan {
  std::vector<NamespaceStep> join;  ///< a user namespace among them is the first
  /// By a process between the parent and the child, which is born in them.
  bool joins_before_birth = false;
  int create_after_join = 0;          ///< CLONE_NEW… flags left for unshare(2) in the child
  bool own_user_namespace = false;    ///< the parent maps its ids
  bool joins_user_namespace = false;  ///< that of another, with ids of its own
  bool wait_for_parent = false;       ///< hold until the parent has mapped ids and joined cgroups
  bool new_network = false;           ///< bring up lo
  bool new_time_namespace = false;
  std::string time_offsets;           ///< as /proc/PID/timens_offsets takes them; empty: none
  bool waits_for_interfaces = false;  ///< the parent moves some into its network namespace
  bool own_names = false;             ///< host and domain name are of a new namespace
  std::string hostname;
  std::string domainname;

  bool own_mounts = false;   ///< a mount namespace of its own: root, mounts, devices below
  bool chroot_only = false;  ///< none: the directory of the root file system, and devices, alone
  unsigned long root_propagation = 0;
  linux::RootfsPlan rootfs;
  bool readonly_root = false;
  bool pivot = true;  ///< false: MS_MOVE and chroot (--no-pivot, initramfs)
  std::vector<std::pair<std::string, std::string>> appended;  ///< path, text
  std::vector<MountStep> mounts;
  std::vector<DeviceStep> devices;
  std::vector<LinkStep> links;
  bool make_nodes = false;  ///< mknod works: not in a user namespace
  std::vector<std::pair<std::string, std::string>> sysctls;  ///< path below /proc/sys, value
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;

  ProcessPlan process;
  int shown_namespaces = 0;          ///< CLONE_NEW… of those that the parent needs for hooks
  bool wait_when_mounted = false;    ///< hold before the host's root file system is left
  bool wait_when_ready = false;      ///< hold before exec
  bool visible_when_ready = false;   ///< be dumpable meanwhile (PR_SET_DUMPABLE(2const))
  bool holds_before_filter = false;  ///< before exec is too late: the filter forbids waiting
  int start_listener = -1;           ///< where somebody else will let it go on; -1: the parent
};

}  // namespace coracle::runtime
