// SPDX-License-Identifier: Apache-2.0
// The monitor's process.
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"
#include "coracle/linux/terminal.hpp"
#include "coracle/monitor/launch.hpp"
#include "monitor/control_socket.hpp"
#include "monitor/message.hpp"
#include "monitor/pump.hpp"

namespace coracle::monitor {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds k_first_back_off{100};
constexpr milliseconds k_longest_back_off{60'000};
/// A container that ran this long did not fail at its start.
constexpr std::chrono::seconds k_healthy_run{10};

class Monitor {
 public:
  Monitor(const LaunchPlan& plan, Lifecycle& lifecycle, linux::Fd channel)
      : plan_(plan), lifecycle_(lifecycle), log_(plan.log) {
    Client client;
    client.channel = std::move(channel);
    clients_.push_back(std::move(client));
  }

  [[noreturn]] void run() {
    try {
      if (plan_.client_attaches) await_hello();
      lifecycle_.prepare();
      listener_ = listen_on(plan_.control_socket);
      start();
    } catch (const Error& error) {
      send_message(clients_.front().channel.get(), failure_message(error));
      give_up();
    } catch (const std::exception& error) {
      send_message(clients_.front().channel.get(),
                   failure_message(Error(ErrorClass::internal, error.what())));
      give_up();
    }
    Message message;
    message.kind = MessageKind::started;
    send_message(clients_.front().channel.get(), message);
    ::malloc_trim(0);
    loop();
    lifecycle_.finished();
    ::unlink(plan_.control_socket.c_str());
    message.kind = MessageKind::exited;
    message.code = exit_code_;
    for (const auto& client : clients_) send_message(client.channel.get(), message);
    clients_.clear();
    lifecycle_.cleaned_up();
    ::_exit(0);
  }

 private:
  [[noreturn]] void give_up() {
    ::unlink(plan_.control_socket.c_str());
    ::_exit(1);
  }

  void await_hello() {
    Packet packet;
    if (receive_message(clients_.front().channel.get(), packet, true) == Receive::message) {
      handle(clients_.front(), packet);
    }
  }

  /// The container's streams are new for each start.
  void start() {
    if (plan_.terminal) {
      runtime::StartedProcess started = lifecycle_.create({});
      take_terminal(std::move(started.terminal));
      take_process(std::move(started));
      return;
    }
    if (plan_.passthrough) {
      take_process(lifecycle_.create({0, 1, 2}));
      return;
    }
    linux::Pipe input;
    linux::Pipe output = linux::make_pipe();
    linux::Pipe error = linux::make_pipe();
    runtime::StandardStreams streams{null_.get(), output.write.get(), error.write.get()};
    if (plan_.interactive) {
      input = linux::make_pipe();
      streams.input = input.read.get();
    }
    runtime::StartedProcess started = lifecycle_.create(streams);
    if (plan_.interactive) input_.open(std::move(input.write), false);
    output_.open(std::move(output.read));
    error_.open(std::move(error.read));
    take_process(std::move(started));
  }

  void take_terminal(linux::Fd terminal) {
    if (size_.rows != 0) linux::set_window_size(terminal.get(), size_);
    input_.open(linux::duplicate(terminal.get()), true);
    output_.open(std::move(terminal));
  }

  void take_process(runtime::StartedProcess started) {
    pid_ = started.process.release();
    pidfd_ = std::move(started.pidfd);
    started_at_ = Clock::now();
    lifecycle_.started(pid_);
  }

  void loop() {
    while (true) {
      wait_for_events();
      accept_clients();
      hear_clients();
      input_.step(clients_);
      output_.step(clients_, log_);
      error_.step(clients_, log_);
      if (pid_ > 0) {
        enforce_timeout();
        if (has_ended()) record_end();
      } else if (pid_ == 0 && is_drained()) {
        if (!wants_restart_) return;
        if (!back_off()) return;
      }
    }
  }

  void wait_for_events() {
    set_.clear();
    if (listener_) set_.push_back({listener_.get(), POLLIN, 0});
    if (pid_ > 0) set_.push_back({pidfd_.get(), POLLIN, 0});
    for (const auto& client : clients_) set_.push_back({client.channel.get(), POLLIN, 0});
    input_.want(set_, clients_);
    output_.want(set_, clients_);
    error_.want(set_, clients_);
    ::poll(set_.data(), set_.size(), poll_timeout());
  }

  int poll_timeout() const {
    if (pid_ == 0) return is_drained() ? 0 : 50;
    if (plan_.timeout <= 0 || timed_out_) return -1;
    const auto left = started_at_ + std::chrono::seconds(plan_.timeout) - Clock::now();
    return static_cast<int>(
        std::max<std::int64_t>(0, std::chrono::ceil<milliseconds>(left).count()));
  }

  void enforce_timeout() {
    if (plan_.timeout <= 0 || timed_out_) return;
    if (Clock::now() < started_at_ + std::chrono::seconds(plan_.timeout)) return;
    timed_out_ = true;
    ::kill(pid_, SIGKILL);
  }

  bool has_ended() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = linux::exit_code_of(status);
    return true;
  }

  void record_end() {
    pid_ = 0;
    pidfd_.reset();
    input_.close();
    const bool allowed = lifecycle_.exited(exit_code_);
    const bool failed = exit_code_ != 0;
    const bool under_limit = plan_.restart_limit == 0 || restarts_ < plan_.restart_limit;
    wants_restart_ = allowed && (plan_.restart == Restart::always ||
                                 (plan_.restart == Restart::on_failure && failed && under_limit));
  }

  /// All that the ended container wrote has reached log and clients. A process that outlived it may
  /// still hold the streams (--pid=host): what is not there now does not count.
  bool is_drained() const { return !output_.has_pending() && !error_.has_pending(); }

  /// Waits longer each time, listening for the user to call it off, then starts again. False when
  /// there is nothing more to do.
  bool back_off() {
    output_.close();
    error_.close();
    if (Clock::now() - started_at_ > k_healthy_run) delay_ = k_first_back_off;
    const auto until = Clock::now() + delay_;
    delay_ = std::min(delay_ * 2, k_longest_back_off);
    stop_asked_ = false;
    while (!stop_asked_ && Clock::now() < until) {
      set_.clear();
      if (listener_) set_.push_back({listener_.get(), POLLIN, 0});
      for (const auto& client : clients_) set_.push_back({client.channel.get(), POLLIN, 0});
      const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
      ::poll(set_.data(), set_.size(), static_cast<int>(std::max<std::int64_t>(0, left)));
      accept_clients();
      hear_clients();
    }
    if (!lifecycle_.restarting()) return false;
    ++restarts_;
    try {
      start();
    } catch (const std::exception&) {
      exit_code_ = k_exit_engine;
      lifecycle_.exited(exit_code_);
      return false;
    }
    return true;
  }

  void accept_clients() {
    while (listener_) {
      linux::Fd channel(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!channel) return;
      Client client;
      client.channel = std::move(channel);
      clients_.push_back(std::move(client));
    }
  }

  void hear_clients() {
    for (auto client = clients_.begin(); client != clients_.end();) {
      Packet packet;
      const Receive received = receive_message(client->channel.get(), packet, false);
      if (received == Receive::closed) {
        client = clients_.erase(client);
        continue;
      }
      if (received == Receive::message) {
        handle(*client, packet);
      } else {
        ++client;
      }
    }
  }

  void handle(Client& client, Packet& packet) {
    const Message& message = packet.message;
    switch (message.kind) {
      case MessageKind::hello: {
        std::size_t next = 0;
        if ((message.flags & k_has_input) != 0) client.input = std::move(packet.descriptors[next++]);
        if ((message.flags & k_has_output) != 0) client.outputs[0] = std::move(packet.descriptors[next++]);
        if ((message.flags & k_has_error) != 0) client.outputs[1] = std::move(packet.descriptors[next++]);
        // What was read before it came is not for it.
        client.written = {~std::size_t{0}, ~std::size_t{0}};
        if (message.rows != 0) resize({message.rows, message.columns});
        break;
      }
      case MessageKind::resize:
        resize({message.rows, message.columns});
        break;
      case MessageKind::signal:
        stop_asked_ = true;
        if (pid_ > 0) ::kill(pid_, message.code);
        break;
      case MessageKind::started:
      case MessageKind::failed:
      case MessageKind::exited:
        break;
    }
  }

  void resize(linux::WindowSize size) {
    size_ = size;
    if (plan_.terminal && input_.target() >= 0) linux::set_window_size(input_.target(), size);
  }

  const LaunchPlan& plan_;
  Lifecycle& lifecycle_;
  LogWriter log_;
  Clients clients_;
  linux::Fd listener_;
  linux::Fd null_ = linux::open_file("/dev/null", O_RDWR);
  OutputPump output_{Stream::output};
  OutputPump error_{Stream::error};
  InputPump input_;
  std::vector<pollfd> set_;
  pid_t pid_ = -1;  ///< 0: ended
  linux::Fd pidfd_;
  int exit_code_ = 0;
  bool wants_restart_ = false;
  bool stop_asked_ = false;
  bool timed_out_ = false;
  int restarts_ = 0;
  milliseconds delay_ = k_first_back_off;
  Clock::time_point started_at_;
  linux::WindowSize size_;
};

/// Lets go of everything the client had: its session, its signals, its descriptors.
linux::Fd leave_client(const LaunchPlan& plan, linux::Fd channel) {
  ::setsid();
  linux::set_process_name(plan.title.c_str());
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP}) {
    ::signal(number, SIG_IGN);
  }
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int first_free = 3 + plan.preserved_fds;
  // Among the numbers that are handed on there may be descriptors of our own: a lock kept open here
  // would stay locked.
  for (int fd = 3; fd < first_free; ++fd) {
    if (fd != channel.get() && (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) ::close(fd);
  }
  const int place = ::fcntl(channel.get(), F_DUPFD_CLOEXEC, first_free);
  channel.reset();
  if (place > first_free) ::syscall(SYS_close_range, first_free, place - 1, 0);
  ::syscall(SYS_close_range, place + 1, ~0U, 0);
  if (!plan.passthrough) {
    const linux::Fd null = linux::open_file("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
  }
  if (::chdir("/") != 0) ::_exit(1);
  return linux::Fd(place);
}

}  // namespace

Launched launch(const LaunchPlan& plan, Lifecycle& lifecycle) {
  linux::SocketPair sockets = linux::make_socketpair(SOCK_SEQPACKET);
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork the monitor");
  if (pid == 0) {
    sockets.first.reset();
    try {
      linux::Fd channel = leave_client(plan, std::move(sockets.second));
      // On the heap: the pumps' buffers are large, and never touched by most containers.
      const auto monitor = std::make_unique<Monitor>(plan, lifecycle, std::move(channel));
      monitor->run();
    } catch (...) {
      ::_exit(1);
    }
  }
  return {std::move(sockets.first), pid};
}

void await_start(int channel) {
  Packet packet;
  if (receive_message(channel, packet, true) != Receive::message) {
    throw Error(ErrorClass::internal, "the container's monitor died during the start");
  }
  if (packet.message.kind == MessageKind::failed) throw_failure(packet.message);
}

}  // namespace coracle::monitor
