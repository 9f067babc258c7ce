// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "coracle/base/error_text.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/command_line.hpp"
#include "coracle/linux/descriptors.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "network/keeper/bridge_namespace.hpp"
#include "network/keeper/keeper.hpp"
#include "network/keeper/message.hpp"

namespace coracle::network {
namespace {

using keeper::k_max_packet;

void send(int socket, const Json& request, int descriptor = -1) {
  if (linux::send_packet(socket, dump_json(request), descriptor)) return;
  throw Error(ErrorClass::unavailable, "the keeper of networks has gone");
}

linux::Packet receive(int socket, Json& answer) {
  auto packet = linux::receive_packet(socket, k_max_packet);
  if (!packet) throw Error(ErrorClass::unavailable, "the keeper of networks does not answer");
  answer = parse_json(packet->text, "answer of the keeper of networks");
  const std::string error = json::get_string(answer, "error");
  if (!error.empty()) throw parse_error(error);
  return std::move(*packet);
}

void ask(int socket, const Json& request, int descriptor = -1) {
  Json answer;
  send(socket, request, descriptor);
  receive(socket, answer);
}

/// A keeper waits for its helper, and for others' requests before ours: a minute is for both.
void bound_waiting(int socket) {
  constexpr timeval k_patience{60, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &k_patience, sizeof k_patience);
}

/// A connection to a keeper that answers, and which process that is.
linux::Fd try_connect(const KeeperPlan& plan, linux::ProcessIdentity& process) {
  linux::Fd socket = linux::connect_unix_socket(keeper::socket_path(plan), SOCK_SEQPACKET);
  if (!socket) return socket;
  bound_waiting(socket.get());
  // One that is about to end may have accepted nobody any more.
  if (!linux::send_packet(socket.get(), dump_json({{"do", "hello"}}))) return {};
  const auto packet = linux::receive_packet(socket.get(), k_max_packet);
  if (!packet) return {};
  process = keeper::parse_process(json::require(parse_json(packet->text, "answer"), "process"));
  return socket;
}

/// Has a process of its own, which is nobody's child, call `work`. The caller waits for neither.
template <typename Work>
void start_apart(Work&& work) {
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot start the keeper of networks");
  if (pid > 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    return;
  }
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  work();
  ::_exit(1);
}

/// Unless another one is there, or is being started.
void try_start(const KeeperPlan& plan) {
  auto lock =
      linux::FileLock::try_acquire(keeper::lock_path(plan), linux::FileLock::Mode::exclusive);
  if (!lock) return;
  linux::Fd listener = linux::bind_unix_socket(keeper::socket_path(plan), SOCK_SEQPACKET, 0700);
  if (::listen(listener.get(), SOMAXCONN) != 0) throw SysError("cannot listen for containers");
  start_apart([&] {
    linux::set_process_name("coracle:network");
    linux::replace_arguments("network");
    linux::shed_inheritance({lock->fd(), listener.get()});
    linux::use_all_descriptors();
    // The client's may be on something that is to be unmounted; our helpers have ours.
    if (::chdir("/") != 0) ::_exit(1);
    keeper::serve(plan, std::move(*lock), std::move(listener));
  });
}

}  // namespace

std::optional<KeeperConnection> KeeperConnection::try_open(const KeeperPlan& plan) {
  KeeperConnection connection;
  connection.socket_ = try_connect(plan, connection.keeper_);
  if (!connection.socket_) return std::nullopt;
  return connection;
}

KeeperConnection::KeeperConnection(const KeeperPlan& plan) {
  constexpr std::chrono::seconds k_patience{10};
  constexpr std::chrono::milliseconds k_pause{2};
  linux::ensure_directory(plan.directory);
  const auto deadline = std::chrono::steady_clock::now() + k_patience;
  while (!(socket_ = try_connect(plan, keeper_))) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorClass::unavailable, "the keeper of networks does not answer");
    }
    try_start(plan);
    if ((socket_ = try_connect(plan, keeper_))) return;
    std::this_thread::sleep_for(k_pause);
  }
}

void KeeperConnection::hold(const std::string& container, int container_namespace,
                            bool needs_uplink) {
  ask(socket_.get(), {{"do", "hold"}, {"container", container}, {"uplink", needs_uplink}},
      container_namespace);
}

void KeeperConnection::begin_connect(const ConnectPlan& plan) {
  send(socket_.get(), {{"do", "connect"}, {"plan", keeper::to_json(plan)}});
}

Connected KeeperConnection::await_connect() {
  Json answer;
  receive(socket_.get(), answer);
  return keeper::parse_connected(json::require(answer, "connected"));
}

void KeeperConnection::disconnect(const std::string& container, const std::string& network) {
  ask(socket_.get(), {{"do", "disconnect"}, {"container", container}, {"network", network}});
}

void KeeperConnection::change_names(const std::string& network,
                                    const std::vector<IpAddress>& servers) {
  ask(socket_.get(),
      {{"do", "names"}, {"network", network}, {"servers", keeper::texts_of(servers)}});
}

void KeeperConnection::reload() {
  ask(socket_.get(), {{"do", "reload"}});
}

linux::Fd KeeperConnection::bridge_namespace() {
  Json answer;
  send(socket_.get(), {{"do", "namespace"}});
  return std::move(receive(socket_.get(), answer).descriptor);
}

void clean_up_after_keeper(const KeeperPlan& plan) noexcept {
  try {
    if (!linux::exists(keeper::socket_path(plan))) return;  // The last one has gone by itself.
    const auto lock =
        linux::FileLock::try_acquire(keeper::lock_path(plan), linux::FileLock::Mode::exclusive);
    if (!lock) return;
    keeper::end_lost_uplink(plan.directory);
    if (!plan.own_namespace) Switchboard(keeper::owner_of(plan)).remove_leftovers();
    linux::remove_file(keeper::socket_path(plan));
  } catch (const std::exception& error) {
    log::info("something of a network may be left behind: {}", error.what());
  }
}

}  // namespace coracle::network
