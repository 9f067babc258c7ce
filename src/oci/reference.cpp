// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/reference.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "oci/reference_grammar_internal.hpp"
#include "oci/text_internal.hpp"

namespace coracle::oci {
namespace {

constexpr std::string_view k_legacy_docker_domain = "index.docker.io";
constexpr std::string_view k_official_prefix = "library/";
constexpr std::string_view k_bad_format = "invalid reference format";

[[noreturn]] void fail(std::string_view text, std::string message) {
  Error error(ErrorClass::invalid_argument, std::move(message));
  error.add_context("parsing reference \"" + printable(text) + "\"");
  throw error;
}

void check_length(const Reference& reference, std::string_view text) {
  if (reference.name().size() > k_max_name_length) {
    fail(text, "repository name must not be more than 255 characters");
  }
}

/// Cuts "@digest" and ":tag" off the end of `rest`.
void take_tag_and_digest(Reference& reference, std::string_view& rest, std::string_view text) {
  if (const auto parts = split_once(rest, '@')) {
    try {
      reference.digest = Digest::parse(parts->second);
    } catch (const Error&) {
      fail(text, std::string(k_bad_format) + ": malformed digest");
    }
    rest = parts->first;
  }
  // A colon before a slash belongs to the port of a registry.
  const auto slash = rest.rfind('/');
  const auto colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon == std::string_view::npos) return;
  const auto tag = rest.substr(colon + 1);
  if (!grammar::is_tag(tag)) fail(text, std::string(k_bad_format));
  reference.tag = tag;
  rest = rest.substr(0, colon);
}

std::string strip_docker_prefixes(const Reference& reference) {
  if (reference.domain != k_docker_domain) return reference.name();
  std::string_view path = reference.path;
  if (path.starts_with(k_official_prefix)) {
    const auto rest = path.substr(k_official_prefix.size());
    if (rest.find('/') == std::string_view::npos) path = rest;
  }
  return std::string(path);
}

}  // namespace

std::string Reference::name() const {
  return domain.empty() ? path : domain + "/" + path;
}

std::string Reference::str() const {
  std::string text = name();
  if (has_tag()) text += ":" + tag;
  if (has_digest()) text += "@" + digest.str();
  return text;
}

std::string Reference::name_and_tag() const {
  if (has_tag()) return name() + ":" + tag;
  return str();
}

std::string Reference::familiar_name() const {
  return strip_docker_prefixes(*this);
}

std::string Reference::familiar() const {
  std::string text = familiar_name();
  if (has_tag()) text += ":" + tag;
  if (has_digest()) text += "@" + digest.str();
  return text;
}

Reference Reference::with_default_tag() const {
  Reference reference = *this;
  if (is_name_only()) reference.tag = k_default_tag;
  return reference;
}

Reference parse_reference(std::string_view text) {
  if (text.empty()) fail(text, "repository name must have at least one component");
  if (grammar::is_identifier(text)) {
    fail(text, "invalid repository name (" + std::string(text) +
                   "), cannot specify 64-byte hexadecimal strings");
  }
  Reference reference;
  std::string_view rest = text;
  take_tag_and_digest(reference, rest, text);
  const auto parts = split_once(rest, '/');
  if (parts && grammar::looks_like_domain(parts->first)) {
    if (!grammar::is_domain(parts->first)) fail(text, std::string(k_bad_format));
    reference.domain = parts->first;
    rest = parts->second;
  }
  if (!grammar::is_path(rest)) {
    if (grammar::is_path(to_lower(rest))) {
      fail(text, std::string(k_bad_format) + ": repository name (" + printable(rest) +
                     ") must be lowercase");
    }
    fail(text, std::string(k_bad_format));
  }
  reference.path = rest;
  check_length(reference, text);
  return reference;
}

Reference parse_normalized(std::string_view text, ShortNames short_names) {
  Reference reference = parse_reference(text);
  if (reference.domain == k_legacy_docker_domain) reference.domain = k_docker_domain;
  if (reference.domain.empty()) {
    reference.domain = short_names == ShortNames::docker ? k_docker_domain : k_localhost_domain;
  }
  if (reference.domain == k_docker_domain && reference.path.find('/') == std::string::npos) {
    reference.path.insert(0, k_official_prefix);
  }
  check_length(reference, text);
  return reference;
}

bool is_valid_tag(std::string_view tag) noexcept {
  return grammar::is_tag(tag);
}

bool is_valid_repository(std::string_view name) noexcept {
  try {
    return parse_reference(name).is_name_only();
  } catch (...) {
    return false;
  }
}

bool is_valid_domain(std::string_view domain) noexcept {
  return grammar::is_domain(domain);
}

}  // namespace coracle::oci
