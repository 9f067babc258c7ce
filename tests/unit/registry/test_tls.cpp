// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <thread>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "registry/http/tls.hpp"
#include "support/loopback.hpp"

using namespace coracle;
using namespace coracle::registry;
using namespace std::chrono_literals;

namespace {

/// A key and a certificate for a name, signed with itself, in files.
class Identity {
 public:
  explicit Identity(const std::string& names, long seconds_valid = 3600)
      : key_(::EVP_EC_gen("P-256")), certificate_(::X509_new()) {
    ::X509_set_version(certificate_, 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate_), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate_), -7200);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate_), seconds_valid);
    ::X509_set_pubkey(certificate_, key_);
    // Authorities are looked up by their name.
    static int count = 0;
    const std::string common_name = "test " + std::to_string(++count);
    X509_NAME* const name = ::X509_get_subject_name(certificate_);
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                 -1, 0);
    ::X509_set_issuer_name(certificate_, name);
    X509_EXTENSION* const extension =
        ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    ::X509_add_ext(certificate_, extension, -1);
    ::X509_EXTENSION_free(extension);
    REQUIRE(::X509_sign(certificate_, key_, ::EVP_sha256()) > 0);
  }
  ~Identity() {
    ::X509_free(certificate_);
    ::EVP_PKEY_free(key_);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  void save(const std::string& certificate, const std::string& key = "") const {
    FILE* file = ::fopen(certificate.c_str(), "w");
    REQUIRE(::PEM_write_X509(file, certificate_) == 1);
    ::fclose(file);
    if (key.empty()) return;
    file = ::fopen(key.c_str(), "w");
    REQUIRE(::PEM_write_PrivateKey(file, key_, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    ::fclose(file);
  }
  X509* certificate() const { return certificate_; }
  EVP_PKEY* key() const { return key_; }

 private:
  EVP_PKEY* key_;
  X509* certificate_;
};

/// Answers one client: what it reads, it sends back, with the client's name in front if it has one.
class EchoServer {
 public:
  explicit EchoServer(const Identity& identity, const Identity* client = nullptr)
      : context_(::SSL_CTX_new(::TLS_server_method())) {
    ::SSL_CTX_use_certificate(context_, identity.certificate());
    ::SSL_CTX_use_PrivateKey(context_, identity.key());
    if (client != nullptr) {
      ::SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context_), client->certificate());
    }
    thread_ = std::thread([this] { serve(); });
  }
  ~EchoServer() {
    thread_.join();
    ::SSL_CTX_free(context_);
  }
  std::uint16_t port() const { return listener_.port(); }

 private:
  void serve() const {
    // A client that hangs up is no concern of this thread.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const linux::Fd socket = listener_.accept();
    SSL* const session = ::SSL_new(context_);
    ::SSL_set_fd(session, socket.get());
    if (::SSL_accept(session) == 1) {
      char buffer[16 << 10];
      int got = 0;
      while ((got = ::SSL_read(session, buffer, sizeof buffer)) > 0)
        ::SSL_write(session, buffer, got);
      ::SSL_shutdown(session);
    }
    ::SSL_free(session);
  }

  test::Listener listener_;
  SSL_CTX* context_;
  std::thread thread_;
};

struct Client {
  linux::TempDir directory{"/tmp", "coracle-test-tls-"};
  linux::Cancellation cancellation;

  /// @returns the error, or what comes back for "ping"
  std::string try_echo(std::uint16_t port, const TlsSettings& settings,
                       const std::string& host = "127.0.0.1") {
    try {
      const TlsContext context(settings);
      const auto stream =
          context.connect(Socket::connect("127.0.0.1", port, 5s, cancellation), host);
      stream->write_all("ping");
      std::string answer;
      char buffer[16];
      while (answer.size() < 4) {
        const auto got = stream->read_some(buffer, sizeof buffer);
        if (got == 0) break;
        answer.append(buffer, got);
      }
      return answer;
    } catch (const Error& error) {
      return error.describe();
    }
  }
};

}  // namespace

TEST_CASE("a certificate of a known authority for the right name is accepted") {
  Client client;
  const Identity identity("IP:127.0.0.1,DNS:registry.example");
  identity.save(client.directory.path() + "/ca.crt");
  for (const char* host : {"127.0.0.1", "registry.example"}) {
    const EchoServer server(identity);
    CHECK(client.try_echo(server.port(), {.directories = {client.directory.path()}}, host) ==
          "ping");
  }
  const EchoServer server(identity);
  CHECK(client.try_echo(server.port(), {.bundles = {"/no/such/file", client.directory.path() +
                                                                         "/ca.crt"}}) == "ping");
}

TEST_CASE("others are refused, unless told otherwise") {
  Client client;
  const Identity known("DNS:other.example");
  known.save(client.directory.path() + "/ca.crt");
  const TlsSettings settings{.directories = {client.directory.path()}};
  {
    const EchoServer server(known);
    CHECK(client.try_echo(server.port(), settings).find("not accepted: ") != std::string::npos);
  }
  {
    const EchoServer server(known);
    CHECK(client.try_echo(server.port(), settings, "registry.example").find("mismatch") !=
          std::string::npos);
  }
  const Identity unknown("IP:127.0.0.1");
  {
    const EchoServer server(unknown);
    CHECK(client.try_echo(server.port(), settings).find("self") != std::string::npos);
  }
  const Identity expired("IP:127.0.0.1", -3600);
  expired.save(client.directory.path() + "/expired.crt");
  {
    const EchoServer server(expired);
    CHECK(client.try_echo(server.port(), settings).find("expired") != std::string::npos);
  }
  const EchoServer server(unknown);
  CHECK(client.try_echo(server.port(), {.verify = false}) == "ping");
}

TEST_CASE("a client shows its own certificate") {
  Client client;
  const Identity server_identity("IP:127.0.0.1");
  const Identity own("DNS:client");
  server_identity.save(client.directory.path() + "/ca.crt");
  const TlsSettings settings{.directories = {client.directory.path()}};
  {
    const EchoServer server(server_identity, &own);
    CHECK(client.try_echo(server.port(), settings) != "ping");
  }
  own.save(client.directory.path() + "/me.cert", client.directory.path() + "/me.key");
  const EchoServer server(server_identity, &own);
  CHECK(client.try_echo(server.port(), settings) == "ping");
}

TEST_CASE("files that cannot be used are named") {
  Client client;
  linux::write_new_file(client.directory.path() + "/me.cert", "rubbish");
  const auto error = [&] { return client.try_echo(1, {.directories = {client.directory.path()}}); };
  CHECK(error().find("me.key") != std::string::npos);
  linux::write_new_file(client.directory.path() + "/me.key", "rubbish");
  CHECK(error().find("me.cert") != std::string::npos);
  linux::remove_file(client.directory.path() + "/me.cert");
  CHECK(error().find("me.cert") != std::string::npos);
  linux::remove_file(client.directory.path() + "/me.key");
  linux::write_new_file(client.directory.path() + "/ca.crt", "rubbish");
  CHECK(error().find("ca.crt") != std::string::npos);
}

TEST_CASE("a server without TLS is told from a broken one") {
  Client client;
  const test::Listener listener;
  std::thread server([&] {
    const linux::Fd socket = listener.accept();
    linux::write_all(socket.get(), "HTTP/1.1 400 Bad Request\r\n\r\n", "socket");
    char buffer[512];
    while (::read(socket.get(), buffer, sizeof buffer) > 0) {
    }
  });
  CHECK(client.try_echo(listener.port(), {}).find("does not speak HTTPS") != std::string::npos);
  server.join();
}
