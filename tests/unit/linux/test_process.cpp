// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/command_line.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/process_end.hpp"
#include "coracle/linux/process_stat.hpp"
#include "coracle/linux/process_tree.hpp"

using namespace coracle;
using namespace coracle::linux;

namespace {

pid_t start_sleeper() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    while (true) ::pause();
  }
  return pid;
}

/// What a program prints, and its exit code.
std::pair<std::string, int> run(SpawnOptions options) {
  Pipe output = make_pipe();
  options.standard_output = output.write.get();
  Child child = spawn(options);
  output.write.reset();
  const std::string text = read_all(output.read.get());
  return {text, exit_code_of(child.wait())};
}

}  // namespace

TEST_CASE("a process is itself, and no other with its number") {
  const pid_t pid = start_sleeper();
  const ProcessIdentity self = identity_of(pid);
  CHECK(is_alive(self));
  CHECK_FALSE(is_alive({pid, self.start_time + 1}));
  CHECK(open_pidfd(self).valid());
  CHECK_FALSE(open_pidfd({pid, self.start_time + 1}).valid());
  CHECK_FALSE(send_signal({pid, self.start_time + 1}, SIGKILL));
  CHECK(send_signal(self, SIGKILL));
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  // A zombie is none any more.
  CHECK_FALSE(is_alive(self));
  CHECK_FALSE(start_time_of(pid));
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  CHECK_FALSE(is_alive({0, 0}));
}

TEST_CASE("what the kernel counts for a process is read whatever its name is") {
  const std::string numbers = "S 7 1 5 0 -1 0 0 0 0 0 11 12 0 0 20 0 1 0 4711 8192 3\n";
  const auto stat = ProcessStat::parse("42 (a) Z (b)) " + numbers);
  REQUIRE(stat);
  CHECK(stat->text(3) == "S");
  CHECK(stat->parent() == 7);
  CHECK(stat->session() == 5);
  CHECK(stat->number(14) + stat->number(15) == 23);
  CHECK(stat->start_time() == 4711);
  CHECK(stat->number(24) == 3);
  CHECK(stat->text(52) == "0");
  CHECK_FALSE(stat->has_ended());
  CHECK(ProcessStat::parse("42 (sh) Z" + numbers.substr(1))->has_ended());
  CHECK(ProcessStat::parse("42 (sh) T" + numbers.substr(1))->is_stopped());
  CHECK(ProcessStat::parse("42 (sh) t" + numbers.substr(1))->is_stopped());
  CHECK_FALSE(stat->is_stopped());
  CHECK_FALSE(ProcessStat::parse(""));
  CHECK_FALSE(ProcessStat::parse("42 (sh)"));
  CHECK_FALSE(ProcessStat::parse("42 (sh) S 7 1 5"));
  CHECK_FALSE(ProcessStat::read(0));
  const auto pids = list_pids();
  CHECK(std::ranges::is_sorted(pids));
  CHECK(std::ranges::count(pids, ::getpid()) == 1);
}

TEST_CASE("a dropped child is killed and reaped") {
  const pid_t pid = start_sleeper();
  { const Child child(pid); }
  CHECK(::kill(pid, 0) != 0);
  Child kept(start_sleeper());
  const pid_t released = kept.release();
  CHECK_FALSE(kept.valid());
  Child again(released);
  ::kill(released, SIGKILL);
  CHECK(exit_code_of(again.wait()) == 128 + SIGKILL);
}

TEST_CASE("programs are found, run with what they are given, and nothing else is open") {
  CHECK(find_program("sh").has_value());
  CHECK_FALSE(find_program("no-such-program"));
  CHECK_FALSE(find_program("/etc/passwd"));
  SpawnOptions options;
  const auto leak = open_file("/dev/null", O_RDONLY);
  options.argv = {"sh", "-c", "echo \"$0 $WORD $(pwd)\"; [ ! -e /proc/self/fd/$1 ] && exit 3",
                  "zero", std::to_string(leak.get())};
  options.environment = std::vector<std::string>{"WORD=given", "PATH=/usr/bin:/bin"};
  options.working_directory = "/tmp";
  const auto [text, code] = run(options);
  CHECK(text == "zero given /tmp\n");
  CHECK(code == 3);
  options.program = "/bin/echo";
  options.argv = {"other name", "argument"};
  CHECK(run(options).first == "argument\n");
}

TEST_CASE("a program that is not there, or cannot be run") {
  SpawnOptions options;
  options.argv = {"no-such-program"};
  try {
    spawn(options);
    FAIL("it ran");
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::unavailable);
    CHECK_FALSE(error.hint().empty());
  }
  options.argv = {"sh"};
  options.working_directory = "/nonexistent";
  CHECK_THROWS_AS(spawn(options), SysError);
}

TEST_CASE("a family is a process and all that descend from it") {
  Pipe told = make_pipe();
  Child parent(::fork());
  if (parent.pid() == 0) {
    const pid_t made = start_sleeper();
    (void)!::write(told.write.get(), &made, sizeof made);
    while (true) ::pause();
  }
  pid_t child = 0;
  REQUIRE(::read(told.read.get(), &child, sizeof child) == sizeof child);
  const ProcessIdentity youngest = identity_of(child);
  CHECK(family_of(parent.pid()) == std::set<pid_t>{parent.pid(), child});
  CHECK(family_of(child) == std::set<pid_t>{child});
  std::set<pid_t> family = {parent.pid()};
  add_descendants(family);
  CHECK(family == std::set<pid_t>{parent.pid(), child});
  CHECK_FALSE(wait_for_end(youngest, 0));
  CHECK(send_signal(youngest, SIGKILL));
  CHECK(wait_for_end(youngest, 10'000));
}

TEST_CASE("who lives in a directory is found by it", "[process]") {
  const TempDir place("/tmp", "chroot-");
  make_directory(place.path() + "/inside");
  const std::string link = place.path() + ".link";
  REQUIRE(::symlink(place.path().c_str(), link.c_str()) == 0);
  const auto start_in = [](const std::string& directory) {
    Pipe told = make_pipe();
    Child child(::fork());
    if (child.pid() == 0) {
      const bool is_in =
          (::geteuid() == 0 || ::unshare(CLONE_NEWUSER) == 0) && ::chroot(directory.c_str()) == 0;
      (void)!::write(told.write.get(), &is_in, sizeof is_in);
      while (true) ::pause();
    }
    bool is_in = false;
    REQUIRE(::read(told.read.get(), &is_in, sizeof is_in) == sizeof is_in);
    REQUIRE(is_in);
    return child;
  };
  const Child lives = start_in(place.path());
  const Child lives_below = start_in(place.path() + "/inside");
  const Child elsewhere = start_in("/");
  CHECK(end_chrooted(link));
  CHECK_FALSE(start_time_of(lives.pid()));
  CHECK_FALSE(start_time_of(lives_below.pid()));
  CHECK(start_time_of(elsewhere.pid()));
  CHECK(end_chrooted(place.path() + "/nothing"));
  CHECK_FALSE(end_chrooted("/"));
  ::unlink(link.c_str());
}

TEST_CASE("a hidden command line is back when it is no longer hidden", "[process]") {
  const auto shown = [] { return read_file("/proc/self/cmdline"); };
  const std::string before = shown();
  REQUIRE(before.find_first_not_of('\0') != std::string::npos);
  {
    const HiddenCommandLine hidden;
    CHECK(shown().find_first_not_of('\0') == std::string::npos);
  }
  CHECK(shown() == before);
}

TEST_CASE("what outlives a command has other arguments", "[process]") {
  // As the kernel lays them out.
  static char line[] = "name\0--password\0hunter2";
  static char* words[] = {line, line + 5, line + 16};
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    remember_command_line(3, words);
    replace_arguments("xy");
    const bool good = std::string_view(line, sizeof line) ==
                      std::string("name\0xy", 7) + std::string(sizeof line - 7, '\0');
    // One that is too long ends where the old ones did.
    replace_arguments(std::string(100, 'z'));
    const bool fits = std::string_view(line, sizeof line) ==
                      std::string("name\0", 5) + std::string(sizeof line - 6, 'z') + '\0';
    ::_exit(good && fits ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
