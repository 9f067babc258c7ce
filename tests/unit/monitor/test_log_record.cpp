// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "coracle/base/json_value.hpp"
#include "monitor/log_encoder.hpp"
#include "monitor/log_record.hpp"

using namespace coracle;
using namespace coracle::monitor;

namespace {

std::string encode(LogFormat format, Stream stream, std::string_view text) {
  const auto time = parse_rfc3339("2026-11-20T08:15:30.12345Z");
  const RecordEncoder encoder(format, stream, *time);
  const auto room = std::make_unique<char[]>(k_record_room);
  return {room.get(), encoder.encode(text, room.get())};
}

std::string decoded_text(const std::string& record) {
  RecordParser parser;
  const auto parsed = parser.parse(record);
  return parsed ? std::string(parsed->text) : "no record";
}

}  // namespace

TEST_CASE("a json-file record is docker's") {
  CHECK(encode(LogFormat::json_file, Stream::output, "a\tb\"c\\d\r\n") ==
        "{\"log\":\"a\\tb\\\"c\\\\d\\r\\n\",\"stream\":\"stdout\","
        "\"time\":\"2026-11-20T08:15:30.123450000Z\"}\n");
  CHECK(encode(LogFormat::json_file, Stream::error, "x") ==
        "{\"log\":\"x\",\"stream\":\"stderr\",\"time\":\"2026-11-20T08:15:30.123450000Z\"}\n");
}

TEST_CASE("a k8s-file record says whether the line is whole") {
  CHECK(encode(LogFormat::k8s_file, Stream::output, "line\n") ==
        "2026-11-20T08:15:30.123450000+00:00 stdout F line\n");
  CHECK(encode(LogFormat::k8s_file, Stream::error, "part") ==
        "2026-11-20T08:15:30.123450000+00:00 stderr P part\n");
}

TEST_CASE("bytes that are not UTF-8 become the replacement character, the others stay") {
  const auto log = [](std::string_view text) {
    const std::string record = encode(LogFormat::json_file, Stream::output, text);
    return parse_json(record, "record").at("log").get<std::string>();
  };
  const std::string_view bad = "\xEF\xBF\xBD";
  for (const std::string_view good :
       {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x9B\xB6", "\x7F", "\x01"}) {
    CHECK(log(good) == good);
  }
  CHECK(log("a\xFF"
            "b") == "a" + std::string(bad) + "b");
  CHECK(log("\xC0\x80") == std::string(bad) + std::string(bad));
  CHECK(log("\xED\xA0\x80").find('\xED') == std::string::npos);
  CHECK(log("\xF4\x90\x80\x80").find('\xF4') == std::string::npos);
  CHECK(log("\xE2\x82") == std::string(bad) + std::string(bad));
  CHECK(log(std::string_view("\0", 1)) == std::string(1, '\0'));
}

TEST_CASE("any bytes give a record that reads back as itself") {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 200, '\0');
    for (auto& c : text) c = static_cast<char>(random() % (round % 2 == 0 ? 128 : 256));
    const std::string record = encode(LogFormat::json_file, Stream::output, text);
    REQUIRE(record.find('\n') == record.size() - 1);
    // An independent reader agrees.
    REQUIRE(parse_json(record, "record").at("log").get<std::string>() == decoded_text(record));
    if (round % 2 == 0) REQUIRE(decoded_text(record) == text);
    const auto kind = classify_record(record);
    REQUIRE(kind);
    REQUIRE(kind->ends_line == text.ends_with('\n'));
  }
}

TEST_CASE("the largest record fits into its room") {
  const std::string text(k_record_text, '\x01');
  const std::string record = encode(LogFormat::json_file, Stream::error, text);
  CHECK(record.size() <= k_record_room);
  CHECK(decoded_text(record) == text);
}

TEST_CASE("records of others are read") {
  RecordParser parser;
  const auto docker = parser.parse(
      "{\"log\":\"\\u003ca\\u003e \\ud83d\\udef6 \\ud83dx \\u2028\\n\",\"stream\":\"stderr\","
      "\"attrs\":{\"tag\":\"x\"},\"time\":\"2026-11-20T08:15:30.5Z\"}\n");
  REQUIRE(docker);
  CHECK(docker->stream == Stream::error);
  CHECK(docker->time == "2026-11-20T08:15:30.5Z");
  CHECK(docker->text == "<a> \xF0\x9F\x9B\xB6 \xEF\xBF\xBDx \xE2\x80\xA8\n");
  const auto kubernetes = parser.parse("2026-11-20T09:15:30.5+01:00 stdout P:x a b \n");
  REQUIRE(kubernetes);
  CHECK(kubernetes->text == "a b ");
  CHECK_FALSE(kubernetes->ends_line());
}

TEST_CASE("what is no record is none") {
  RecordParser parser;
  for (const std::string_view text :
       {"\n", "{\n", "{}\n", "{\"log\":\"\n", "{\"log\":\"x\",\"stream\":\"stdout\"}\n",
        "{\"log\":\"x\",\"stream\":\"other\",\"time\":\"t\"}\n",
        "{\"log\":\"\\u12\",\"stream\":\"stdout\",\"time\":\"t\"}\n",
        "{\"log\":\"\\\",\"stream\":\"stdout\",\"time\":\"t\"}\n", "time\n", "time stdout\n",
        "time stdout X text\n", "time stdin F text\n", "    \n"}) {
    INFO(text);
    CHECK_FALSE(parser.parse(text));
  }
}

TEST_CASE("a quote of the record's own syntax within the text misleads nobody") {
  const std::string text = "\",\"stream\":\"stderr\",\"time\":\"x\"}\\n";
  const std::string record = encode(LogFormat::json_file, Stream::output, text);
  CHECK(decoded_text(record) == text);
  CHECK(classify_record(record)->stream == Stream::output);
  CHECK_FALSE(classify_record(record)->ends_line);
}

TEST_CASE("torn characters are measured") {
  CHECK(torn_character("abc") == 0);
  CHECK(torn_character("a\xC3") == 1);
  CHECK(torn_character("a\xE2\x82") == 2);
  CHECK(torn_character("\xF0\x9F\x9B") == 3);
  CHECK(torn_character("\xF0\x9F\x9B\xB6") == 0);
  CHECK(torn_character("\x80\x80\x80\x80") == 0);
  CHECK(torn_character("\xFF") == 0);
  CHECK(torn_character("") == 0);
}
