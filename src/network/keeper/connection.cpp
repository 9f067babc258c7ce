// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "coracle/base/error_text.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "network/keeper/keeper.hpp"
#include "network/keeper/message.hpp"

namespace coracle::network {
namespace {

using keeper::k_max_packet;

/// Sends a request and hears the answer. Nothing when the keeper has gone.
std::optional<linux::Packet> exchange(int socket, const Json& request, int descriptor = -1) {
  if (!linux::send_packet(socket, dump_json(request), descriptor)) return std::nullopt;
  return linux::receive_packet(socket, k_max_packet);
}

linux::Packet ask(int socket, const Json& request, Json& answer, int descriptor = -1) {
  auto packet = exchange(socket, request, descriptor);
  if (!packet) throw Error(ErrorClass::unavailable, "the keeper of networks has gone");
  answer = parse_json(packet->text, "answer of the keeper of networks");
  const std::string error = json::get_string(answer, "error");
  if (!error.empty()) throw parse_error(error);
  return std::move(*packet);
}

/// A connection to a keeper that answers.
linux::Fd try_connect(const KeeperPlan& plan) {
  linux::Fd socket = linux::connect_unix_socket(keeper::socket_path(plan), SOCK_SEQPACKET);
  // One that is about to end may have accepted nobody any more.
  if (socket && !exchange(socket.get(), {{"do", "hello"}})) socket.reset();
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
  auto lock = linux::FileLock::try_acquire(plan.directory + "/keeper.lock",
                                           linux::FileLock::Mode::exclusive);
  if (!lock) return;
  linux::Fd listener = linux::bind_unix_socket(keeper::socket_path(plan), SOCK_SEQPACKET, 0700);
  if (::listen(listener.get(), SOMAXCONN) != 0) throw SysError("cannot listen for containers");
  start_apart([&] {
    linux::set_process_name("coracle:network");
    linux::shed_inheritance({lock->fd(), listener.get()});
    keeper::serve(plan, std::move(*lock), std::move(listener));
  });
}

}  // namespace

KeeperConnection::KeeperConnection(const KeeperPlan& plan) {
  constexpr std::chrono::seconds k_patience{10};
  constexpr std::chrono::milliseconds k_pause{2};
  linux::ensure_directory(plan.directory);
  const auto deadline = std::chrono::steady_clock::now() + k_patience;
  while (!(socket_ = try_connect(plan))) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorClass::unavailable, "the keeper of networks does not answer");
    }
    try_start(plan);
    if ((socket_ = try_connect(plan))) return;
    std::this_thread::sleep_for(k_pause);
  }
}

Attachment KeeperConnection::attach(const BridgeNetwork& network, const AttachRequest& request,
                                    int container_namespace) {
  Json answer;
  ask(socket_.get(),
      {{"do", "attach"},
       {"network", keeper::to_json(network)},
       {"request", keeper::to_json(request)}},
      answer, container_namespace);
  return keeper::parse_attachment(json::require(answer, "attachment"));
}

void KeeperConnection::detach(const std::string& network) {
  Json answer;
  ask(socket_.get(), {{"do", "detach"}, {"network", network}}, answer);
}

linux::Fd KeeperConnection::bridge_namespace() {
  Json answer;
  return std::move(ask(socket_.get(), {{"do", "namespace"}}, answer).descriptor);
}

}  // namespace coracle::network
