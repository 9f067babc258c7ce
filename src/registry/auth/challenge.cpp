// SPDX-License-Identifier: Apache-2.0
#include "registry/auth/challenge.hpp"

#include "coracle/base/strings.hpp"

namespace coracle::registry {
namespace {

/// Reads tokens, quoted strings and separators of a header field (RFC 9110, section 5.6).
class FieldScanner {
 public:
  explicit FieldScanner(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }
  void skip_separators() {
    skip_space();
    while (accept(',')) skip_space();
  }
  std::string token() {
    std::size_t length = 0;
    while (length < rest_.size() && is_token_character(rest_[length])) ++length;
    std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }
  std::string value() {
    if (!accept('"')) return token();
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    accept('"');
    return text;
  }
  /// Whether "name =" follows, rather than the scheme of another challenge.
  bool is_parameter() const {
    FieldScanner ahead(*this);
    if (ahead.token().empty()) return false;
    ahead.skip_space();
    return ahead.accept('=') && !ahead.rest_.starts_with('=');
  }

 private:
  static bool is_token_character(char c) {
    // token68 (RFC 9110, section 11.2) beside the characters of tokens.
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~/:").find(c) != std::string_view::npos;
  }

  std::string_view rest_;
};

}  // namespace

std::string_view Challenge::value(std::string_view name) const {
  const auto found = values.find(std::string(name));
  return found == values.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<Challenge> parse_challenges(std::string_view field) {
  std::vector<Challenge> challenges;
  FieldScanner scanner(field);
  scanner.skip_separators();
  while (!scanner.at_end()) {
    if (!challenges.empty() && scanner.is_parameter()) {
      const std::string name = to_lower(scanner.token());
      scanner.skip_space();
      scanner.accept('=');
      scanner.skip_space();
      challenges.back().values.emplace(name, scanner.value());
    } else {
      Challenge challenge{to_lower(scanner.token()), {}};
      if (challenge.scheme.empty()) break;
      challenges.push_back(std::move(challenge));
      scanner.skip_space();
      // A token68 (RFC 9110, section 11.2) is of schemes that nobody here speaks.
      if (!scanner.is_parameter()) {
        scanner.token();
        while (scanner.accept('=')) {
        }
      }
    }
    scanner.skip_separators();
  }
  return challenges;
}

}  // namespace coracle::registry
