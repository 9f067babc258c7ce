// SPDX-License-Identifier: Apache-2.0
// Whatever a server answers: it is an answer, or it is refused, and its body has an end.
#include <algorithm>
#include <string>

#include "fuzz.hpp"
#include "registry/auth/challenge.hpp"
#include "registry/http/connection.hpp"
#include "registry/http/status_error.hpp"
#include "registry/http/url.hpp"

namespace coracle::registry {
namespace {

class Text final : public Stream {
 public:
  Text(std::string_view text, std::size_t step) : rest_(text), step_(step) {}
  std::size_t read_some(void* data, std::size_t size) override {
    const std::size_t count = rest_.copy(static_cast<char*>(data), std::min(size, step_));
    rest_.remove_prefix(count);
    return count;
  }
  std::size_t write_some(const void* /*data*/, std::size_t size) override { return size; }
  Socket& socket() override { throw Error(ErrorClass::internal, "there is no socket"); }

 private:
  std::string_view rest_;
  std::size_t step_;
};

void check_answers(std::string_view text, std::size_t step) {
  HttpConnection connection(std::make_unique<Text>(text, step));
  // An answer for each three bytes would be many.
  for (std::size_t answers = 0; answers < text.size(); ++answers) {
    const ResponseHead head = connection.receive(answers % 5 == 4);
    fuzz::require(head.status >= 200 || head.status < 100, "interim answers are passed over");
    (void)parse_challenges(head.fields.get("WWW-Authenticate"));
    (void)parse_retry_after(head.fields.get("Retry-After"));
    fuzz::tolerate_refusal([&] {
      const Url base = parse_url("https://registry.example:5000/v2/a/blobs/uploads/?x=1");
      const Url next = base.resolve(head.fields.get("Location"));
      fuzz::require(!next.host.empty() && next.target.starts_with('/'),
                    "a URL has a host and a path");
      fuzz::require(next.target.find_first_of("\r\n ") == std::string::npos, "and no blanks");
    });
    char buffer[64];
    std::size_t body = 0;
    while (const std::size_t got = connection.read_body(buffer, sizeof buffer)) body += got;
    fuzz::require(body <= text.size(), "a body is part of what came");
    if (!connection.is_reusable()) return;
  }
}

}  // namespace
}  // namespace coracle::registry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coracle;
  const auto text = fuzz::as_text(data, size);
  fuzz::tolerate_refusal([&] { registry::check_answers(text, text.size() + 1); });
  fuzz::tolerate_refusal([&] { registry::check_answers(text, 3); });
  return 0;
}
