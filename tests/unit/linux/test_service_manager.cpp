// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "coracle/linux/file.hpp"
#include "coracle/linux/service_manager.hpp"

using namespace coracle;

TEST_CASE("a service manager hears what it is told, whole or not at all") {
  const linux::TempDir place("/tmp", "coracle-notify-");
  const std::string path = place.path() + "/notify/socket";
  const mode_t umask = ::umask(077);
  const linux::Fd socket = linux::receive_notifications(path);
  CHECK(::umask(umask) == 077);
  // Whatever user sends.
  CHECK((linux::stat_if_exists(path)->st_mode & 0777) == 0777);
  CHECK((linux::stat_if_exists(place.path() + "/notify")->st_mode & 0777) == 0755);

  CHECK(linux::next_notification(socket.get()) == std::nullopt);
  linux::notify_service_manager(path, "READY=1\n");
  linux::notify_service_manager(path, std::string(linux::k_max_notification, 'x'));
  linux::notify_service_manager(path, std::string(linux::k_max_notification + 1, 'x'));
  CHECK(linux::next_notification(socket.get()) == "READY=1\n");
  CHECK(linux::next_notification(socket.get())->size() == linux::k_max_notification);
  CHECK(linux::next_notification(socket.get()) == "");
  CHECK(linux::next_notification(socket.get()) == std::nullopt);
}

TEST_CASE("a service manager that is not there is no error") {
  for (const auto* address : {"", "relative", "/nothing/here", "@nothing-here"}) {
    linux::notify_service_manager(address, "READY=1\n");
  }
  linux::notify_service_manager(std::string(200, '/'), "READY=1\n");
}
