// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/mount_table.hpp"
#include "coracle/runtime/resctrl.hpp"

namespace coracle::runtime {
namespace {

/// The group of the machine itself.
constexpr std::string_view k_root = "/";

void check_name(std::string_view what, const std::string& name) {
  if (!name.empty() && name != "." && name != ".." &&
      name.find_first_of("/\n") == std::string::npos)
    return;
  throw Error(ErrorClass::invalid_argument, "intelRdt: invalid {} '{}'", what, name);
}

std::string directory_of(const std::string& mount_point, const oci::IntelRdt& wanted,
                         const std::string& container) {
  if (wanted.clos_id == k_root) return mount_point;
  const std::string& name = wanted.clos_id.empty() ? container : wanted.clos_id;
  check_name("closID", name);
  return mount_point + "/" + name;
}

std::string monitoring_of(const std::string& directory, const std::string& container) {
  check_name("container id", container);
  return directory + "/mon_groups/" + container;
}

/// One line for each resource. Bandwidth that is set on its own counts more than in the others.
std::string schemata_of(const oci::IntelRdt& wanted) {
  std::string text;
  for (const auto& line : split(wanted.l3_cache_schema, '\n')) {
    if (line.empty() || (!wanted.mem_bw_schema.empty() && line.starts_with("MB:"))) continue;
    text += line + "\n";
  }
  if (!wanted.mem_bw_schema.empty()) text += wanted.mem_bw_schema + "\n";
  for (const auto& line : wanted.schemata) text += line + "\n";
  return text;
}

/// @returns whether it was not there before
bool make_group(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return true;
  if (errno == EEXIST) return false;
  SysError error("cannot make the resctrl group '{}'", path);
  if (error.code() == ENOSPC) error.set_hint("the processor has no more classes of service");
  throw error;
}

}  // namespace

std::string resctrl_mount_point() {
  constexpr std::size_t k_most = 64U << 20;
  const auto table = linux::parse_mount_table(linux::read_file("/proc/self/mountinfo", k_most));
  const auto found = std::ranges::find(table, "resctrl", &linux::MountEntry::type);
  if (found != table.end()) return found->point;
  Error error(ErrorClass::unavailable, "intelRdt: no resctrl file system is mounted");
  error.set_hint("where the processor has it: mount -t resctrl resctrl /sys/fs/resctrl");
  throw error;
}

ResctrlGroup::ResctrlGroup(const std::string& mount_point, const oci::IntelRdt& wanted,
                           const std::string& container)
    : directory_(directory_of(mount_point, wanted, container)) {
  try {
    set_up(wanted, container);
  } catch (...) {
    remove_made();
    throw;
  }
}

void ResctrlGroup::set_up(const oci::IntelRdt& wanted, const std::string& container) {
  const std::string schemata = schemata_of(wanted);
  if (!wanted.clos_id.empty() && schemata.empty() && !linux::exists(directory_)) {
    throw Error(ErrorClass::not_found,
                "intelRdt: there is no group '{}', and no schema that a new one could have",
                wanted.clos_id);
  }
  made_directory_ = make_group(directory_);
  if (!schemata.empty()) linux::write_existing(directory_ + "/schemata", schemata);
  if (!wanted.enable_monitoring) return;
  const std::string monitoring = monitoring_of(directory_, container);
  made_monitoring_ = make_group(monitoring);
  monitoring_ = monitoring;
}

ResctrlGroup::~ResctrlGroup() {
  if (!is_kept_) remove_made();
}

void ResctrlGroup::remove_made() noexcept {
  if (made_monitoring_) ::rmdir(monitoring_.c_str());
  if (made_directory_) ::rmdir(directory_.c_str());
}

void ResctrlGroup::add(pid_t process) const {
  linux::write_existing(directory_ + "/tasks", std::to_string(process));
  if (!monitoring_.empty()) linux::write_existing(monitoring_ + "/tasks", std::to_string(process));
}

void join_resctrl_group(const std::string& mount_point, const oci::IntelRdt& wanted,
                        const std::string& container, pid_t process) {
  const std::string directory = directory_of(mount_point, wanted, container);
  linux::write_existing(directory + "/tasks", std::to_string(process));
  if (!wanted.enable_monitoring) return;
  linux::write_existing(monitoring_of(directory, container) + "/tasks", std::to_string(process));
}

void set_resctrl_schemata(const std::string& mount_point, const oci::IntelRdt& wanted,
                          const std::string& container) {
  const std::string directory = directory_of(mount_point, wanted, container);
  linux::write_existing(directory + "/schemata", schemata_of(wanted));
}

void remove_resctrl_group(const std::string& mount_point, const oci::IntelRdt& wanted,
                          const std::string& container) {
  const auto remove = [](const std::string& path) {
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) {
      throw SysError("cannot remove the resctrl group '{}'", path);
    }
  };
  const std::string directory = directory_of(mount_point, wanted, container);
  if (wanted.enable_monitoring) remove(monitoring_of(directory, container));
  if (wanted.clos_id.empty()) remove(directory);
}

}  // namespace coracle::runtime
