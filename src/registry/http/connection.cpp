// SPDX-License-Identifier: Apache-2.0
#include "registry/http/connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <limits>
#include <optional>

#include "coracle/base/error.hpp"

namespace coracle::registry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t k_max_head = 64U << 10;
constexpr std::size_t k_buffer = 64U << 10;

/// What Beast reads from and writes to. Failures of the stream go through it as exceptions.
class SyncStream {
 public:
  explicit SyncStream(Stream& stream) : stream_(stream) {}

  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& code) {
    const asio::mutable_buffer buffer = first<asio::mutable_buffer>(buffers);
    const std::size_t got =
        buffer.size() == 0 ? 0 : stream_.read_some(buffer.data(), buffer.size());
    code = got == 0 && buffer.size() != 0 ? error_code(asio::error::eof) : error_code();
    return got;
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers) {
    error_code code;
    return read_some(buffers, code);
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& code) {
    const asio::const_buffer buffer = first<asio::const_buffer>(buffers);
    code = {};
    return buffer.size() == 0 ? 0 : stream_.write_some(buffer.data(), buffer.size());
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers) {
    error_code code;
    return write_some(buffers, code);
  }

 private:
  template <typename Buffer, typename Buffers>
  static Buffer first(const Buffers& buffers) {
    const auto end = asio::buffer_sequence_end(buffers);
    for (auto it = asio::buffer_sequence_begin(buffers); it != end; ++it) {
      const Buffer buffer = *it;
      if (buffer.size() != 0) return buffer;
    }
    return {};
  }

  Stream& stream_;
};

/// Nothing in a field may end it, or the head.
void require_plain(std::string_view text) {
  if (std::ranges::any_of(text, [](unsigned char c) { return c < ' ' ? c != '\t' : c == 0x7f; })) {
    throw Error(ErrorClass::invalid_argument, "a control character in a request");
  }
}

[[noreturn]] void throw_bad_answer(const error_code& code) {
  if (code == http::error::end_of_stream || code == asio::error::eof ||
      code == http::error::partial_message) {
    throw Error(ErrorClass::unavailable, "the server closed the connection");
  }
  if (code == http::error::header_limit || code == http::error::buffer_overflow) {
    throw Error(ErrorClass::invalid_argument, "the head of the server's answer is too large");
  }
  throw Error(ErrorClass::invalid_argument, "the server's answer is not HTTP: {}", code.message());
}

}  // namespace

struct HttpConnection::State {
  explicit State(std::unique_ptr<Stream> given) : stream(std::move(given)), sync(*stream) {}

  std::unique_ptr<Stream> stream;
  SyncStream sync;
  beast::flat_buffer buffer{k_buffer + k_max_head};
  std::optional<http::response_parser<http::buffer_body>> parser;
  bool failed = false;
  bool spoilt = false;
};

HttpConnection::HttpConnection(std::unique_ptr<Stream> stream)
    : state_(std::make_unique<State>(std::move(stream))) {}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;

void HttpConnection::send(const RequestHead& head, std::string_view body) {
  std::string text;
  const auto append = [&](std::string_view part) {
    require_plain(part);
    text += part;
  };
  append(head.method);
  text += ' ';
  append(head.target);
  text += " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.fields) {
    append(name);
    text += ": ";
    append(value);
    text += "\r\n";
  }
  text += "\r\n";
  text += body.substr(0, k_buffer);
  state_->failed = true;
  state_->stream->write_all(text);
  if (body.size() > k_buffer) state_->stream->write_all(body.substr(k_buffer));
  state_->failed = false;
}

void HttpConnection::send_body(std::string_view part) {
  state_->failed = true;
  state_->stream->write_all(part);
  state_->failed = false;
}

ResponseHead HttpConnection::receive(bool to_head) {
  state_->failed = true;
  ResponseHead head;
  do {
    auto& parser = state_->parser.emplace();
    parser.header_limit(k_max_head);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    parser.skip(to_head);
    error_code code;
    http::read_header(state_->sync, state_->buffer, parser, code);
    if (code) throw_bad_answer(code);
    head.status = static_cast<int>(parser.get().result_int());
  } while (head.status >= 100 && head.status < 200);
  for (const auto& field : state_->parser->get()) {
    head.fields.add({field.name_string().data(), field.name_string().size()},
                    {field.value().data(), field.value().size()});
  }
  state_->failed = false;
  return head;
}

std::size_t HttpConnection::read_body(void* data, std::size_t size) {
  auto& parser = *state_->parser;
  while (size != 0 && !parser.is_done()) {
    parser.get().body().data = data;
    parser.get().body().size = size;
    error_code code;
    http::read_some(state_->sync, state_->buffer, parser, code);
    if (code == http::error::need_buffer) code = {};
    if (code) {
      state_->failed = true;
      throw_bad_answer(code);
    }
    if (const std::size_t got = size - parser.get().body().size; got != 0) return got;
  }
  return 0;
}

bool HttpConnection::is_reusable() const noexcept {
  return state_ && !state_->failed && !state_->spoilt && state_->parser &&
         state_->parser->is_done() && state_->parser->keep_alive();
}

void HttpConnection::spoil() noexcept {
  state_->spoilt = true;
}

Stream& HttpConnection::stream() noexcept {
  return *state_->stream;
}

}  // namespace coracle::registry
