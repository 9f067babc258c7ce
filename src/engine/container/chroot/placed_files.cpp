// SPDX-License-Identifier: Apache-2.0
#include "engine/container/chroot/placed_files.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::engine {
namespace {

constexpr const char* k_list = "places.json";

/// A directory whose time of change is, at the end, what it was in the beginning.
class UntouchedDirectory {
 public:
  explicit UntouchedDirectory(linux::Fd directory) : directory_(std::move(directory)) {
    if (directory_) ::fstat(directory_.get(), &before_);
  }
  ~UntouchedDirectory() {
    const timespec times[2] = {{0, UTIME_OMIT}, before_.st_mtim};
    if (directory_) ::futimens(directory_.get(), times);
  }
  UntouchedDirectory(const UntouchedDirectory&) = delete;
  UntouchedDirectory& operator=(const UntouchedDirectory&) = delete;

  explicit operator bool() const noexcept { return directory_.valid(); }
  int get() const noexcept { return directory_.get(); }

 private:
  linux::Fd directory_;
  struct stat before_ {};
};

linux::Fd open_directory(int root, const std::string& path) {
  return linux::try_open_in_root(root, path.empty() ? "/" : path, O_RDONLY | O_DIRECTORY);
}

/// One place, and what it was like before.
struct Place {
  std::string path;               ///< inside, absolute
  bool was_taken = false;         ///< something was there
  std::vector<std::string> made;  ///< directories on the way that were not, the topmost first
};

bool is_there(int directory, const std::string& name) {
  struct stat info {};
  return ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

Place look_at(int root, const std::string& path) {
  Place place{path, false, {}};
  const std::string parent = parent_path(path);
  for (std::size_t end = parent.find('/', 1); parent.size() > 1; end = parent.find('/', end + 1)) {
    const std::string part = parent.substr(0, end);
    if (!linux::try_open_in_root(root, part, O_PATH)) place.made.push_back(part);
    if (end == std::string::npos) break;
  }
  if (const linux::Fd directory = open_directory(root, parent)) {
    place.was_taken = is_there(directory.get(), file_name(path));
  }
  return place;
}

void write_list(const std::string& aside, const std::vector<Place>& places) {
  Json list = Json::array();
  for (const auto& place : places) {
    list.push_back({{"path", place.path}, {"was_taken", place.was_taken}, {"made", place.made}});
  }
  linux::write_file_atomic(aside + "/" + k_list, dump_json(list));
}

std::vector<Place> read_list(const std::string& aside) {
  std::vector<Place> places;
  const auto text = linux::read_file_if_exists(aside + "/" + k_list);
  if (!text) return places;  // Nothing had been placed yet.
  for (const auto& entry : parse_json(*text, aside)) {
    places.push_back({json::get_string(entry, "path"), json::get_bool(entry, "was_taken"),
                      json::get_strings(entry, "made")});
  }
  return places;
}

void make_directories(int root, const Place& place) {
  if (place.made.empty()) return;
  const UntouchedDirectory above(open_directory(root, parent_path(place.made.front())));
  (void)linux::ensure_directory_in_root(root, parent_path(place.path));
}

/// Moves what is in a place aside.
void clear(int root, const Place& place, const std::string& aside, std::size_t number) {
  if (!place.was_taken) return;
  const UntouchedDirectory parent(open_directory(root, parent_path(place.path)));
  if (!parent || ::renameat(parent.get(), file_name(place.path).c_str(), AT_FDCWD,
                            (aside + "/" + std::to_string(number)).c_str()) != 0) {
    throw SysError("cannot move '{}' of the container aside", place.path);
  }
}

void put_file(int root, const std::string& source, const std::string& path) {
  const std::string text = linux::read_file(source);
  const UntouchedDirectory parent(open_directory(root, parent_path(path)));
  const linux::Fd file = linux::try_open_at(parent.get(), file_name(path),
                                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  if (!file || ::fchmod(file.get(), 0644) != 0) {
    throw SysError("cannot write '{}' of the container", path);
  }
  linux::write_all(file.get(), text, path);
}

void make_directory(int parent, const char* name, mode_t mode) {
  if (::mkdirat(parent, name, mode) != 0 || ::fchmodat(parent, name, mode, 0) != 0) {
    throw SysError("cannot make '{}' in the container", name);
  }
}

void make_devices_directory(int root) {
  const UntouchedDirectory top(open_directory(root, "/"));
  make_directory(top.get(), "dev", 0755);
  const linux::Fd made = linux::open_at(top.get(), "dev", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  make_directory(made.get(), "shm", 01777);
}

/// Whatever a program has put there.
void remove_what_is_there(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
  linux::remove_tree(linux::proc_path(directory) + "/" + name);
}

void restore(int root, const Place& place, const std::string& aside, std::size_t number) {
  const std::string waiting = aside + "/" + std::to_string(number);
  // It may be a link to nowhere.
  const bool is_waiting = linux::stat_if_exists(waiting).has_value();
  // Moved back already, or not moved yet.
  if (place.was_taken && !is_waiting) return;
  const UntouchedDirectory parent(open_directory(root, parent_path(place.path)));
  if (!parent) return;  // A program has removed it; what was in it goes with the rest.
  remove_what_is_there(parent.get(), file_name(place.path));
  if (is_waiting &&
      ::renameat(AT_FDCWD, waiting.c_str(), parent.get(), file_name(place.path).c_str()) != 0) {
    throw SysError("cannot move '{}' of the container back", place.path);
  }
}

void remove_made(int root, const Place& place) {
  for (auto path = place.made.rbegin(); path != place.made.rend(); ++path) {
    const UntouchedDirectory parent(open_directory(root, parent_path(*path)));
    // One that has something in it by now is the container's.
    if (parent) ::unlinkat(parent.get(), file_name(*path).c_str(), AT_REMOVEDIR);
  }
}

}  // namespace

void place_files(const std::string& root, const std::string& aside,
                 const std::vector<PlacedFile>& files) {
  const linux::Fd top = linux::open_file(root, O_RDONLY | O_DIRECTORY);
  std::vector<Place> places = {look_at(top.get(), "/dev")};
  for (const auto& file : files) places.push_back(look_at(top.get(), file.destination));
  linux::make_directory(aside);
  write_list(aside, places);
  for (std::size_t i = 0; i < places.size(); ++i) {
    make_directories(top.get(), places[i]);
    clear(top.get(), places[i], aside, i);
    if (i == 0) {
      make_devices_directory(top.get());
    } else {
      put_file(top.get(), files[i - 1].source, places[i].path);
    }
  }
}

void take_back_files(const std::string& root, const std::string& aside) {
  if (!linux::exists(aside)) return;
  const linux::Fd top = linux::open_file(root, O_RDONLY | O_DIRECTORY);
  const auto places = read_list(aside);
  for (std::size_t i = places.size(); i > 0; --i) {
    restore(top.get(), places[i - 1], aside, i - 1);
    remove_made(top.get(), places[i - 1]);
  }
  linux::remove_tree(aside);
}

}  // namespace coracle::engine
