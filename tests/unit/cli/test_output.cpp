// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>

#include <catch2/catch.hpp>

#include "cli/exit_code.hpp"
#include "cli/invocation.hpp"
#include "cli/output.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"
#include "test_support.hpp"

namespace coracle::cli {
namespace {

/// As a shell script does with `trap "" PIPE`.
struct IgnoredPipeSignal {
  IgnoredPipeSignal() { ::signal(SIGPIPE, SIG_IGN); }
  ~IgnoredPipeSignal() { ::signal(SIGPIPE, SIG_DFL); }
};

}  // namespace

TEST_CASE("output is written when it is flushed", "[output]") {
  linux::Pipe pipe = linux::make_pipe();
  Output out(pipe.write.get(), "standard output");
  out.print("{}-{}\n", 1, "a");
  CHECK_FALSE(linux::wait_readable(pipe.read.get(), 0));
  out.flush();
  out.flush();
  pipe.write.reset();
  CHECK(linux::read_all(pipe.read.get()) == "1-a\n");
}

TEST_CASE("a reader that has gone away is no error", "[output]") {
  const IgnoredPipeSignal ignored;
  linux::Pipe pipe = linux::make_pipe();
  pipe.read.reset();
  Output out(pipe.write.get(), "standard output");
  out.write(std::string(200'000, 'x'));
  CHECK(out.broken());
  out.write("more");
  out.flush();
}

TEST_CASE("a broken pipe ends the command quietly, its exit code says so", "[output]") {
  const IgnoredPipeSignal ignored;
  linux::Pipe out_pipe = linux::make_pipe();
  linux::Pipe err_pipe = linux::make_pipe();
  out_pipe.read.reset();
  Output out(out_pipe.write.get(), "standard output");
  Output err(err_pipe.write.get(), "standard error");
  const auto run = [&](const std::vector<std::string>& words) {
    return run_invocation({.table = test::sample_table(), .out = out, .err = err}, words);
  };
  SECTION("instead of success") {
    CHECK(run({"coracle", "ps"}) == k_exit_broken_pipe);
  }
  SECTION("but not instead of the command's own") {
    CHECK(run({"coracle", "run", "image"}) == 7);
  }
  err_pipe.write.reset();
  CHECK(linux::read_all(err_pipe.read.get()).empty());
}

TEST_CASE("a full disk is an error", "[output]") {
  const linux::Fd full = linux::open_file("/dev/full", O_WRONLY);
  linux::Pipe err_pipe = linux::make_pipe();
  Output out(full.get(), "standard output");
  Output err(err_pipe.write.get(), "standard error");
  const std::vector<std::string> words = {"coracle", "ps"};
  CHECK(run_invocation({.table = test::sample_table(), .out = out, .err = err}, words) == 125);
  err_pipe.write.reset();
  CHECK_THAT(linux::read_all(err_pipe.read.get()), Catch::StartsWith("Error: ") &&
                                                       Catch::Contains("standard output") &&
                                                       Catch::Contains("No space left on device"));
}

TEST_CASE("errors without a place to go still give the exit code", "[output]") {
  Output err(-1, "standard error");
  CHECK(report_failure(err, Error(ErrorClass::not_found, "x").set_exit_code(127)) == 127);
  CHECK(report_failure(err, std::runtime_error("x")) == 125);
}

}  // namespace coracle::cli
