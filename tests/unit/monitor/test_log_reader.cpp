// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "monitor/log_writer.hpp"
#include "support.hpp"

using namespace coracle;
using namespace coracle::monitor;

namespace {

struct Log {
  linux::TempDir directory{"/tmp", "coracle-log"};
  LogConfig config;
  LogRequest request;

  Log() {
    config.path = directory.path() + "/ctr.log";
    request.path = config.path;
  }
  std::string read() const {
    std::string all;
    read_logs(request, [&](const LogLine& line) {
      all += line.stream == Stream::error ? "!" : "";
      all += line.text;
    });
    return all;
  }
  void add_file(const std::string& suffix, const std::string& text) const {
    linux::write_new_file(config.path + suffix, text);
  }
};

std::string record(std::string_view text, std::string_view time = "2026-01-01T00:00:00Z",
                   std::string_view stream = "stdout") {
  return "{\"log\":\"" + std::string(text) + "\",\"stream\":\"" + std::string(stream) +
         "\",\"time\":\"" + std::string(time) + "\"}\n";
}
std::string error_record(std::string_view text) {
  return record(text, "2026-01-01T00:00:00Z", "stderr");
}

}  // namespace

TEST_CASE("no log is an error") {
  Log log;
  try {
    log.read();
    FAIL("no error was thrown");
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::not_found);
  }
}

TEST_CASE("rotated files are read oldest first, a gap in the numbers included") {
  Log log;
  log.add_file(".3", record("a\\n"));
  log.add_file(".1", record("b\\n"));
  log.add_file("", record("c\\n"));
  CHECK(log.read() == "a\nb\nc\n");
}

TEST_CASE("a damaged record is passed over") {
  Log log;
  log.add_file("", record("a\\n") + "garbage\n{\"log\":\"x\n" + std::string("\0\0\n", 3) +
                       record("b\\n") + "{\"log\":\"not yet");
  CHECK(log.read() == "a\nb\n");
}

TEST_CASE("since, until and streams choose records") {
  Log log;
  log.add_file("", record("a\\n", "2026-01-01T00:00:00Z") +
                       record("b\\n", "2026-01-01T00:00:01.5Z", "stderr") +
                       record("c\\n", "2026-01-01T00:00:02Z") +
                       record("d\\n", "2026-01-01T00:00:03Z"));
  log.request.since = parse_rfc3339("2026-01-01T00:00:01Z");
  CHECK(log.read() == "!b\nc\nd\n");
  log.request.until = parse_rfc3339("2026-01-01T00:00:02Z");
  CHECK(log.read() == "!b\nc\n");
  log.request.error = false;
  CHECK(log.read() == "c\n");
  log.request.error = true;
  log.request.output = false;
  CHECK(log.read() == "!b\n");
}

TEST_CASE("a part of a line is told from its beginning") {
  Log log;
  log.add_file("", record("a") + error_record("x\\n") + record("b\\n") + record("c"));
  std::vector<bool> starts;
  read_logs(log.request, [&](const LogLine& line) { starts.push_back(line.starts_line); });
  CHECK(starts == std::vector<bool>{true, true, false, true});
}

TEST_CASE("tail counts lines from the end") {
  Log log;
  SECTION("within one file") {
    log.add_file("", record("a\\n") + record("b\\n") + record("c\\n"));
    log.request.tail = 0;
    CHECK(log.read().empty());
    log.request.tail = 1;
    CHECK(log.read() == "c\n");
    log.request.tail = 2;
    CHECK(log.read() == "b\nc\n");
    log.request.tail = 100;
    CHECK(log.read() == "a\nb\nc\n");
  }
  SECTION("over several files, one of them empty") {
    log.add_file(".2", record("a\\n") + record("b\\n"));
    log.add_file(".1", record("c\\n"));
    log.add_file("", "");
    log.request.tail = 2;
    CHECK(log.read() == "b\nc\n");
  }
  SECTION("a line without an end counts") {
    log.add_file("", record("a\\n") + record("b\\n") + record("c") + record("d"));
    log.request.tail = 1;
    CHECK(log.read() == "cd");
    log.request.tail = 2;
    CHECK(log.read() == "b\ncd");
  }
  SECTION("a line in parts is one line, over files too") {
    log.add_file(".1", record("a\\n") + record("b1 "));
    log.add_file("", record("b2 ") + record("b3\\n") + record("c\\n"));
    log.request.tail = 2;
    CHECK(log.read() == "b1 b2 b3\nc\n");
    log.request.tail = 1;
    CHECK(log.read() == "c\n");
  }
  SECTION("its parts are found beyond lines of the other stream") {
    log.add_file("", record("a\\n") + record("b1 ") + error_record("x\\n") + error_record("y\\n") +
                         record("b2 ") + error_record("z\\n") + record("b3\\n"));
    log.request.tail = 1;
    CHECK(log.read() == "b1 b2 b3\n");
    log.request.tail = 2;
    CHECK(log.read() == "b1 b2 !z\nb3\n");
  }
  SECTION("what is being written does not disturb") {
    log.add_file("", record("a\\n") + record("b\\n") + "{\"log\":\"half");
    log.request.tail = 1;
    CHECK(log.read() == "b\n");
  }
  SECTION("k8s-file") {
    log.add_file("",
                 "2026-01-01T00:00:00Z stdout F a\n2026-01-01T00:00:00Z stdout P b\n"
                 "2026-01-01T00:00:00Z stdout F c\n");
    log.request.tail = 1;
    CHECK(log.read() == "bc\n");
  }
}

TEST_CASE("tail agrees with counting forward, for lines of all lengths") {
  Log log;
  log.config.max_size = 300'000;
  log.config.max_files = 4;
  {
    LogWriter writer(log.config);
    std::size_t size = 1;
    for (int i = 0; i < 400; ++i) {
      size = size * 7 % 65'521;
      const std::string body(i % 10 == 0 ? size : size % 300, static_cast<char>('a' + i % 26));
      writer.write(Stream::output, std::to_string(i) + body + "\n");
    }
  }
  const std::string all = log.read();
  auto lines = split(all, '\n');
  lines.pop_back();
  for (const std::size_t count : {1U, 2U, 7U, 15U, 30U}) {
    REQUIRE(count < lines.size());
    std::string expected;
    for (std::size_t i = lines.size() - count; i < lines.size(); ++i) expected += lines[i] + "\n";
    log.request.tail = count;
    CHECK(log.read() == expected);
  }
}

TEST_CASE("following sees what is written across rotations and ends with the writer") {
  Log log;
  log.config.max_size = 20'000;
  log.config.max_files = 3;
  constexpr int k_lines = 3000;
  LogWriter(log.config).write(Stream::output, "before\n");
  linux::Child writer(test::fork_process([&] {
    LogWriter out(log.config);
    for (int i = 0; i < k_lines; ++i) {
      out.write(Stream::output, std::to_string(i) + "\n");
      // Slow enough to be followed: what nobody reads in time is rotated away.
      if (i % 20 == 0) ::usleep(2000);
    }
    return 0;
  }));
  const linux::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, writer.pid(), 0)));
  log.request.follow = true;
  log.request.writer = pidfd.get();
  log.request.still_written = [&] { return !linux::wait_readable(pidfd.get(), 0); };
  const std::string all = log.read();
  std::string expected = "before\n";
  for (int i = 0; i < k_lines; ++i) expected += std::to_string(i) + "\n";
  CHECK(all == expected);
  CHECK(writer.wait() == 0);
}

TEST_CASE("following ends when the time has passed, or when told so") {
  Log log;
  log.add_file("", record("a\\n"));
  log.request.follow = true;
  SECTION("until") {
    log.request.until = now() + std::chrono::milliseconds(10);
    log.request.still_written = [] { return true; };
    CHECK(log.read() == "a\n");
  }
  SECTION("no writer, and a last line comes before the answer") {
    log.request.still_written = [&] {
      LogWriter(log.config).write(Stream::output, "last\n");
      return false;
    };
    CHECK(log.read() == "a\nlast\n");
  }
  SECTION("a log that is removed meanwhile") {
    log.request.still_written = [&] {
      linux::remove_file(log.config.path);
      return false;
    };
    CHECK(log.read() == "a\n");
  }
  SECTION("a log that starts anew") {
    bool first = true;
    log.request.still_written = [&] {
      if (!std::exchange(first, false)) return false;
      linux::write_file_atomic(log.config.path + ".tmp", record("b\\n"));
      REQUIRE(::truncate(log.config.path.c_str(), 0) == 0);
      return true;
    };
    CHECK(log.read() == "a\n");
  }
}

TEST_CASE("reading while the writer rotates loses no line in between") {
  Log log;
  log.config.max_size = 3000;
  log.config.max_files = 6;
  linux::Child writer(test::fork_process([&] {
    LogWriter out(log.config);
    for (int i = 0; i < 20'000; ++i) out.write(Stream::output, std::to_string(i) + "\n");
    return 0;
  }));
  REQUIRE(test::eventually([&] { return linux::exists(log.config.path + ".2"); }));
  for (int round = 0; round < 50; ++round) {
    auto lines = split(log.read(), '\n');
    lines.pop_back();
    REQUIRE_FALSE(lines.empty());
    const auto first = parse_int(lines.front());
    REQUIRE(first);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      REQUIRE(parse_int(lines[i]) == *first + static_cast<std::int64_t>(i));
    }
  }
  ::kill(writer.pid(), SIGKILL);
}
