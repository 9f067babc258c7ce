// SPDX-License-Identifier: Apache-2.0
// A file system that is full: nothing half-made stays, what was there before is intact.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/linux/fd.hpp"
#include "store_support.hpp"
#include "support/namespaces.hpp"

namespace coracle::store {
namespace {

/// Runs `work` on a store in a tmpfs of `size`, and returns what it returns.
template <typename Work>
std::string on_small_disk(const std::string& size, Work&& work) {
  const linux::TempDir place("/tmp", "coracle-test-full-");
  return test::in_child([&] {
    if (::geteuid() != 0)
      linux::enter_user_namespace(linux::NewUserNamespace(test::engine_mappings()).finish().get());
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", place.path().c_str(), "tmpfs", 0, ("size=" + size).c_str()) != 0) {
      return std::string("skipped: no tmpfs can be mounted here");
    }
    return work(TestStore(place.path() + "/root"));
  });
}

}  // namespace

TEST_CASE("a full disk fails an image and leaves nothing of it") {
  const std::string report = on_small_disk("400k", [](const TestStore& store) -> std::string {
    const TestLayer small = make_layer("etc/small", "small");
    store.add_image({small}, {"localhost/small:latest"});
    // The blob fits, the unpacked layer does not; then not even the blob does.
    for (const std::size_t size : {200'000U, 900'000U}) {
      const TestLayer large = make_layer("etc/large", std::string(size, 'x'));
      const std::string message =
          error_of([&] { store.add_image({large}, {"localhost/large:latest"}); });
      if (message.find("No space left on device") == std::string::npos)
        return "no error: " + message;
      store.images().collect_garbage();
    }
    if (!store.leftovers().empty()) return "left behind: " + store.leftovers()[0];
    if (store.images().blobs().list().size() != 3) return "blobs are left";
    for (const auto& line : store.check()) return "found: " + line;
    store.images().tag(store.images().find("small"), {"localhost/again:latest"});
    return store.images().try_find("again") ? "good" : "not tagged";
  });
  if (report.starts_with("skipped")) {
    WARN(report);
    return;
  }
  CHECK(report == "good");
}

TEST_CASE("a full disk fails a container, and its name stays free") {
  const std::string report = on_small_disk("200k", [](const TestStore& store) -> std::string {
    store.containers().create(store.container("first"));
    const std::string filler = store.root("/filler");
    const std::string message =
        error_of([&] { linux::write_new_file(filler, std::string(1 << 20, 'x')); });
    if (message.empty()) return "the disk is not full";
    if (error_of([&] { store.containers().create(store.container("second")); }).empty()) {
      return "a container was made";
    }
    const auto id = store.containers().find("first");
    auto state = store.containers().load_state(id);
    state.error = std::string(50'000, 'x');
    if (error_of([&] { store.containers().save_state(id, state); }).empty()) return "state saved";
    // The old one is whole.
    if (!store.containers().load_state(id).error.empty()) return "state is damaged";
    linux::remove_file(filler);
    if (!store.leftovers().empty()) return "left behind: " + store.leftovers()[0];
    store.containers().create(store.container("second"));
    for (const auto& line : store.check()) return "found: " + line;
    return "good";
  });
  if (report.starts_with("skipped")) {
    WARN(report);
    return;
  }
  CHECK(report == "good");
}

}  // namespace coracle::store
