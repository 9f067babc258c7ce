// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/base/json_value.hpp"
#include "coracle/store/image_store.hpp"
#include "coracle/store/usage.hpp"
#include "store_support.hpp"

namespace coracle::store {
namespace {

using Names = std::vector<std::string>;

const TestLayer& base_layer() {
  static const TestLayer k_layer = make_layer("etc/base", "base");
  return k_layer;
}

}  // namespace

TEST_CASE("an image is listed from the index alone") {
  const TestStore store;
  const auto added = store.add_image({base_layer()}, {"localhost/base:latest"});
  // Neither configuration nor manifest is needed.
  ImageStore images = store.images();
  for (const auto& digest : images.blobs().list()) images.blobs().remove(digest);
  const auto list = images.list();
  REQUIRE(list.size() == 1);
  CHECK(list[0].id == added.id);
  CHECK(list[0].manifest == added.manifest);
  CHECK(list[0].names == Names{"localhost/base:latest"});
  CHECK(list[0].created == "2026-11-20T08:00:00Z");
  CHECK(list[0].size == base_layer().tar.size());
}

TEST_CASE("names are resolved as podman does") {
  const TestStore store;
  const auto local = store.add_image({base_layer()}, {"localhost/base:latest"}, "local");
  const auto hub = store.add_image({base_layer()}, {"docker.io/library/debian:12"}, "hub");
  const auto user = store.add_image({base_layer()}, {"docker.io/me/app:latest"}, "user");
  const auto other = store.add_image({base_layer()}, {"quay.io/team/tool:v1"}, "other");
  const ImageStore images = store.images();
  const std::map<std::string, std::string> expected = {
      {"base", local.id},
      {"base:latest", local.id},
      {"localhost/base", local.id},
      {"debian:12", hub.id},
      {"library/debian:12", hub.id},
      {"docker.io/debian:12", hub.id},
      {"me/app", user.id},
      {"quay.io/team/tool:v1", other.id},
      {"tool:v1", other.id},
      {"team/tool:v1", other.id},
      {hub.id, hub.id},
      {"sha256:" + hub.id, hub.id},
      {hub.id.substr(0, 12), hub.id},
      {hub.manifest.str(), hub.id},
      {"debian@" + hub.manifest.str(), hub.id},
      {"docker.io/library/debian:12@" + hub.manifest.str(), hub.id},
  };
  for (const auto& [name, id] : expected) {
    INFO(name);
    const auto found = images.try_find(name);
    CHECK((found && found->id == id));
  }
  const std::vector<std::string> unknown = {
      "debian", "tool",    "ool:v1", "quay.io/base", "base@" + hub.manifest.str(),
      "",       "sha256:", "UPPER",  "a b"};
  for (const std::string& name : unknown) {
    INFO(name);
    CHECK_FALSE(images.try_find(name));
  }
  CHECK(error_of([&] { (void)images.find("nope"); }) == "nope: image not known");
}

TEST_CASE("a short name that images of two registries have is refused") {
  const TestStore store;
  store.add_image({base_layer()}, {"quay.io/a/tool:latest"}, "one");
  store.add_image({base_layer()}, {"ghcr.io/a/tool:latest"}, "two");
  CHECK(error_of([&] { (void)store.images().find("a/tool"); }).find("ambiguous") !=
        std::string::npos);
  // What docker.io has wins over both.
  const auto hub = store.add_image({base_layer()}, {"docker.io/a/tool:latest"}, "three");
  CHECK(store.images().find("a/tool").id == hub.id);
}

TEST_CASE("a name moves to the image that is tagged last") {
  const TestStore store;
  const auto first = store.add_image({base_layer()}, {"localhost/a:latest"}, "first");
  const auto second = store.add_image({base_layer()}, {"localhost/a:latest"}, "second");
  ImageStore images = store.images();
  CHECK(images.find("a").id == second.id);
  // The first one stays, dangling.
  REQUIRE(images.try_find(first.id));
  CHECK(images.find(first.id).names.empty());
  images.tag(first, {"localhost/a:latest", "localhost/b:latest"});
  CHECK(images.find(first.id).names == Names{"localhost/a:latest", "localhost/b:latest"});
  CHECK(images.find(second.id).names.empty());
  images.untag(first, {"localhost/a:latest"});
  CHECK(images.find(first.id).names == Names{"localhost/b:latest"});
  images.untag(first, {"localhost/b:latest"});
  CHECK(images.find(first.id).names.empty());
  CHECK(images.list().size() == 2);
  images.untag(first, {"localhost/b:latest"});
  CHECK(images.list().size() == 2);
}

TEST_CASE("the layout is one that other tools read") {
  const TestStore store;
  store.add_image({base_layer()}, {"localhost/a:1", "localhost/a:2"});
  const auto layout = parse_json(linux::read_file(store.root("/image/oci-layout")), "oci-layout");
  CHECK(layout.at("imageLayoutVersion") == "1.0.0");
  const auto index = parse_json(linux::read_file(store.root("/image/index.json")), "index.json");
  CHECK(index.at("schemaVersion") == 2);
  REQUIRE(index.at("manifests").size() == 2);
  Names names;
  for (const auto& entry : index.at("manifests")) {
    names.push_back(entry.at("annotations").at("org.opencontainers.image.ref.name"));
    CHECK(entry.at("mediaType") == "application/vnd.oci.image.manifest.v1+json");
  }
  CHECK(names == Names{"localhost/a:1", "localhost/a:2"});
}

TEST_CASE("an image that another tool copied into the layout is known") {
  const TestStore store;
  const auto added = store.add_image({base_layer()}, {"localhost/a:latest"});
  const std::string path = store.root("/image/index.json");
  Json index = parse_json(linux::read_file(path), path);
  auto& entry = index["manifests"][0];
  entry["annotations"] = {{"org.opencontainers.image.ref.name", "localhost/copied:latest"}};
  // And an index of images, which is none itself.
  Json nested = entry;
  nested["mediaType"] = "application/vnd.oci.image.index.v1+json";
  nested["digest"] = sha256_of("elsewhere").str();
  nested["annotations"] = Json::object();
  index["manifests"].push_back(nested);
  linux::write_file_atomic(path, dump_json(index));
  ImageStore images = store.images();
  REQUIRE(images.list().size() == 1);
  CHECK(images.find("copied").id == added.id);
  CHECK(images.find("copied").size == base_layer().tar.size());
  // What is not understood is kept, and so is everything that it may need.
  const Digest unknown = images.blobs().add("belongs to the nested index");
  images.tag(images.find("copied"), {"localhost/b:latest"});
  images.collect_garbage();
  CHECK(images.blobs().has(unknown));
  index = parse_json(linux::read_file(path), path);
  CHECK(index.at("manifests").size() == 3);
}

TEST_CASE("an image with a missing blob or layer is not added") {
  const TestStore store;
  const auto added = store.add_image({base_layer()}, {});
  ImageStore images = store.images();
  images.layers().remove(base_layer().diff_id);
  CHECK(error_of([&] { images.add(added.manifest, {"localhost/a:latest"}); }).find("layer") !=
        std::string::npos);
  archive::MemorySource source(base_layer().tar);
  images.layers().unpack(source, base_layer().diff_id, {});
  images.blobs().remove(sha256_of(base_layer().tar));
  CHECK_THROWS_AS(images.add(added.manifest, {"localhost/a:latest"}), Error);
}

TEST_CASE("removing an image keeps what others need") {
  const TestStore store;
  const TestLayer top = make_layer("etc/top", "top");
  const auto base = store.add_image({base_layer()}, {"localhost/base:latest"});
  const auto derived = store.add_image({base_layer(), top}, {"localhost/top:latest"});
  ImageStore images = store.images();
  images.remove(derived);
  CHECK_FALSE(images.try_find("top"));
  CHECK(images.layers().has(base_layer().diff_id));
  CHECK_FALSE(images.layers().has(top.diff_id));
  CHECK(images.blobs().list().size() == 3);
  images.remove(base);
  CHECK(images.list().empty());
  CHECK(images.blobs().list().empty());
  CHECK(images.layers().list().empty());
  CHECK(store.leftovers().empty());
}

TEST_CASE("layers of a container outlive their image") {
  const TestStore store;
  const auto base = store.add_image({base_layer()}, {"localhost/base:latest"});
  auto config = store.container("web");
  config.layers = {base_layer().diff_id.str()};
  store.containers().create(config);
  ImageStore images = store.images();
  images.remove(base);
  CHECK(images.layers().has(base_layer().diff_id));
  CHECK(images.blobs().list().empty());
  store.containers().discard(ContainerId(config.id));
  images.collect_garbage();
  CHECK(images.layers().list().empty());
}

TEST_CASE("nothing is collected while somebody adds, or when a record is unreadable") {
  const TestStore store;
  store.add_image({base_layer()}, {"localhost/base:latest"});
  ImageStore images = store.images();
  const Digest orphan = images.blobs().add("orphan");
  {
    const auto adding = images.adding();
    linux::Child child = start_child([&] { store.images().collect_garbage(); });
    CHECK(child.wait() == 0);
    CHECK(images.blobs().has(orphan));
  }
  const auto config = store.container("web");
  store.containers().create(config);
  const std::string path = store.root("/containers/" + config.id + "/config.json");
  linux::write_file_atomic(path, "damaged");
  images.collect_garbage();
  CHECK(images.blobs().has(orphan));
  linux::write_file_atomic(path, serialize(config));
  images.collect_garbage();
  CHECK_FALSE(images.blobs().has(orphan));
}

TEST_CASE("a hostile index is refused") {
  const TestStore store;
  store.add_image({base_layer()}, {"localhost/base:latest"});
  const std::string path = store.root("/image/index.json");
  for (const char* text : {"", "{", "[]", "{\"schemaVersion\":2,\"manifests\":[{}]}",
                           "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x/y\",\"size\":1,"
                           "\"digest\":\"sha256:../../../etc/passwd\"}]}"}) {
    linux::write_file_atomic(path, text);
    CHECK_THROWS_AS(store.images().list(), Error);
  }
}

TEST_CASE("many processes tag, and no tag is lost") {
  const TestStore store;
  const auto image = store.add_image({base_layer()}, {});
  std::vector<linux::Child> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(start_child([&, i] {
      for (int j = 0; j < 5; ++j) {
        store.images().tag(image, {"localhost/t" + std::to_string(i) + ":" + std::to_string(j)});
      }
    }));
  }
  for (auto& child : children) CHECK(child.wait() == 0);
  CHECK(store.images().find(image.id).names.size() == 40);
}

TEST_CASE("containers are created while their image is removed") {
  const TestStore store;
  for (int round = 0; round < 20; ++round) {
    const auto image = store.add_image({base_layer()}, {"localhost/base:latest"});
    linux::Child creator = start_child([&] {
      ImageStore images = store.images();
      const auto adding = images.adding();
      const auto found = images.try_find("base");
      if (!found) ::_exit(4);
      auto config = store.container("c" + std::to_string(round));
      for (const auto& id : images.load(*found).config.diff_ids) config.layers.push_back(id.str());
      store.containers().create(config);
    });
    linux::Child remover = start_child([&] { store.images().remove(image); });
    CHECK(remover.wait() == 0);
    creator.wait();
    // Whoever came first: a container that exists has its layers.
    for (const auto& id : store.containers().list()) {
      for (const auto& layer : store.containers().load_config(id).layers) {
        CHECK(store.images().layers().has(Digest::parse(layer)));
      }
    }
    store.images().collect_garbage();
  }
}

TEST_CASE("disk usage counts shared layers once") {
  const TestStore store;
  const TestLayer top = make_layer("etc/top", std::string(100'000, 't'));
  store.add_image({base_layer()}, {"localhost/base:latest"});
  store.add_image({base_layer(), top}, {"localhost/top:latest"});
  const auto usage = measure_images(store.images());
  REQUIRE(usage.images.size() == 2);
  CHECK(usage.total == base_layer().tar.size() + top.tar.size());
  for (const auto& image : usage.images) {
    const bool is_top = image.image.names[0] == "localhost/top:latest";
    CHECK(image.shared == base_layer().tar.size());
    CHECK(image.unique == (is_top ? top.tar.size() : 0));
  }
  CHECK(measure_tree(store.images().layers().path(top.diff_id)) >= 100'000);
  CHECK(measure_tree(store.root("/not-there")) == 0);
}

}  // namespace coracle::store
