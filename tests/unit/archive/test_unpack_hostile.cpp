// SPDX-License-Identifier: Apache-2.0
// Archives that want out, or to break something. Each case also checks that nothing beside the
// directory was touched.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "archive_support.hpp"
#include "coracle/base/error.hpp"

using namespace coracle;
using namespace coracle::archive;
using test::TarBuilder;

namespace {

/// Whatever is done with the archive, nothing outside changes.
std::string attack(const TarBuilder& archive) {
  const Sandbox box;
  const std::string error = box.unpack_error(archive.finish());
  CHECK(box.outside_is_untouched());
  return error;
}

bool has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("'..' is refused wherever it stands", "[archive][hostile]") {
  for (const char* name : {"../outside/x", "a/../../outside/x", "..", "a/..", "./../x", "/../x",
                           "../../../../../../../../tmp/coracle-escaped"}) {
    CAPTURE(name);
    CHECK(has(attack(TarBuilder().file(name, "bad")), "'..' is not allowed"));
    CHECK(has(attack(TarBuilder().directory(name)), "'..' is not allowed"));
    CHECK(has(attack(TarBuilder().symlink(name, "x")), "'..' is not allowed"));
    CHECK(has(attack(TarBuilder().file("f", "x").hard_link("l", name)), "'..' is not allowed"));
    CHECK(has(attack(TarBuilder().add({.name = "x", .content = "bad", .pax = {{"path", name}}})),
              "'..' is not allowed"));
    CHECK(
        has(attack(TarBuilder().add_extension('L', name).file("x", "bad")), "'..' is not allowed"));
  }
  CHECK_FALSE(linux::exists("/tmp/coracle-escaped"));
}

TEST_CASE("absolute paths start at the root of the layer", "[archive][hostile]") {
  const Sandbox box;
  const std::string target = box.outside("new");
  CHECK(
      box.unpack_error(TarBuilder().file(target, "x").file("//etc//passwd", "y").finish()).empty());
  CHECK(read_all_of(box.path(target)) == "x");
  CHECK(read_all_of(box.path("etc/passwd")) == "y");
  CHECK(box.outside_is_untouched());
}

TEST_CASE("entries through symbolic links stay inside", "[archive][hostile]") {
  const Sandbox box;
  const std::string outside = box.outside();
  const std::string up = "../../../../../../../../../.." + outside;
  for (const std::string& target : {outside, up, std::string("../outside")}) {
    CAPTURE(target);
    const Sandbox fresh;
    const std::string there = target == "../outside" ? fresh.outside() : target;
    fresh.unpack_error(TarBuilder()
                           .symlink("out", target)
                           .file("out/secret", "overwritten")
                           .file("out/new", "new")
                           .directory("out/dir")
                           .file("out/.wh.secret")
                           .file("out/.wh..wh..opq")
                           .hard_link("stolen", "out/secret")
                           .symlink("out/link", "x")
                           .finish());
    CHECK(fresh.outside_is_untouched());
    CHECK(box.outside_is_untouched());
  }
}

TEST_CASE("hard links reach nothing outside", "[archive][hostile]") {
  const Sandbox box;
  const std::string secret = box.outside("secret");
  CHECK(has(box.unpack_error(TarBuilder().hard_link("stolen", secret).finish()),
            "which is not there"));
  CHECK(has(box.unpack_error(
                TarBuilder().symlink("l", box.outside()).hard_link("stolen", "l/secret").finish()),
            "which is not there"));
  // To a symbolic link: the link itself, not where it leads.
  CHECK(box.unpack_error(TarBuilder()
                             .symlink("l2", secret)
                             .hard_link("l3", "l2")
                             .file("l3", "overwritten")
                             .finish())
            .empty());
  CHECK(read_all_of(box.path("l3")) == "overwritten");
  CHECK(box.outside_is_untouched());
  CHECK(has(box.unpack_error(TarBuilder().directory("d").hard_link("l4", "d").finish()),
            "a hard link to a directory"));
  CHECK(has(box.unpack_error(TarBuilder().hard_link("l5", "/").finish()), "the root directory"));
  CHECK(has(box.unpack_error(TarBuilder().file(".wh.w").hard_link("l6", "w").finish()),
            "a removed file"));
}

TEST_CASE("files are not written through symbolic links", "[archive][hostile]") {
  const Sandbox box;
  const std::string secret = box.outside("secret");
  CHECK(box.unpack_error(TarBuilder().symlink("f", secret).file("f", "overwritten").finish())
            .empty());
  CHECK(read_all_of(box.path("f")) == "overwritten");
  CHECK(box.unpack_error(TarBuilder()
                             .symlink("d", box.outside())
                             .directory("d", 0700)
                             .file("d/new", "x")
                             .finish())
            .empty());
  CHECK(read_all_of(box.path("d/new")) == "x");
  CHECK(box.outside_is_untouched());
}

TEST_CASE("a directory swapped for a symbolic link and back", "[archive][hostile]") {
  const Sandbox box;
  // The directory is open, and known by name, when the link takes its place.
  const std::string error = box.unpack_error(TarBuilder()
                                                 .directory("a/b")
                                                 .file("a/b/one", "1")
                                                 .symlink("a", box.outside())
                                                 .file("a/b/two", "2")
                                                 .file("a/secret", "overwritten")
                                                 .directory("a")
                                                 .file("a/secret", "inside")
                                                 .finish());
  CHECK(error.empty());
  CHECK(read_all_of(box.path("a/secret")) == "inside");
  CHECK(box.outside_is_untouched());
}

TEST_CASE("odd names", "[archive][hostile]") {
  CHECK(has(attack(TarBuilder().file("", "x")), "an entry has no name"));
  CHECK(has(attack(TarBuilder().file(".", "x")), "must be a directory"));
  CHECK(has(attack(TarBuilder().symlink("./", "x")), "must be a directory"));
  CHECK(has(attack(TarBuilder().hard_link(".", "x")), "must be a directory"));
  CHECK(has(attack(TarBuilder().file("a/.wh.")), "invalid whiteout"));
  CHECK(has(attack(TarBuilder().file("a/.wh..")), "invalid whiteout"));
  CHECK(has(attack(TarBuilder().file("a/.wh...")), "invalid whiteout"));
  CHECK(has(attack(TarBuilder().file(".wh.a/b")), "used as a directory"));
  CHECK(has(attack(TarBuilder().symlink("l", "")), "a symbolic link without target"));
  CHECK(has(attack(TarBuilder().file("f", "x").file("f/below", "x")),
            "a file is in the place of a directory"));
  CHECK(has(attack(TarBuilder().symlink("a", "b").symlink("b", "a").file("a/x", "x")),
            "too many symbolic links"));
  // A NUL ends the name.
  const Sandbox box;
  box.unpack_error(TarBuilder()
                       .add({.name = "x",
                             .content = "x",
                             .pax = {{"path", std::string("ok\0/../../outside/x", 19)}}})
                       .finish());
  CHECK(box.outside_is_untouched());
}

TEST_CASE("truncated and damaged archives", "[archive][hostile]") {
  const std::string good = TarBuilder().directory("d").file("d/f", std::string(3000, 'x')).finish();
  for (std::size_t size = 1; size < good.size() - 1024; size += 97) {
    CAPTURE(size);
    const Sandbox box;
    const std::string error = box.unpack_error(good.substr(0, size));
    // Cut between two entries it is only not ended, which others accept too.
    CHECK((error.empty() == (size % 512 == 0 && size <= 1024)));
  }
  std::string bad = good;
  bad[0] = 'D';
  CHECK(has(Sandbox().unpack_error(bad), "damaged archive"));
  bad = good;
  bad[512] = 'D';
  CHECK(has(Sandbox().unpack_error(bad), "damaged archive"));
  CHECK(has(Sandbox().unpack_error("this is not an archive, but long enough to be read as one" +
                                   std::string(2000, 'g')),
            "damaged archive"));
  CHECK(has(Sandbox().unpack_error("short"), "damaged archive"));
}

TEST_CASE("the error class of a damaged archive", "[archive][hostile]") {
  const Sandbox box;
  try {
    box.unpack("garbage" + std::string(1000, 'g'));
    FAIL("it was accepted");
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::invalid_argument);
  }
}

TEST_CASE("files that claim to be huge", "[archive][hostile]") {
  const Sandbox box;
  CHECK_FALSE(
      box.unpack_error(TarBuilder().header({.name = "f"}, 1ULL << 40).raw_content("x").finish())
          .empty());
  CHECK_FALSE(
      box.unpack_error(TarBuilder().header({.name = "g"}, ~0ULL >> 1).raw_content("x").finish())
          .empty());
  // Sparse: ten gigabytes that hold nothing cost nothing.
  const std::string map = "1\n10737418240\n0\n";
  box.unpack_error(TarBuilder()
                       .add({.name = "s",
                             .content = map + std::string(512 - map.size(), '\0'),
                             .pax = {{"GNU.sparse.major", "1"},
                                     {"GNU.sparse.minor", "0"},
                                     {"GNU.sparse.name", "sparse"},
                                     {"GNU.sparse.realsize", "10737418240"}}})
                       .finish());
  struct stat info {};
  REQUIRE(::stat(box.path("sparse").c_str(), &info) == 0);
  CHECK(info.st_size == 10737418240);
  CHECK(info.st_blocks * 512 < 1 << 20);
}

TEST_CASE("headers are bounded", "[archive][hostile]") {
  SECTION("very many extension headers take neither memory nor stack") {
    for (const char type : {'g', 'x', 'L', 'V'}) {
      TarBuilder builder;
      for (int i = 0; i < 30'000; ++i) {
        builder.add_extension(type,
                              type == 'L' ? "name" : TarBuilder::format_record("comment", "x"));
      }
      CHECK(attack(builder.file("f", "x")).empty());
    }
  }
  SECTION("a sparse map in blocks without end") {
    test::TarItem item{.name = "s", .type = 'S'};
    TarBuilder builder;
    builder.header(item, 0);
    std::string text = builder.unfinished();
    text[482] = 1;
    CHECK_FALSE(Sandbox().unpack_error(text + std::string(8 << 20, '1')).empty());
  }
  SECTION("a sparse map without end") {
    std::string map = "3000000\n";
    for (int i = 0; i < 3'000'000; ++i) map += "1\n1\n";
    CHECK_FALSE(attack(TarBuilder().add({.name = "s",
                                         .content = map,
                                         .pax = {{"GNU.sparse.major", "1"},
                                                 {"GNU.sparse.minor", "0"},
                                                 {"GNU.sparse.name", "s"},
                                                 {"GNU.sparse.realsize", "6000000"}}}))
                    .empty());
  }
  SECTION("one of a gigabyte") {
    CHECK_FALSE(
        attack(
            TarBuilder().header({.name = "x", .type = 'x'}, 1 << 30).raw(std::string(2 << 20, 'x')))
            .empty());
    CHECK_FALSE(
        attack(
            TarBuilder().header({.name = "x", .type = 'L'}, 1 << 30).raw(std::string(2 << 20, 'x')))
            .empty());
  }
}

TEST_CASE("a deep tree needs no more descriptors than a flat one", "[archive][hostile]") {
  const std::string findings = test::in_child([] {
    TarBuilder builder;
    std::string path = "d";
    while (path.size() < 4000) {
      builder.add({.name = "x", .type = '5', .mode = 0755, .pax = {{"path", path}}});
      path += "/d";
    }
    const Sandbox box;
    rlimit usual{};
    ::getrlimit(RLIMIT_NOFILE, &usual);
    const rlimit few{64, usual.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    const std::string error = box.unpack_error(builder.finish());
    ::setrlimit(RLIMIT_NOFILE, &usual);
    return error;
  });
  CHECK(findings.empty());
}

TEST_CASE("a bomb is refused with its limit", "[archive][hostile]") {
  MemorySink sink;
  const auto compressor = make_zstd_compressor(3, sink);
  compressor->write(TarBuilder().file("zeros", std::string(64 << 20, '\0')).finish());
  compressor->finish();
  UnpackOptions options;
  options.limits.free = 8 << 20;
  const Sandbox box;
  CHECK(has(box.unpack_error(sink.text(), options), "decompression bomb"));
  CHECK(box.unpack_error(sink.text()).empty());
}
