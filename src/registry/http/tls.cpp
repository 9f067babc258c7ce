// SPDX-License-Identifier: Apache-2.0
#include "registry/http/tls.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::registry {
namespace {

template <auto Release>
struct Releaser {
  template <typename T>
  void operator()(T* object) const noexcept {
    Release(object);
  }
};
using ContextHandle = std::unique_ptr<SSL_CTX, Releaser<::SSL_CTX_free>>;
using SessionHandle = std::unique_ptr<SSL, Releaser<::SSL_free>>;
using MethodHandle = std::unique_ptr<BIO_METHOD, Releaser<::BIO_meth_free>>;

/// The oldest of OpenSSL's complaints of this thread; the others are dropped.
std::string take_complaint() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return reason == nullptr ? "the connection broke off" : reason;
}

/// What the BIO of a session works on.
struct Channel {
  Socket socket;
  bool at_end = false;
};

// OpenSSL's own BIO for sockets would have us killed by SIGPIPE when the server hangs up.
int receive(BIO* bio, char* data, int size) {
  ::BIO_clear_retry_flags(bio);
  auto* channel = static_cast<Channel*>(::BIO_get_data(bio));
  const ssize_t got = ::recv(channel->socket.fd(), data, static_cast<std::size_t>(size), 0);
  channel->at_end = got == 0;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) ::BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int transmit(BIO* bio, const char* data, int size) {
  ::BIO_clear_retry_flags(bio);
  const auto* channel = static_cast<const Channel*>(::BIO_get_data(bio));
  const ssize_t put =
      ::send(channel->socket.fd(), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (put < 0 && (errno == EAGAIN || errno == EINTR)) ::BIO_set_retry_write(bio);
  return static_cast<int>(put);
}

long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) return static_cast<Channel*>(::BIO_get_data(bio))->at_end ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

MethodHandle make_method() {
  MethodHandle method(
      ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "coracle socket"));
  if (!method) throw Error(ErrorClass::internal, "cannot set up TLS: {}", take_complaint());
  ::BIO_meth_set_read(method.get(), receive);
  ::BIO_meth_set_write(method.get(), transmit);
  ::BIO_meth_set_ctrl(method.get(), control);
  return method;
}

class TlsStream final : public Stream {
 public:
  TlsStream(SSL_CTX* context, const BIO_METHOD* method, Socket socket, const std::string& host)
      : channel_{std::move(socket)}, session_(::SSL_new(context)), host_(host) {
    BIO* const bio = ::BIO_new(method);
    if (!session_ || bio == nullptr) {
      ::BIO_free(bio);
      throw Error(ErrorClass::internal, "cannot set up TLS: {}", take_complaint());
    }
    ::BIO_set_data(bio, &channel_);
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(session_.get(), bio, bio);
    expect_name();
  }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  void shake_hands() {
    require_open(repeat([this] { return ::SSL_connect(session_.get()); }));
    shaken_ = true;
  }

  std::size_t read_some(void* data, std::size_t size) override {
    return repeat([&] { return ::SSL_read(session_.get(), data, clamped(size)); });
  }
  std::size_t write_some(const void* data, std::size_t size) override {
    return require_open(repeat([&] { return ::SSL_write(session_.get(), data, clamped(size)); }));
  }
  Socket& socket() override { return channel_.socket; }

 private:
  static int clamped(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, 1U << 30));
  }

  void expect_name() {
    unsigned char number[16];
    const bool is_number = ::inet_pton(AF_INET, host_.c_str(), number) == 1 ||
                           ::inet_pton(AF_INET6, host_.c_str(), number) == 1;
    bool good = true;
    if (is_number) {
      good = ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session_.get()), host_.c_str()) == 1;
    } else {
      good = ::SSL_set1_host(session_.get(), host_.c_str()) == 1 &&
             SSL_set_tlsext_host_name(session_.get(), host_.c_str()) == 1;
    }
    if (!good) throw Error(ErrorClass::invalid_argument, "'{}' is no name for a server", host_);
  }

  /// @returns 0 at the end
  template <typename Call>
  std::size_t repeat(Call call) {
    while (true) {
      ::ERR_clear_error();
      const int result = call();
      if (result > 0) return static_cast<std::size_t>(result);
      switch (::SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_WANT_READ: channel_.socket.wait(POLLIN); break;
        case SSL_ERROR_WANT_WRITE: channel_.socket.wait(POLLOUT); break;
        case SSL_ERROR_ZERO_RETURN: return 0;
        default: fail();
      }
    }
  }

  /// Only reading may come to an end.
  std::size_t require_open(std::size_t result) const {
    if (result > 0) return result;
    throw Error(ErrorClass::unavailable, "{} closed the connection", host_);
  }

  [[noreturn]] void fail() {
    // Later failures have other reasons; and where nobody verifies there is a verdict all the same.
    const bool verifies = ::SSL_get_verify_mode(session_.get()) != SSL_VERIFY_NONE;
    const long verdict = ::SSL_get_verify_result(session_.get());
    if (!shaken_ && verifies && verdict != X509_V_OK) {
      Error error(ErrorClass::invalid_argument, "the certificate of {} is not accepted: {}", host_,
                  ::X509_verify_cert_error_string(verdict));
      error.set_hint(
          "put the certificate of its authority into /etc/containers/certs.d/HOST[:PORT]/ca.crt, "
          "or use "
          "--tls-verify=false");
      throw error;
    }
    const std::string complaint = take_complaint();
    if (complaint == "wrong version number" || complaint == "http request" ||
        complaint == "packet length too long") {
      Error error(ErrorClass::invalid_argument, "{} does not speak HTTPS", host_);
      error.set_hint(
          "for a registry without TLS use --tls-verify=false, or set insecure in registries.conf");
      throw error;
    }
    throw Error(ErrorClass::unavailable, "TLS with {}: {}", host_, complaint);
  }

  Channel channel_;
  SessionHandle session_;
  std::string host_;
  bool shaken_ = false;  ///< hands
};

void load_authorities(SSL_CTX* context, const TlsSettings& settings) {
  const auto bundle = std::ranges::find_if(settings.bundles, linux::exists);
  if (bundle != settings.bundles.end()) {
    // A damaged system file is no reason to stop: the certificate is verified against what there
    // is.
    ::SSL_CTX_load_verify_file(context, bundle->c_str());
  }
  for (const auto& directory : settings.hashed_directories) {
    ::SSL_CTX_load_verify_dir(context, directory.c_str());
  }
  ::ERR_clear_error();
}

void load_directory(SSL_CTX* context, const std::string& directory) {
  std::vector<std::string> names = linux::list_directory(directory);
  std::ranges::sort(names);
  for (const auto& name : names) {
    const std::string path = directory + "/" + name;
    if (name.ends_with(".crt")) {
      if (::SSL_CTX_load_verify_file(context, path.c_str()) != 1) {
        throw Error(ErrorClass::invalid_argument, "cannot use certificate '{}': {}", path,
                    take_complaint());
      }
    } else if (name.ends_with(".cert")) {
      const std::string key = path.substr(0, path.size() - 5) + ".key";
      if (!linux::exists(key)) {
        throw Error(ErrorClass::not_found, "missing key {} for client certificate {}", key, path);
      }
      if (::SSL_CTX_use_certificate_chain_file(context, path.c_str()) != 1 ||
          ::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        throw Error(ErrorClass::invalid_argument, "cannot use client certificate '{}': {}", path,
                    take_complaint());
      }
    } else if (name.ends_with(".key")) {
      const std::string certificate = path.substr(0, path.size() - 4) + ".cert";
      if (!linux::exists(certificate)) {
        throw Error(ErrorClass::not_found, "missing client certificate {} for key {}", certificate,
                    path);
      }
    }
  }
}

}  // namespace

struct TlsContext::Handle {
  MethodHandle method;
  ContextHandle context;
};

TlsContext::TlsContext(const TlsSettings& settings)
    : handle_(new Handle{make_method(), ContextHandle(::SSL_CTX_new(::TLS_client_method()))}) {
  SSL_CTX* const context = handle_->context.get();
  if (context == nullptr)
    throw Error(ErrorClass::internal, "cannot set up TLS: {}", take_complaint());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Servers that hang up without a word are many; HTTP tells by itself whether a body is whole.
  ::SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_verify(context, settings.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (settings.verify) load_authorities(context, settings);
  for (const auto& directory : settings.directories) load_directory(context, directory);
}

TlsContext::~TlsContext() = default;

std::unique_ptr<Stream> TlsContext::connect(Socket socket, const std::string& host) const {
  auto stream = std::make_unique<TlsStream>(handle_->context.get(), handle_->method.get(),
                                            std::move(socket), host);
  stream->shake_hands();
  return stream;
}

}  // namespace coracle::registry
