// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/store/layer_store.hpp"
#include "store_support.hpp"
#include "support/tar_builder.hpp"

namespace coracle::store {
namespace {

LayerRecord unpack(const TestStore& store, const TestLayer& layer) {
  archive::MemorySource source(layer.tar);
  const ImageStore images = store.images();
  return images.layers().unpack(source, layer.diff_id, {});
}

/// Gives half a layer, then something else happens.
class InterruptedSource final : public archive::ByteSource {
 public:
  InterruptedSource(const std::string& text, std::function<void()> interruption)
      : inner_(std::string_view(text).substr(0, text.size() / 2)),
        interruption_(std::move(interruption)) {}
  std::size_t read(void* buffer, std::size_t size) override {
    const std::size_t got = inner_.read(buffer, size);
    if (got == 0) interruption_();
    return got;
  }

 private:
  archive::MemorySource inner_;
  std::function<void()> interruption_;
};

}  // namespace

TEST_CASE("a layer is unpacked once, under its diff id and a short name") {
  const TestStore store;
  const TestLayer layer = make_layer("etc/motd", "hello");
  const LayerRecord record = unpack(store, layer);
  CHECK(record.diff_id == layer.diff_id);
  CHECK(record.size == layer.tar.size());
  const ImageStore images = store.images();
  CHECK(images.layers().has(layer.diff_id));
  CHECK(images.layers().load(layer.diff_id).size == record.size);
  CHECK(linux::read_file(images.layers().path(layer.diff_id) + "/etc/motd") == "hello");
  const std::string link =
      images.layers().short_base() + "/" + images.layers().short_path(layer.diff_id);
  CHECK(linux::read_file(link + "/etc/motd") == "hello");
  CHECK(images.layers().list() == std::vector{layer.diff_id});
  // The second time nothing is read.
  InterruptedSource never(layer.tar, [] { throw Error(ErrorClass::internal, "was read"); });
  CHECK(images.layers().unpack(never, layer.diff_id, {}).size == record.size);
  CHECK(store.leftovers().empty());
}

TEST_CASE("the layer of mount points is no image's, made once and whole") {
  const TestStore store;
  const ImageStore images = store.images();
  const std::string place = images.layers().ensure_mount_points();
  CHECK(linux::exists(place + "/proc"));
  CHECK(linux::read_file(place + "/etc/hosts").empty());
  const std::string link = images.layers().short_base() + "/" + LayerStore::short_mount_points();
  CHECK(linux::exists(link + "/run/.containerenv"));
  CHECK(images.layers().list().empty());
  // A maker that was killed before the link, and one that was before the layer.
  linux::remove_file(link);
  CHECK(images.layers().ensure_mount_points() == place);
  CHECK(linux::exists(link + "/etc"));
  images.layers().remove_dangling_links();
  images.layers().remove_leftovers();
  CHECK(linux::exists(link + "/etc"));
  CHECK(store.leftovers().empty());
}

TEST_CASE("a layer that is not what was promised leaves nothing") {
  const TestStore store;
  TestLayer layer = make_layer("etc/motd", "hello");
  layer.diff_id = sha256_of("something else");
  CHECK(error_of([&] { unpack(store, layer); }).find("was promised") != std::string::npos);
  CHECK(store.images().layers().list().empty());
  CHECK(store.leftovers().empty());
}

TEST_CASE("a damaged layer leaves nothing") {
  const TestStore store;
  TestLayer layer = make_layer("etc/motd", std::string(5000, 'x'));
  layer.tar.resize(3000);
  layer.diff_id = sha256_of(layer.tar);
  CHECK_THROWS_AS(unpack(store, layer), Error);
  CHECK(store.images().layers().list().empty());
  CHECK(store.leftovers().empty());
}

TEST_CASE("a layer without a promised digest is kept under the one it has") {
  const TestStore store;
  const TestLayer layer = make_layer("etc/motd", "hello");
  for (int i = 0; i < 2; ++i) {
    archive::MemorySource source(layer.tar);
    const ImageStore images = store.images();
    CHECK(images.layers().unpack(source, {}, {}).diff_id == layer.diff_id);
  }
  CHECK(store.images().layers().list().size() == 1);
  CHECK(store.leftovers().empty());
}

TEST_CASE("a layer is removed with its short name") {
  const TestStore store;
  const TestLayer layer = make_layer("etc/motd", "hello");
  unpack(store, layer);
  const ImageStore images = store.images();
  images.layers().remove(layer.diff_id);
  CHECK_FALSE(images.layers().has(layer.diff_id));
  CHECK(linux::list_directory(images.layers().short_base()).empty());
  CHECK(error_of([&] { (void)images.layers().load(layer.diff_id); }) ==
        "layer " + layer.diff_id.str() + " is not in the store");
  images.layers().remove(layer.diff_id);
  CHECK(store.leftovers().empty());
}

TEST_CASE("a short name that another layer has is not given again") {
  const TestStore store;
  const TestLayer layer = make_layer("etc/motd", "hello");
  unpack(store, layer);
  const ImageStore images = store.images();
  const std::string link =
      images.layers().short_base() + "/" + images.layers().short_path(layer.diff_id);
  images.layers().remove(layer.diff_id);
  // An image may be made so that its layer's digest begins like that of a layer that is there.
  const TestLayer other = make_layer("etc/motd", "other");
  unpack(store, other);
  const std::string target = "../layers/" + std::string(other.diff_id.hex()) + "/diff";
  REQUIRE(::symlink(target.c_str(), link.c_str()) == 0);
  CHECK(error_of([&] { unpack(store, layer); }).find("has the same first digits") !=
        std::string::npos);
  CHECK_FALSE(images.layers().has(layer.diff_id));
  // A link that leads nowhere is in nobody's way.
  images.layers().remove(other.diff_id);
  unpack(store, layer);
  CHECK(linux::read_link(link).find(layer.diff_id.hex()) != std::string::npos);
}

TEST_CASE("processes that unpack one layer share the work") {
  const TestStore store;
  test::TarBuilder builder;
  for (int i = 0; i < 300; ++i) builder.file("file" + std::to_string(i), std::string(3000, 'x'));
  const TestLayer layer{builder.finish(), sha256_of(builder.finish())};
  std::vector<linux::Child> children;
  for (int i = 0; i < 8; ++i) children.push_back(start_child([&] { unpack(store, layer); }));
  for (auto& child : children) CHECK(child.wait() == 0);
  const ImageStore images = store.images();
  CHECK(images.layers().list().size() == 1);
  CHECK(linux::list_directory(images.layers().path(layer.diff_id)).size() == 300);
  CHECK(store.leftovers().empty());
}

TEST_CASE("who waits for a layer whose maker is killed makes it") {
  const TestStore store;
  const TestLayer layer = make_layer("etc/motd", std::string(100000, 'x'));
  linux::Pipe started = linux::make_pipe();
  linux::Child maker = start_child([&] {
    InterruptedSource source(layer.tar, [&] {
      linux::write_all(started.write.get(), "x", "pipe");
      ::pause();
    });
    const ImageStore images = store.images();
    images.layers().unpack(source, layer.diff_id, {});
  });
  started.write.reset();
  REQUIRE(linux::wait_readable(started.read.get(), 60'000));
  linux::Child waiter = start_child([&] { unpack(store, layer); });
  // The unfinished one is its maker's as long as that lives.
  const ImageStore images = store.images();
  images.layers().remove_leftovers();
  CHECK_FALSE(images.layers().has(layer.diff_id));
  ::kill(maker.pid(), SIGKILL);
  maker.wait();
  CHECK(waiter.wait() == 0);
  CHECK(images.layers().has(layer.diff_id));
  images.layers().remove_leftovers();
  CHECK(store.leftovers().empty());
}

}  // namespace coracle::store
