// SPDX-License-Identifier: Apache-2.0
#include "coracle/registry/repository.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/oci/index.hpp"
#include "coracle/oci/manifest.hpp"
#include "coracle/oci/reference.hpp"
#include "registry/endpoint.hpp"
#include "registry/http/status_error.hpp"

namespace coracle::registry {
namespace {

constexpr std::size_t k_page = 1000;
constexpr std::size_t k_max_page = 4U << 20;
constexpr std::size_t k_max_pages = 1000;
constexpr std::size_t k_max_listing = 32U << 20;

std::string accepted_types() {
  return fmt::format("{}, {}, {}, {}", oci::k_oci_manifest, oci::k_oci_index,
                     oci::k_docker_manifest, oci::k_docker_list);
}

/// The digest that a registry tells of a manifest: by the specification's field, or as its ETag.
std::optional<Digest> told_digest(const ResponseHead& head) {
  for (const auto* name : {"Docker-Content-Digest", "ETag"}) {
    std::string_view text = trim(head.fields.get(name));
    if (text.starts_with('"') && text.ends_with('"') && text.size() > 1) {
      text = text.substr(1, text.size() - 2);
    }
    if (!text.starts_with("sha256:") && !text.starts_with("sha512:")) continue;
    try {
      return Digest::parse(text);
    } catch (const Error&) {
      // Not one of ours to verify.
    }
  }
  return std::nullopt;
}

bool is_digest(const std::string& reference) {
  return reference.find(':') != std::string::npos;
}

Digest digest_as(std::string_view algorithm, std::string_view text) {
  Hasher hasher(algorithm);
  hasher.update(text);
  return hasher.finish();
}

}  // namespace

Repository::Repository(std::shared_ptr<Endpoint> endpoint, std::string name)
    : endpoint_(std::move(endpoint)), name_(std::move(name)) {
  path_ = name_.substr(std::min(name_.size(), endpoint_->host().size() + 1));
}

std::vector<std::string> Repository::pull_scopes() const {
  return {"repository:" + path_ + ":pull"};
}

std::vector<std::string> Repository::push_scopes() const {
  return {"repository:" + path_ + ":pull,push"};
}

std::string Repository::target(std::string_view rest) const {
  return fmt::format("/v2/{}/{}", path_, rest);
}

Document Repository::manifest(const std::string& reference) const {
  const std::string what = fmt::format("reading manifest {} in {}", reference, name_);
  return with_retries(endpoint_->retries(), endpoint_->client().cancellation(), [&] {
    HttpRequest request;
    request.url = endpoint_->url(target("manifests/" + reference));
    request.fields.add("Accept", accepted_types());
    HttpResponse response = endpoint_->send_for_success(std::move(request), pull_scopes(), what);
    return in_context(what, [&] {
      Document document;
      document.text = response.text(oci::k_max_manifest_size);
      const auto promised = is_digest(reference) ? std::optional(Digest::parse(reference))
                                                 : told_digest(response.head());
      document.digest = sha256_of(document.text);
      const Digest found = promised && promised->algorithm() != "sha256"
                               ? digest_as(promised->algorithm(), document.text)
                               : document.digest;
      if (promised && found != *promised) {
        throw Error(ErrorClass::invalid_argument,
                    "the manifest is damaged: it has the digest {}, but {} was promised",
                    found.str(), promised->str());
      }
      // What the document says of itself counts: some registries call everything JSON.
      document.media_type = oci::detect_media_type(document.text, "manifest");
      return document;
    });
  });
}

std::optional<Digest> Repository::find_manifest(const std::string& reference) const {
  const std::string what = fmt::format("reading manifest {} in {}", reference, name_);
  const ResponseHead head =
      with_retries(endpoint_->retries(), endpoint_->client().cancellation(), [&]() -> ResponseHead {
        HttpRequest request;
        request.method = "HEAD";
        request.url = endpoint_->url(target("manifests/" + reference));
        request.fields.add("Accept", accepted_types());
        HttpResponse response = endpoint_->send(std::move(request), pull_scopes());
        if (!response.head().is_success() && response.status() != 404) {
          endpoint_->refuse(response, what);
        }
        return response.head();
      });
  if (!head.is_success()) return std::nullopt;
  const auto digest = told_digest(head);
  return digest ? *digest : manifest(reference).digest;
}

void Repository::put_manifest(const std::string& reference, const std::string& media_type,
                              const std::string& text) const {
  const std::string what = fmt::format("writing manifest {} in {}", reference, name_);
  with_retries(endpoint_->retries(), endpoint_->client().cancellation(), [&] {
    HttpRequest request;
    request.method = "PUT";
    request.url = endpoint_->url(target("manifests/" + reference));
    request.fields.add("Content-Type", media_type);
    request.body = text;
    HttpResponse response = endpoint_->send_for_success(std::move(request), push_scopes(), what);
    const auto told = told_digest(response.head());
    if (told && told->algorithm() == "sha256" && *told != sha256_of(text)) {
      throw Error(ErrorClass::invalid_argument, "{}: the registry has kept another one, {}", what,
                  told->str());
    }
    (void)response.text(k_max_page);
  });
}

bool Repository::has_blob(const Digest& digest) const {
  return with_retries(endpoint_->retries(), endpoint_->client().cancellation(), [&] {
    HttpRequest request;
    request.method = "HEAD";
    request.url = endpoint_->url(target("blobs/" + digest.str()));
    HttpResponse response = endpoint_->send(std::move(request), push_scopes());
    if (response.head().is_success()) return true;
    if (response.status() == 404) return false;
    endpoint_->refuse(response, fmt::format("looking for blob {} in {}", digest.str(), name_));
  });
}

std::unique_ptr<Download> Repository::open_blob(const oci::Descriptor& blob,
                                                std::uint64_t offset) const {
  return make_blob_download(endpoint_, name_, target("blobs/" + blob.digest.str()), pull_scopes(),
                            blob, offset);
}

std::vector<std::string> Repository::tags() const {
  std::vector<std::string> tags;
  std::size_t total = 0;
  std::string page = target(fmt::format("tags/list?n={}", k_page));
  for (std::size_t pages = 0; !page.empty(); ++pages) {
    const std::string what = "listing the tags of " + name_;
    if (pages == k_max_pages) {
      throw Error(ErrorClass::invalid_argument, "{}: the listing has no end", what);
    }
    std::string next;
    const std::string text = endpoint_->get_text(page, pull_scopes(), k_max_page, what, &next);
    const Json document = parse_json(text, what);
    total += text.size();
    for (auto& tag : json::get_strings(document, "tags")) {
      // What is no tag would be something else in a URL, and on a terminal.
      if (oci::is_valid_tag(tag)) tags.push_back(std::move(tag));
    }
    if (next == page || total > k_max_listing) {
      throw Error(ErrorClass::invalid_argument, "{}: the listing has no end", what);
    }
    page = std::move(next);
  }
  return tags;
}

std::vector<oci::Descriptor> Repository::referrers(const Digest& subject) const {
  std::vector<oci::Descriptor> found;
  std::string page = target("referrers/" + subject.str());
  const std::string what = "listing what refers to " + subject.str();
  std::size_t total = 0;
  try {
    for (std::size_t pages = 0; !page.empty() && pages < k_max_pages; ++pages) {
      std::string next;
      const std::string text = endpoint_->get_text(page, pull_scopes(), k_max_page, what, &next);
      for (auto& entry : oci::parse_index(text, what).manifests) found.push_back(std::move(entry));
      total += text.size();
      if (next == page || total > k_max_listing) {
        throw Error(ErrorClass::invalid_argument, "{}: the listing has no end", what);
      }
      page = std::move(next);
    }
    return found;
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::not_found) throw;
  }
  std::string tag = subject.str();
  std::ranges::replace(tag, ':', '-');
  try {
    return oci::parse_index(manifest(tag).text, what).manifests;
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::not_found) throw;
    return {};
  }
}

}  // namespace coracle::registry
