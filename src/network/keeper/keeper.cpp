// SPDX-License-Identifier: Apache-2.0
#include "network/keeper/keeper.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <list>
#include <set>

#include "coracle/base/error_text.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/network_namespace.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "coracle/network/user_mode.hpp"
#include "network/keeper/message.hpp"

namespace coracle::network::keeper {

std::string socket_path(const KeeperPlan& plan) {
  return plan.directory + "/keeper";
}

namespace {

/// Where the bridges are, and how packets get from there to the world.
class Ground {
 public:
  explicit Ground(bool own_namespace) {
    if (own_namespace) namespace_ = linux::make_network_namespace();
  }

  void run(const std::function<void()>& work) const {
    if (namespace_) return linux::in_network_namespace(namespace_.get(), work);
    work();
  }
  /// Starts the helper; await_uplink() waits for it.
  void begin_uplink() {
    if (!namespace_ || uplink_) return;
    UserModePlan plan;
    plan.helper =
        linux::find_program("pasta") ? UserModeHelper::pasta : UserModeHelper::slirp4netns;
    plan.addresses = choose_addresses(look_at_host());
    uplink_.emplace(plan, namespace_.get());
  }
  void await_uplink() {
    if (uplink_ && !is_connected_) uplink_->await();
    is_connected_ = true;
  }
  int namespace_fd() const noexcept { return namespace_.get(); }

 private:
  linux::Fd namespace_;
  std::optional<UserModeNetwork> uplink_;
  bool is_connected_ = false;
};

class Keeper {
 public:
  Keeper(const KeeperPlan& plan, linux::Fd listener)
      : ground_(plan.own_namespace), listener_(std::move(listener)) {}

  /// Until the last one has left.
  void serve() {
    bool had_any = false;
    while (!had_any || !clients_.empty()) {
      std::vector<pollfd> waits = {{listener_.get(), POLLIN, 0}};
      for (const auto& client : clients_) waits.push_back({client.socket.get(), POLLIN, 0});
      // Who has started it comes at once.
      constexpr int k_patience_ms = 5000;
      const int ready = ::poll(waits.data(), waits.size(), had_any ? -1 : k_patience_ms);
      if (ready == 0) return;
      if (ready < 0) continue;
      auto client = clients_.begin();
      for (std::size_t i = 1; i < waits.size(); ++i) {
        const auto current = client++;
        if (waits[i].revents != 0 && !hear(*current)) dismiss(current);
      }
      if (waits[0].revents != 0) had_any = accept() || had_any;
    }
  }
  void clear() {
    ground_.run([this] { switchboard_.clear(); });
  }

 private:
  struct Client {
    linux::Fd socket;
    std::set<std::string> containers;
  };

  bool accept() {
    linux::Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) return false;
    clients_.push_back({std::move(socket), {}});
    return true;
  }

  void dismiss(std::list<Client>::iterator client) {
    for (const auto& container : client->containers) {
      ground_.run([&] { switchboard_.detach(container, ""); });
    }
    clients_.erase(client);
  }

  /// Deals with a request. False when the client has gone.
  bool hear(Client& client) {
    auto packet = linux::receive_packet(client.socket.get(), k_max_packet);
    if (!packet) return false;
    Json answer;
    int descriptor = -1;
    try {
      answer = obey(client, parse_json(packet->text, "request"), packet->descriptor.get());
      if (answer.contains("namespace")) descriptor = ground_.namespace_fd();
    } catch (const Error& error) {
      answer = {{"error", serialize_error(error)}};
    } catch (const std::exception& error) {
      answer = {{"error", serialize_error(Error(ErrorClass::internal, "{}", error.what()))}};
    }
    return linux::send_packet(client.socket.get(), dump_json(answer), descriptor);
  }

  Json obey(Client& client, const Json& request, int descriptor) {
    const std::string wanted = json::require_string(request, "do");
    if (wanted == "hello") return Json::object();
    if (wanted == "namespace") return {{"namespace", true}};
    if (wanted == "detach") {
      const std::string network = json::require_string(request, "network");
      for (const auto& container : client.containers) {
        ground_.run([&] { switchboard_.detach(container, network); });
      }
      return Json::object();
    }
    if (wanted != "attach") {
      throw Error(ErrorClass::not_implemented, "the keeper of networks cannot '{}'", wanted);
    }
    const BridgeNetwork network = parse_bridge_network(json::require(request, "network"));
    const AttachRequest attach = parse_attach_request(json::require(request, "request"));
    if (!network.internal) ground_.begin_uplink();
    Attachment attachment;
    client.containers.insert(attach.container);
    ground_.run([&] { attachment = switchboard_.attach(network, attach, descriptor); });
    if (!network.internal) ground_.await_uplink();
    return {{"attachment", to_json(attachment)}};
  }

  Ground ground_;
  Switchboard switchboard_;
  linux::Fd listener_;
  std::list<Client> clients_;
};

}  // namespace

void serve(const KeeperPlan& plan, linux::FileLock lock, linux::Fd listener) noexcept {
  try {
    Keeper keeper(plan, std::move(listener));
    keeper.serve();
    // From here on whoever comes starts another, once the lock is free.
    linux::remove_file(socket_path(plan));
    keeper.clear();
  } catch (const std::exception& error) {
    log::info("the keeper of networks ends: {}", error.what());
  }
  ::_exit(0);
}

}  // namespace coracle::network::keeper
