// SPDX-License-Identifier: Apache-2.0
// cp: between host and container, or between two containers.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>

#include "coracle/archive/pack_layer.hpp"
#include "coracle/archive/unpack_layer.hpp"
#include "coracle/base/error.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/resolve.hpp"
#include "engine/container/copy/copy_entries.hpp"
#include "engine/container/copy/copy_owner.hpp"
#include "engine/container/copy/copy_side.hpp"
#include "engine/container/mounts/root.hpp"

namespace coracle::engine {
namespace {

[[noreturn]] void throw_missing(const CopySide& side) {
  throw Error(ErrorClass::not_found, "\"{}\" could not be found: no such file or directory",
              side.path());
}

/// A device, pipe or socket where none can be read, written or made.
[[noreturn]] void throw_odd(const CopySide& side) {
  throw Error(ErrorClass::invalid_argument, "\"{}\" is neither a file nor a directory",
              side.path());
}

/// What is there, behind links; st_mode 0 if nothing is.
struct stat look(const CopySide& side) {
  struct stat info {};
  const linux::Fd place = side.open(O_PATH);
  if (place && ::fstat(place.get(), &info) != 0) throw SysError("cannot look at '{}'", side.path());
  if (!place && errno != ENOENT && errno != ENOTDIR)
    throw SysError("cannot open '{}'", side.path());
  return info;
}

/// What a shell hands over (`<(…)`, /dev/stdin), which is read, where other pipes and devices are
/// copied themselves.
bool is_stream(const CopySide& side, const struct stat& info) {
  return side.is_host() && S_ISFIFO(info.st_mode) &&
         (side.path().starts_with("/dev/") || side.path().starts_with("/proc/"));
}

/// A directory: into one that is there, or as one that is not.
void copy_directory(const CopySide& from, const CopySide& to, const struct stat& target,
                    EntryCopier& copier) {
  if (target.st_mode != 0 && !S_ISDIR(target.st_mode)) {
    throw Error(ErrorClass::invalid_argument,
                "destination must be a directory when copying a directory");
  }
  const bool is_there = target.st_mode != 0;
  const std::string name = from.is_contents() ? "" : from.name();
  if (is_there && name.empty()) {
    const linux::Fd source = from.open(O_RDONLY | O_DIRECTORY);
    const linux::Fd directory = to.open(O_RDONLY | O_DIRECTORY);
    if (!source || !directory) throw SysError("cannot open '{}'", from.path());
    return copier.copy_contents(source.get(), directory.get(), from.path());
  }
  if (from.name().empty()) {
    throw Error(ErrorClass::not_found, "\"{}\" could not be found: no such directory", to.path());
  }
  const Place source = from.place();
  if (is_there) {
    const linux::Fd directory = to.open(O_RDONLY | O_DIRECTORY);
    if (!directory) throw SysError("cannot open '{}'", to.path());
    copier.copy(source.parent.get(), source.name, directory.get(), name, from.path());
  } else {
    const Place place = to.place();
    copier.copy(source.parent.get(), source.name, place.parent.get(), place.name, from.path());
  }
}

/// A pipe or device of the host is written to.
bool takes_content(const CopySide& to, const struct stat& target) {
  return to.is_host() && (S_ISFIFO(target.st_mode) || S_ISCHR(target.st_mode));
}

void write_content(const CopySide& from, const CopySide& to) {
  const linux::Fd source = from.open(O_RDONLY | O_NOCTTY);
  if (!source) throw SysError("cannot read '{}'", from.path());
  const linux::Fd target = to.open(O_WRONLY | O_NOCTTY);
  if (!target) throw SysError("cannot write '{}'", to.path());
  archive::FdSource input(source.get());
  archive::FdSink output(target.get(), to.path());
  archive::copy(input, output);
}

/// What a stream brings, as a file.
void store_stream(const CopySide& from, const Place& place, const CopyRules& rules) {
  const linux::Fd source = from.open(O_RDONLY | O_NOCTTY);
  if (!source) throw SysError("cannot read '{}'", from.path());
  if (::unlinkat(place.parent.get(), place.name.c_str(), 0) != 0 && errno != ENOENT) {
    throw SysError("cannot replace '{}'", place.name);
  }
  const linux::Fd file = linux::open_at(place.parent.get(), place.name,
                                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  archive::FdSource input(source.get());
  archive::FdSink output(file.get(), place.name);
  archive::copy(input, output);
  const FileOwner owner = rules.owner({0, 0});
  if (::fchown(file.get(), owner.uid, owner.gid) != 0) {
    throw SysError("cannot set the owner of '{}'", place.name);
  }
}

/// A file, link or node: into a directory that is there, or by the name that is given.
void copy_leaf(const CopySide& from, const struct stat& source, const CopySide& to,
               const struct stat& target, const CopyRules& rules) {
  const bool into = S_ISDIR(target.st_mode);
  if (to.has_trailing_slash() && !into) {
    throw Error(ErrorClass::not_found, "\"{}\" could not be found: no such directory", to.path());
  }
  const bool is_odd = target.st_mode != 0 && !into && !S_ISREG(target.st_mode);
  if (is_odd && !to.is_host() && !rules.overwrite) throw_odd(to);
  if (takes_content(to, target) && S_ISREG(source.st_mode)) return write_content(from, to);
  const Place place = into ? Place{to.open(O_RDONLY | O_DIRECTORY), from.name()} : to.place();
  if (!place.parent) throw SysError("cannot open '{}'", to.path());
  if (is_stream(from, source)) return store_stream(from, place, rules);
  const Place origin = from.place();
  EntryCopier(rules).copy(origin.parent.get(), origin.name, place.parent.get(), place.name,
                          from.path());
  struct stat made {};
  const bool is_made =
      ::fstatat(place.parent.get(), place.name.c_str(), &made, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_made && S_ISREG(source.st_mode)) throw_missing(from);
  if (!is_made) throw_odd(from);
}

/// Of who may give files to nobody. What a tar brings gets a note of its owner instead.
FileOwner own_files(FileOwner /*wanted*/) {
  return {::geteuid(), ::getegid()};
}

void copy_between(const CopySide& from, const CopySide& to, const CopyRules& rules) {
  const struct stat source = look(from);
  if (source.st_mode == 0) throw_missing(from);
  const struct stat target = look(to);
  if (S_ISDIR(source.st_mode)) {
    EntryCopier copier(rules);
    copy_directory(from, to, target, copier);
  } else if (from.is_contents() || from.has_trailing_slash()) {
    throw Error(ErrorClass::invalid_argument, "\"{}\" is not a directory", from.path());
  } else {
    copy_leaf(from, source, to, target, rules);
  }
}

/// A tar of the source.
void stream_out(const CopySide& from, const store::ContainerConfig& config, int output) {
  const struct stat source = look(from);
  if (source.st_mode == 0) throw_missing(from);
  archive::FdSink sink(output, "standard output");
  const std::string name = from.name();
  archive::PackOptions pack;
  pack.overlay_upper = false;
  pack.owners = config.id_mappings;
  // "/." and the root itself: what is in the directory, else the directory or file by its name.
  const bool whole = name.empty() || (from.is_contents() && S_ISDIR(source.st_mode));
  if (whole) {
    const linux::Fd top = from.open(O_RDONLY | O_DIRECTORY);
    if (!top) throw SysError("cannot open '{}'", from.path());
    archive::pack_layer(top.get(), sink, pack);
    return;
  }
  const Place place = from.place();
  if (place.name == ".") return archive::pack_layer(place.parent.get(), sink, pack);
  pack.excluded = [&](std::string_view path) {
    return path != place.name && !path.starts_with(place.name + "/");
  };
  archive::pack_layer(place.parent.get(), sink, pack);
}

/// A tar into a directory.
void stream_in(const CopySide& to, const CopyRules& rules, int input) {
  const linux::Fd target = to.open(O_RDONLY | O_DIRECTORY);
  if (!target)
    throw Error(ErrorClass::invalid_argument,
                "destination must be a directory when copying from stdin");
  archive::FdSource source(input);
  archive::UnpackOptions options;
  options.whiteouts = false;
  options.replaces_other_kinds = rules.overwrite;
  options.keeps_root = true;
  options.change_owner = [&](std::int64_t& uid, std::int64_t& gid) {
    const FileOwner owner = rules.owner({static_cast<uid_t>(uid), static_cast<gid_t>(gid)});
    uid = owner.uid;
    gid = owner.gid;
  };
  archive::unpack_layer(source, target.get(), options);
}

}  // namespace

void copy_files(Context& context, const CopyRequest& request) {
  // In the order of the ids, so that two that copy in opposite directions do not wait for each
  // other.
  std::map<ContainerId, ContainerRoot> roots;
  std::map<ContainerId, store::ContainerConfig> configs;
  for (const auto& id : std::set{request.from, request.to}) {
    if (!id) continue;
    roots.try_emplace(*id, context, *id, ContainerRoot::Volumes::mounted);
    configs.emplace(*id, context.containers().load_config(*id));
  }
  const auto side = [&](const std::optional<ContainerId>& id, const std::string& path) {
    return CopySide(id ? roots.at(*id).fd() : AT_FDCWD, path);
  };
  const auto config_of = [&](const std::optional<ContainerId>& id) {
    return id ? &configs.at(*id) : nullptr;
  };
  CopyRules rules;
  rules.owner =
      owner_of_copies(context, config_of(request.from), config_of(request.to), request.archive);
  rules.overwrite = request.overwrite;
  // A node that a container has made is not to become one of the host's.
  rules.devices = request.to.has_value();
  const CopySide from = side(request.from, request.source);
  const CopySide to = side(request.to, request.destination);
  try {
    if (request.from && !request.to && request.destination == "-") {
      stream_out(from, configs.at(*request.from), request.output);
    } else if (request.to && !request.from && request.source == "-") {
      stream_in(to, rules, request.input);
    } else {
      if (!linux::holds_capability("chown")) rules.owner = own_files;
      copy_between(from, to, rules);
    }
  } catch (SysError& error) {
    if (request.to && error.code() == EROFS) {
      error.set_hint(
          "in a container that does not run, images and overlays without upperdir are read-only");
    }
    if (request.to && error.code() == EOVERFLOW) {
      error.set_hint("on an idmapped mount only the container's own ids make files: use 'exec'");
    }
    throw;
  }
}

}  // namespace coracle::engine
