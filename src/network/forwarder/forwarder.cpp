// SPDX-License-Identifier: Apache-2.0
#include "coracle/network/forwarder.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/command_line.hpp"
#include "coracle/linux/descriptors.hpp"
#include "network/forwarder/address_watch.hpp"
#include "network/forwarder/connection.hpp"
#include "network/forwarder/datagrams.hpp"

namespace coracle::network {
namespace forwarder {
namespace {

class ConnectionPort final : public EventHandler {
 public:
  ConnectionPort(EventLoop& loop, const Dialer& dialer, Listener listener)
      : loop_(loop),
        dialer_(dialer),
        socket_(std::move(listener.socket)),
        destination_{listener.protocol, listener.container_port} {
    loop_.watch(socket_.get(), EPOLLIN, *this);
  }

  void on_events(std::uint32_t) override {
    constexpr int k_burst = 64;
    for (int i = 0; i < k_burst; ++i) {
      SocketAddress peer;
      linux::Fd client(
          ::accept4(socket_.get(), peer.get(), peer.size_pointer(), SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!client) return linux::pause_if_exhausted(errno);
      auto connection =
          std::make_unique<Connection>(loop_, dialer_, std::move(client), peer, destination_);
      Connection& known = *connection;
      loop_.adopt(std::move(connection));
      known.start();
    }
  }

 private:
  EventLoop& loop_;
  const Dialer& dialer_;
  linux::Fd socket_;
  Destination destination_;
};

[[noreturn]] void serve(std::vector<Listener> listeners, const ForwardTarget& target) {
  const auto has = [&](Protocol protocol) {
    return std::ranges::find(listeners, protocol, &Listener::protocol) != listeners.end();
  };
  Dialer dialer(target, {has(Protocol::udp), has(Protocol::sctp)});
  EventLoop loop;
  loop.adopt(std::make_unique<AddressWatch>(loop, dialer));
  std::vector<DatagramPort*> datagram_ports;
  for (auto& listener : listeners) {
    if (listener.protocol == Protocol::udp) {
      auto port = std::make_unique<DatagramPort>(loop, dialer, std::move(listener.socket),
                                                 listener.container_port);
      datagram_ports.push_back(port.get());
      loop.adopt(std::move(port));
    } else {
      loop.adopt(std::make_unique<ConnectionPort>(loop, dialer, std::move(listener)));
    }
  }
  constexpr std::chrono::seconds k_sweep{10};
  auto last_sweep = std::chrono::steady_clock::now();
  for (;;) {
    loop.turn(datagram_ports.empty() ? std::chrono::milliseconds(-1) : k_sweep);
    if (datagram_ports.empty() || std::chrono::steady_clock::now() - last_sweep < k_sweep) continue;
    last_sweep = std::chrono::steady_clock::now();
    for (auto* port : datagram_ports) port->sweep();
  }
}

[[noreturn]] void run_in_child(std::vector<Listener> listeners, const ForwardTarget& target,
                               int network_namespace, pid_t parent) noexcept {
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    linux::set_process_name("coracle:ports");
    linux::replace_arguments("ports");
    std::vector<int> kept = {network_namespace};
    for (const auto& listener : listeners) kept.push_back(listener.socket.get());
    // It may hold a client's terminal.
    linux::shed_inheritance(kept);
    linux::use_all_descriptors();
    if (::setns(network_namespace, CLONE_NEWNET) != 0) ::_exit(1);
    ::close(network_namespace);
    serve(std::move(listeners), target);
  } catch (...) {
    ::_exit(1);
  }
}

}  // namespace
}  // namespace forwarder

PortForwarder::PortForwarder(std::vector<Listener> listeners, const ForwardTarget& target,
                             int network_namespace) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot create the process for published ports");
  if (pid == 0) {
    forwarder::run_in_child(std::move(listeners), target, network_namespace, parent);
  }
  child_ = linux::Child(pid);
  pidfd_ = child_.open_pidfd();
}

}  // namespace coracle::network
