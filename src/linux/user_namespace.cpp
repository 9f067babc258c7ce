// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/user_namespace.hpp"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/user_database.hpp"

namespace coracle::linux {
namespace {

std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto value = parse_int(trim(text));
  if (!value || *value < 0 || *value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

std::vector<IdRange> rootless_ranges(std::uint32_t own, const std::vector<SubordinateRange>& subs) {
  std::vector<IdRange> ranges = {{0, own, 1}};
  std::uint32_t next = 1;
  for (const auto& sub : subs) {
    ranges.push_back({next, sub.first, sub.count});
    next += sub.count;
  }
  return ranges;
}

std::optional<std::uint32_t> translate(const std::vector<IdRange>& ranges, std::uint32_t id,
                                       std::uint32_t IdRange::*from, std::uint32_t IdRange::*to) {
  for (const auto& range : ranges) {
    if (id >= range.*from && id - range.*from < range.size) return range.*to + (id - range.*from);
  }
  return std::nullopt;
}

/// Starts newuidmap or newgidmap for `pid`; its complaint can be read from `complaint`.
Child start_helper(const char* program, pid_t pid, const std::vector<IdRange>& ranges,
                   int complaint) {
  SpawnOptions options;
  options.argv = {program, std::to_string(pid)};
  for (const auto& range : ranges) {
    options.argv.push_back(std::to_string(range.inside));
    options.argv.push_back(std::to_string(range.outside));
    options.argv.push_back(std::to_string(range.size));
  }
  options.standard_error = complaint;
  try {
    return spawn(options);
  } catch (Error& error) {
    if (error.error_class() == ErrorClass::unavailable) {
      error.set_hint("install newuidmap and newgidmap (Debian: apt-get install uidmap)");
    }
    throw;
  }
}

[[noreturn]] void throw_refused(const char* program, int complaint, pid_t pid) {
  const std::string said(trim(read_all(complaint, 1U << 16)));
  Error error(ErrorClass::unavailable, "{} refused to map the ids of process {}: {}", program, pid,
              said.empty() ? "no reason given" : said);
  error.set_hint(fmt::format(
      "check that {} is setuid root and that /etc/subuid and /etc/subgid grant you ranges: "
      "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER",
      program));
  throw error;
}

/// Whether the kernel lets us write the map without a helper: one line that maps our own id, or the
/// capability in our own namespace.
bool may_write_directly(const std::vector<IdRange>& ranges, std::uint32_t own) {
  return ::geteuid() == 0 || (ranges.size() == 1 && ranges[0].size == 1 && ranges[0].outside == own);
}

}  // namespace

std::vector<SubordinateRange> parse_subordinate_ids(std::string_view text, std::string_view user,
                                                    uid_t uid) {
  std::vector<SubordinateRange> ranges;
  const std::string number = std::to_string(uid);
  for (const auto& line : split(text, '\n')) {
    const auto fields = split(trim(line), ':');
    if (fields.size() != 3 || (fields[0] != user && fields[0] != number)) continue;
    const auto first = parse_id(fields[1]);
    const auto count = parse_id(fields[2]);
    if (!first || !count || *count == 0) continue;
    if (std::numeric_limits<std::uint32_t>::max() - *first < *count) continue;
    ranges.push_back({*first, *count});
  }
  return ranges;
}

UserIdentity current_identity() {
  UserIdentity identity;
  identity.uid = ::geteuid();
  identity.gid = ::getegid();
  // The file, not getpwuid: a static binary has no NSS modules. LDAP users are granted ranges by
  // number, and USER tells the name for the rest.
  const auto passwd = read_file_if_exists("/etc/passwd");
  if (const auto entry = find_user_by_uid(passwd.value_or(""), identity.uid)) {
    identity.name = entry->name;
  } else if (const char* user = ::getenv("USER")) {
    identity.name = user;
  }
  const auto subuid = read_file_if_exists("/etc/subuid");
  const auto subgid = read_file_if_exists("/etc/subgid");
  identity.subuids = parse_subordinate_ids(subuid.value_or(""), identity.name, identity.uid);
  identity.subgids = parse_subordinate_ids(subgid.value_or(""), identity.name, identity.uid);
  return identity;
}

IdMappings rootless_mappings(const UserIdentity& identity) {
  if (identity.subuids.empty() || identity.subgids.empty()) {
    return {{{0, identity.uid, 1}}, {{0, identity.gid, 1}}};
  }
  return {rootless_ranges(identity.uid, identity.subuids),
          rootless_ranges(identity.gid, identity.subgids)};
}

bool is_single_id(const IdMappings& mappings) noexcept {
  const auto single = [](const std::vector<IdRange>& ranges) {
    return ranges.size() == 1 && ranges[0].size == 1;
  };
  return single(mappings.uids) || single(mappings.gids);
}

std::optional<std::uint32_t> map_outside(const std::vector<IdRange>& ranges, std::uint32_t inside) {
  return translate(ranges, inside, &IdRange::inside, &IdRange::outside);
}

std::optional<std::uint32_t> map_inside(const std::vector<IdRange>& ranges, std::uint32_t outside) {
  return translate(ranges, outside, &IdRange::outside, &IdRange::inside);
}

std::vector<IdRange> parse_id_map(std::string_view text) {
  std::vector<IdRange> ranges;
  for (const auto& line : split(text, '\n')) {
    std::vector<std::uint32_t> numbers;
    for (const auto& field : split(line, ' ')) {
      if (const auto number = parse_id(field); number && !field.empty()) numbers.push_back(*number);
    }
    if (numbers.size() == 3) ranges.push_back({numbers[0], numbers[1], numbers[2]});
  }
  return ranges;
}

std::string format_id_map(const std::vector<IdRange>& ranges) {
  std::string text;
  for (const auto& range : ranges) {
    text += fmt::format("{} {} {}\n", range.inside, range.outside, range.size);
  }
  return text;
}

IdMappings mappings_of(pid_t pid) {
  return {parse_id_map(read_file(fmt::format("/proc/{}/uid_map", pid))),
          parse_id_map(read_file(fmt::format("/proc/{}/gid_map", pid)))};
}

bool in_user_namespace() {
  const auto text = read_file_if_exists("/proc/self/uid_map");
  if (!text) return false;
  const auto ranges = parse_id_map(*text);
  constexpr auto k_all = std::numeric_limits<std::uint32_t>::max();
  return !(ranges.size() == 1 && ranges[0] == IdRange{0, 0, k_all});
}

void write_mappings(pid_t pid, const IdMappings& mappings) {
  const std::string proc = fmt::format("/proc/{}/", pid);
  const bool direct_uids = may_write_directly(mappings.uids, ::geteuid());
  const bool direct_gids = may_write_directly(mappings.gids, ::getegid());
  Child uid_helper;
  Child gid_helper;
  Pipe uid_complaint;
  Pipe gid_complaint;
  if (!direct_uids) {
    uid_complaint = make_pipe();
    uid_helper = start_helper("newuidmap", pid, mappings.uids, uid_complaint.write.get());
  }
  if (!direct_gids) {
    gid_complaint = make_pipe();
    gid_helper = start_helper("newgidmap", pid, mappings.gids, gid_complaint.write.get());
  }
  if (direct_uids) write_existing(proc + "uid_map", format_id_map(mappings.uids));
  if (direct_gids) {
    // Without privilege the kernel wants setgroups(2) given up first (CVE-2014-8989).
    if (::geteuid() != 0) write_existing(proc + "setgroups", "deny");
    write_existing(proc + "gid_map", format_id_map(mappings.gids));
  }
  uid_complaint.write.reset();
  gid_complaint.write.reset();
  if (uid_helper.valid() && exit_code_of(uid_helper.wait()) != 0) {
    throw_refused("newuidmap", uid_complaint.read.get(), pid);
  }
  if (gid_helper.valid() && exit_code_of(gid_helper.wait()) != 0) {
    throw_refused("newgidmap", gid_complaint.read.get(), pid);
  }
}

namespace {

/// The child that stays outside: waits for the word that `pid` has unshared, maps it, and sends what
/// went wrong, if anything, as text.
[[noreturn]] void map_from_outside(pid_t pid, const IdMappings& mappings, Fd ready, Fd report) {
  int code = 1;
  try {
    if (read_all(ready.get()).empty()) ::_exit(code);
    write_mappings(pid, mappings);
    code = 0;
  } catch (const Error& error) {
    const std::string text = error.describe() + "\n" + error.hint();
    [[maybe_unused]] const auto sent = ::write(report.get(), text.data(), text.size());
  } catch (...) {
    code = 1;
  }
  ::_exit(code);
}

}  // namespace

void enter_new_user_namespace(const IdMappings& mappings) {
  Pipe ready = make_pipe();
  Pipe report = make_pipe();
  const pid_t self = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) {
    ready.write.reset();
    report.read.reset();
    map_from_outside(self, mappings, std::move(ready.read), std::move(report.write));
  }
  Child mapper(pid);
  report.write.reset();
  if (::unshare(CLONE_NEWUSER) != 0) {
    SysError error("cannot create a user namespace");
    error.set_hint(
        "see user.max_user_namespaces, kernel.unprivileged_userns_clone and "
        "kernel.apparmor_restrict_unprivileged_userns in sysctl(8)");
    throw error;
  }
  write_all(ready.write.get(), "1", "pipe");
  ready.write.reset();
  const std::string complaint = read_all(report.read.get(), 1U << 16);
  if (exit_code_of(mapper.wait()) != 0) {
    const auto parts = split_once(complaint, '\n');
    Error error(ErrorClass::unavailable, "{}",
                parts ? std::string(parts->first) : "cannot map the ids of the user namespace");
    if (parts) error.set_hint(std::string(parts->second));
    throw error;
  }
  become_namespace_root();
}

void become_namespace_root() {
  if (::setresgid(0, 0, 0) != 0) throw SysError("cannot become group 0 of the user namespace");
  if (::setresuid(0, 0, 0) != 0) throw SysError("cannot become user 0 of the user namespace");
}

}  // namespace coracle::linux
