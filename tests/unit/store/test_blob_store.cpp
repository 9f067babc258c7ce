// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "store_support.hpp"

namespace coracle::store {
namespace {

class Blobs {
 public:
  BlobStore store() const { return BlobStore(directory_.path() + "/image"); }
  std::vector<std::string> files() const {
    return linux::list_directory(directory_.path() + "/image/blobs/sha256");
  }

 private:
  linux::TempDir directory_{"/tmp", "coracle-test-blobs-"};
};

}  // namespace

TEST_CASE("a blob lies under its digest once it is committed") {
  const Blobs blobs;
  const auto writer = blobs.store().create();
  writer->write("hello ");
  writer->write("world");
  CHECK(blobs.store().list().empty());
  const Digest digest = writer->commit();
  CHECK(digest == sha256_of("hello world"));
  CHECK(writer->size() == 11);
  CHECK(blobs.store().list() == std::vector{digest});
  CHECK(blobs.store().read_text(digest, 100) == "hello world");
  CHECK(blobs.store().size(digest) == 11);
  CHECK(blobs.store().verify(digest));
}

TEST_CASE("a blob that is not what was promised is refused and leaves nothing") {
  const Blobs blobs;
  {
    const auto writer = blobs.store().create();
    writer->write("something else");
    const std::string message = error_of([&] { writer->commit(sha256_of("promised")); });
    CHECK(message.find("is damaged: its content has the digest") != std::string::npos);
  }
  CHECK(blobs.files().empty());
}

TEST_CASE("a blob that is not committed is gone") {
  const Blobs blobs;
  blobs.store().create()->write("half of it");
  CHECK(blobs.files().empty());
}

TEST_CASE("a blob with another digest than its name is found, and not handed out") {
  const Blobs blobs;
  const Digest digest = blobs.store().add("document");
  linux::write_existing(blobs.store().path(digest), "DOCUMENT");
  CHECK_FALSE(blobs.store().verify(digest));
  CHECK(error_of([&] { (void)blobs.store().read_text(digest, 100); }).find("damaged") !=
        std::string::npos);
}

TEST_CASE("a document larger than it may be is refused") {
  const Blobs blobs;
  const Digest digest = blobs.store().add(std::string(5000, 'x'));
  CHECK_THROWS_AS(blobs.store().read_text(digest, 4096), Error);
}

TEST_CASE("a blob that is not there is not found, by its digest") {
  const Blobs blobs;
  const Digest digest = sha256_of("nothing");
  CHECK_FALSE(blobs.store().has(digest));
  CHECK(error_of([&] { (void)blobs.store().open(digest); }) ==
        "blob " + digest.str() + " is not in the store");
  blobs.store().remove(digest);
}

TEST_CASE("files that are no blobs are not listed") {
  const Blobs blobs;
  const Digest digest = blobs.store().add("document");
  const std::string beside =
      blobs.store().path(digest).substr(0, blobs.store().path(digest).rfind('/'));
  linux::write_new_file(beside + "/" + std::string(64, 'z'), "");
  linux::write_new_file(beside + "/README", "");
  CHECK(blobs.store().list() == std::vector{digest});
}

TEST_CASE("what a killed writer left is removed, what is being written stays") {
  const Blobs blobs;
  const auto alive = blobs.store().create();
  alive->write("in the making");
  linux::Child child = start_child([&] {
    const auto writer = blobs.store().create();
    writer->write("never finished");
    ::kill(::getpid(), SIGKILL);
  });
  child.wait();
  CHECK(blobs.files().size() == 2);
  blobs.store().remove_leftovers();
  CHECK(blobs.files().size() == 1);
  CHECK(alive->commit() == sha256_of("in the making"));
}

}  // namespace coracle::store
