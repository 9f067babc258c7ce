// SPDX-License-Identifier: Apache-2.0
#include "coracle/registry/docker_daemon.hpp"

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/config/http_settings.hpp"
#include "registry/http/connection.hpp"
#include "registry/http/url.hpp"

namespace coracle::registry {
namespace {

constexpr std::size_t k_max_answer = 1U << 20;
/// The daemon unpacks an image before it says a word.
constexpr std::chrono::milliseconds k_patience{600'000};

HttpConnection connect(const std::string& path, const linux::Cancellation& cancellation) {
  Socket socket = Socket::connect_local(path, cancellation);
  socket.set_patience(k_patience);
  return HttpConnection(std::make_unique<PlainStream>(std::move(socket)));
}

RequestHead head_of(std::string method, std::string target) {
  RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.fields.add("Host", "docker");
  head.fields.add("Connection", "close");
  return head;
}

std::string read_rest(HttpConnection& connection) {
  std::string text;
  char buffer[16U << 10];
  while (const std::size_t got = connection.read_body(buffer, sizeof buffer)) {
    text.append(buffer, got);
    if (text.size() > k_max_answer) break;
  }
  return text;
}

/// The daemon's words, from {"message": …}.
[[noreturn]] void throw_failure(HttpConnection& connection, int status, const std::string& what) {
  std::string words = fmt::format("status {}", status);
  try {
    words = json::require_string(parse_json(read_rest(connection), "answer"), "message");
  } catch (const Error&) {
    // The status has to do.
  }
  throw Error(status == 404 ? ErrorClass::not_found : ErrorClass::unavailable, "{}: {}", what,
              words);
}

class Export final : public Download {
 public:
  explicit Export(HttpConnection connection) : connection_(std::move(connection)) {}
  std::size_t read(void* data, std::size_t size) override {
    return connection_.read_body(data, size);
  }

 private:
  HttpConnection connection_;
};

class Import final : public DaemonImport {
 public:
  explicit Import(HttpConnection connection) : connection_(std::move(connection)) {}

  void write(const void* data, std::size_t size) override {
    if (size == 0) return;
    try {
      connection_.send_body(fmt::format("{:x}\r\n", size));
      connection_.send_body({static_cast<const char*>(data), size});
      connection_.send_body("\r\n");
    } catch (const linux::Interrupted&) {
      throw;
    } catch (const Error&) {
      // A daemon that refuses the rest says why before it hangs up.
      const ResponseHead answer = connection_.receive(false);
      throw_failure(connection_, answer.status, "docker's daemon cannot load the image");
    }
  }

  void finish() override {
    connection_.send_body("0\r\n\r\n");
    const ResponseHead answer = connection_.receive(false);
    const std::string what = "docker's daemon cannot load the image";
    if (!answer.is_success()) throw_failure(connection_, answer.status, what);
    // A stream of messages, one a line; a failure comes as one of them.
    for (const auto& line : split(read_rest(connection_), '\n')) {
      if (line.find("\"error\"") == std::string::npos) continue;
      throw Error(ErrorClass::unavailable, "{}: {}", what,
                  json::get_string(parse_json(line, "answer"), "error", line));
    }
  }

 private:
  HttpConnection connection_;
};

}  // namespace

DockerDaemon::DockerDaemon(const linux::Cancellation& cancellation)
    : cancellation_(cancellation), socket_(config::docker_socket()) {}

std::unique_ptr<Download> DockerDaemon::export_image(const std::string& name) const {
  HttpConnection connection = connect(socket_, cancellation_);
  std::string target = "/images/get";
  add_query(target, "names", name);
  connection.send(head_of("GET", target));
  const ResponseHead answer = connection.receive(false);
  if (!answer.is_success()) {
    throw_failure(connection, answer.status, "docker's daemon cannot save '" + name + "'");
  }
  return std::make_unique<Export>(std::move(connection));
}

std::unique_ptr<DaemonImport> DockerDaemon::import_images() const {
  HttpConnection connection = connect(socket_, cancellation_);
  RequestHead head = head_of("POST", "/images/load?quiet=1");
  head.fields.add("Content-Type", "application/x-tar");
  head.fields.add("Transfer-Encoding", "chunked");
  connection.send(head);
  return std::make_unique<Import>(std::move(connection));
}

}  // namespace coracle::registry
