// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"

using namespace coracle;
using namespace coracle::linux;

namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}
bool closes_on_exec(int fd) {
  return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

}  // namespace

TEST_CASE("a descriptor is closed once, by its last owner") {
  int number = -1;
  {
    Fd first = open_file("/dev/null", O_RDONLY);
    number = first.get();
    Fd second = std::move(first);
    CHECK_FALSE(first.valid());
    CHECK(second.get() == number);
    second = std::move(second);
    CHECK(is_open(number));
    first = std::move(second);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
  Fd fd = open_file("/dev/null", O_RDONLY);
  const int released = fd.release();
  fd.reset();
  CHECK(is_open(released));
  Fd(released).reset();
  CHECK_FALSE(is_open(released));
  errno = E2BIG;
  Fd().reset();
  CHECK(errno == E2BIG);
}

TEST_CASE("everything is closed on exec") {
  const Fd file = open_file("/dev/null", O_RDONLY);
  const Pipe pipe = make_pipe();
  const SocketPair sockets = make_socketpair(SOCK_SEQPACKET);
  const Fd copy = duplicate(file.get());
  for (const int fd : {file.get(), pipe.read.get(), pipe.write.get(), sockets.first.get(),
                       sockets.second.get(), copy.get(), open_at(AT_FDCWD, "/", O_RDONLY).get()}) {
    if (is_open(fd)) CHECK(closes_on_exec(fd));
  }
}

TEST_CASE("opening: missing, failing") {
  CHECK_FALSE(open_if_exists("/nonexistent/file", O_RDONLY).valid());
  CHECK_THROWS_AS(open_if_exists("/", O_WRONLY), SysError);
  CHECK_FALSE(try_open_at(AT_FDCWD, "/nonexistent", O_RDONLY).valid());
  try {
    open_file("/nonexistent/file", O_RDONLY);
    FAIL("opened");
  } catch (const SysError& error) {
    CHECK(error.code() == ENOENT);
    CHECK(error.describe().find("'/nonexistent/file'") != std::string::npos);
  }
}

TEST_CASE("reading to the end is bounded, waiting has an end") {
  Pipe pipe = make_pipe();
  CHECK_FALSE(wait_readable(pipe.read.get(), 0));
  write_all(pipe.write.get(), "12345", "the pipe");
  CHECK(wait_readable(pipe.read.get(), 0));
  pipe.write.reset();
  CHECK_THROWS_AS(read_all(pipe.read.get(), 4), Error);
  CHECK(wait_readable(pipe.read.get(), -1));
}
