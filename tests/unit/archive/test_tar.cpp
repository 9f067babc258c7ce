// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "archive/pax_records_internal.hpp"
#include "archive/tar_reader_internal.hpp"
#include "archive/ustar_internal.hpp"
#include "archive_support.hpp"
#include "coracle/archive/tar.hpp"
#include "coracle/base/error.hpp"

using namespace coracle;
using namespace coracle::archive;
using test::TarBuilder;

namespace {

std::string contents(ByteSource& source) {
  std::string text;
  for_each_entry(source, [&](const TarEntry& entry, ByteSource& data) {
    text += entry.name + "=" + read_text(data, 1 << 20) + ";";
    return true;
  });
  return text;
}

std::string contents_of(std::string_view tar) {
  MemorySource source(tar);
  return contents(source);
}

std::string read_sparse(const std::string& tar) {
  MemorySource source(tar);
  TarReader reader(source);
  const EntryHeader* header = reader.next();
  REQUIRE(header != nullptr);
  CHECK(header->sparse);
  CHECK(header->path == "sparse");
  std::string text(header->size, '?');
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t got =
        reader.read(text.data() + at, std::min<std::size_t>(700, text.size() - at));
    REQUIRE(got > 0);
    at += got;
  }
  char byte = 0;
  CHECK(reader.read(&byte, 1) == 0);
  header = reader.next();
  REQUIRE(header != nullptr);
  CHECK(header->path == "after");
  return text;
}

}  // namespace

TEST_CASE("a container of files is written and read", "[archive][tar]") {
  MemorySink sink;
  TarWriter writer(sink);
  writer.add_directory("blobs/sha256");
  writer.add_file("blobs/sha256/abc", "content");
  const std::string big(1'000'000, 'b');
  MemorySource big_source(big);
  writer.add_file("big", big.size(), big_source);
  writer.add_symlink("layer.tar", "../blobs/sha256/abc");
  writer.finish();
  const std::string tar = sink.take();
  CHECK(tar.size() % 512 == 0);

  MemorySource source(tar);
  std::string seen;
  for_each_entry(source, [&](const TarEntry& entry, ByteSource& data) {
    seen += entry.name + ":" + std::to_string(static_cast<int>(entry.kind)) + ":" +
            entry.link_target + " ";
    // What is not read is skipped; a part too.
    if (entry.name == "big") {
      char some[100];
      CHECK(data.read(some, sizeof some) == sizeof some);
    }
    return true;
  });
  CHECK(seen == "blobs/sha256:1: blobs/sha256/abc:0: big:0: layer.tar:2:../blobs/sha256/abc ");

  int count = 0;
  MemorySource again(tar);
  for_each_entry(again, [&](const TarEntry&, ByteSource&) { return ++count < 2; });
  CHECK(count == 2);
}

TEST_CASE("the size given must be the size of the content", "[archive][tar]") {
  for (const std::uint64_t size : {0, 3, 5, 100}) {
    MemorySink sink;
    TarWriter writer(sink);
    MemorySource four("four");
    CHECK_THROWS_AS(writer.add_file("f", size, four), Error);
  }
}

TEST_CASE("names, links and compression of containers", "[archive][tar]") {
  const std::string tar = TarBuilder()
                              .file("./manifest.json", "[]")
                              .directory("dir/")
                              .file("/abs", "1")
                              .hard_link("hard", "./dir/x")
                              .add({.name = "pipe", .type = '6'})
                              .finish();
  CHECK(list_entries(tar) == "manifest.json\ndir\nabs\nhard -> /dir/x\npipe\n");
  for (const auto kind : {oci::Compression::gzip, oci::Compression::zstd}) {
    CHECK(contents_of(compressed(kind, tar)) == "manifest.json=[];dir=;abs=1;hard=;pipe=;");
  }
}

TEST_CASE("a container is read from a pipe", "[archive][tar]") {
  const std::string tar = TarBuilder().file("a", "1").file("b", "2").finish();
  REQUIRE(tar.size() < 65536);
  auto pipe = linux::make_pipe();
  linux::write_all(pipe.write.get(), tar, "pipe");
  pipe.write.reset();
  FdSource source(pipe.read.get());
  CHECK(contents(source) == "a=1;b=2;");
}

TEST_CASE("broken containers are refused", "[archive][tar]") {
  CHECK_THROWS_AS(contents_of("garbage"), Error);
  CHECK_THROWS_AS(contents_of(TarBuilder().header({.name = "f"}, 1000).raw("short").unfinished()),
                  Error);
  CHECK(contents_of(TarBuilder().file("a", "1").unfinished()) == "a=1;");
  CHECK(contents_of("").empty());
  // A few bytes that claim to be exabytes would be read as zeros without end.
  const std::string map = "1\n0\n0\n";
  CHECK_THROWS_WITH(contents_of(TarBuilder()
                                    .add({.name = "s",
                                          .content = map + std::string(512 - map.size(), '\0'),
                                          .pax = {{"GNU.sparse.major", "1"},
                                                  {"GNU.sparse.minor", "0"},
                                                  {"GNU.sparse.name", "s"},
                                                  {"GNU.sparse.realsize", "4611686018427387904"}}})
                                    .finish()),
                    Catch::Contains("sparse"));
}

TEST_CASE("numbers in headers", "[archive][tar]") {
  using namespace std::string_view_literals;
  CHECK(parse_field_number("0000644\0"sv) == 0644);
  CHECK(parse_field_number("   644 \0"sv) == 0644);
  CHECK(parse_field_number("77777777"sv) == 077777777);
  CHECK(parse_field_number("\0\0\0\0"sv) == 0);
  CHECK(parse_field_number("\x80\0\0\x01\0\0\0\0"sv) == 1LL << 32);
  CHECK(parse_field_number("\xff\xff\xff\xff\xff\xff\xff\xfe"sv) == -2);
  CHECK(parse_field_number("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"sv) == INT64_MAX);
  CHECK_FALSE(parse_field_number("\x80\0\0\0\x80\0\0\0\0\0\0\0"sv));
  CHECK_FALSE(parse_field_number("\x81\0\0\0\0\0\0\0\0\0\0\0"sv));
  CHECK_FALSE(parse_field_number("0000648\0"sv));
  CHECK_FALSE(parse_field_number("-1"sv));
  CHECK_FALSE(parse_field_number("7777777777777777777777777"sv));
}

TEST_CASE("pax records", "[archive][tar]") {
  const auto records =
      parse_pax_records(std::string_view("9 path=a\n11 b=c=d\ne\n10 key=\0\1\n", 30));
  REQUIRE(records.size() == 3);
  CHECK(records[1] == std::pair<std::string, std::string>("b", "c=d\ne"));
  CHECK(records[2].second == std::string("\0\1", 2));
  for (const char* bad :
       {"path=a\n", "9 path=ab", "9 path=ab\n", "1 \n", "5 =a\n", "99 path=a\n", "-9 path=a\n",
        "8 patha\n", "18446744073709551625 path=a\n", "9  path=a\n", "2 \n"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_pax_records(bad), Error);
  }
  for (const std::size_t length :
       {0, 1, 80, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 985, 990, 995, 1000}) {
    const std::string value(length, 'v');
    const auto round = parse_pax_records(format_pax_record("key", value));
    REQUIRE(round.size() == 1);
    CHECK(round[0].second == value);
  }
}

TEST_CASE("times in pax records", "[archive][tar]") {
  for (const auto& [seconds, nanoseconds, text] :
       {std::tuple(0L, 0L, "0"), std::tuple(1L, 5L, "1.000000005"), std::tuple(-1L, 0L, "-1"),
        std::tuple(-1L, 750'000'000L, "-0.25"), std::tuple(-2L, 250'000'000L, "-1.75"),
        std::tuple(9'999'999'999L, 999'999'999L, "9999999999.999999999")}) {
    CAPTURE(text);
    CHECK(format_pax_time({seconds, nanoseconds}) == text);
    const auto time = parse_pax_time(text);
    REQUIRE(time);
    CHECK(time->tv_sec == seconds);
    CHECK(time->tv_nsec == nanoseconds);
  }
  CHECK(parse_pax_time("1.1234567899999")->tv_nsec == 123'456'789);
  for (const char* bad : {"", "x", "1.x", "--1", "1e5", "99999999999999999999"})
    CHECK_FALSE(parse_pax_time(bad));
}

TEST_CASE("GNU's sparse formats", "[archive][tar]") {
  const std::string data = std::string(512, 'a') + std::string(100, 'b');
  std::string expected(3000, '\0');
  expected.replace(1024, 512, 512, 'a');
  expected.replace(2000, 100, 100, 'b');
  const TarBuilder end = TarBuilder().file("after", "");

  SECTION("0.0") {
    std::string records;
    for (const auto& [key, value] :
         {std::pair("GNU.sparse.size", "3000"), std::pair("GNU.sparse.numblocks", "2"),
          std::pair("GNU.sparse.offset", "1024"), std::pair("GNU.sparse.numbytes", "512"),
          std::pair("GNU.sparse.offset", "2000"), std::pair("GNU.sparse.numbytes", "100")}) {
      records += TarBuilder::format_record(key, value);
    }
    CHECK(read_sparse(TarBuilder().add_extension('x', records).file("sparse", data).unfinished() +
                      end.finish()) == expected);
  }
  SECTION("0.1") {
    CHECK(read_sparse(TarBuilder()
                          .add({.name = "other",
                                .content = data,
                                .pax = {{"GNU.sparse.size", "3000"},
                                        {"GNU.sparse.name", "sparse"},
                                        {"GNU.sparse.map", "1024,512,2000,100"}}})
                          .unfinished() +
                      end.finish()) == expected);
  }
  SECTION("1.0") {
    std::string map = "3\n1024\n512\n2000\n100\n3000\n0\n";
    map.resize(512);
    CHECK(read_sparse(TarBuilder()
                          .add({.name = "other",
                                .content = map + data,
                                .pax = {{"GNU.sparse.major", "1"},
                                        {"GNU.sparse.minor", "0"},
                                        {"GNU.sparse.name", "sparse"},
                                        {"GNU.sparse.realsize", "3000"}}})
                          .unfinished() +
                      end.finish()) == expected);
  }
  SECTION("maps that cannot be") {
    for (const char* map :
         {"0,10,5,10", "0,10,20,-1", "2999,2", "0", "a,b", "0,613", "9223372036854775807,1"}) {
      CAPTURE(map);
      const std::string tar =
          TarBuilder()
              .add({.name = "s",
                    .content = data,
                    .pax = {{"GNU.sparse.size", "3000"}, {"GNU.sparse.map", map}}})
              .finish();
      MemorySource source(tar);
      TarReader reader(source);
      CHECK_THROWS_AS(reader.next(), Error);
    }
  }
}
