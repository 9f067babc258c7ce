// SPDX-License-Identifier: Apache-2.0
// Blobs on their way to a registry (distribution-spec, "Pushing blobs").
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/registry/repository.hpp"
#include "registry/endpoint.hpp"
#include "registry/http/status_error.hpp"

namespace coracle::registry {
namespace {

constexpr std::size_t k_max_answer = 1U << 20;
/// A registry may read a large blob again before it says that it has it.
constexpr std::chrono::milliseconds k_commit_patience{600'000};

/// The content from where it stands.
class Feed final : public UploadBody {
 public:
  Feed(BlobContent& content, std::optional<std::uint64_t> size) : content_(content), size_(size) {}
  std::optional<std::uint64_t> size() const override { return size_; }
  std::size_t read(void* data, std::size_t size) override { return content_.read(data, size); }

 private:
  BlobContent& content_;
  std::optional<std::uint64_t> size_;
};

/// Where an upload goes on. @throws Error invalid_argument when that is less safe than before
std::optional<Url> location_in(const HttpResponse& response) {
  const std::string text(response.head().fields.get("Location"));
  if (text.empty()) return std::nullopt;
  Url location = response.url().resolve(text);
  if (response.url().secure && !location.secure) {
    throw Error(ErrorClass::invalid_argument, "{} sends an upload to '{}', which is not encrypted",
                response.url().authority(), location.str());
  }
  return location;
}

/// One upload, from its location at the registry to the finished blob.
class Upload {
 public:
  Upload(Endpoint& endpoint, Scopes scopes, std::string start, std::string name)
      : endpoint_(endpoint),
        scopes_(std::move(scopes)),
        start_(std::move(start)),
        what_("writing a blob to " + std::move(name)) {}

  Digest send(BlobContent& content) {
    const auto known = content.known();
    if (!known) return send_unknown(content);
    const auto size = static_cast<std::uint64_t>(known->size);
    const std::uint64_t offset = resume();
    content.seek(offset);
    if (offset == 0) {
      begin();
      Feed feed(content, size);
      finish(known->digest, &feed);
    } else {
      log::debug("{}: going on at byte {}", what_, offset);
      Feed feed(content, size - offset);
      if (offset < size) send_chunk(feed, offset, size);
      finish(known->digest, nullptr);
    }
    return known->digest;
  }

 private:
  Digest send_unknown(BlobContent& content) {
    begin();
    content.seek(0);
    Feed feed(content, std::nullopt);
    HttpRequest request;
    request.method = "PATCH";
    request.url = *location_;
    request.fields.add("Content-Type", "application/octet-stream");
    request.upload = &feed;
    take_location(endpoint_.send_for_success(std::move(request), scopes_, what_));
    const Digest digest = content.digest();
    finish(digest, nullptr);
    return digest;
  }

  void begin() {
    HttpRequest request;
    request.method = "POST";
    request.url = endpoint_.url(start_);
    location_.reset();
    take_location(endpoint_.send_for_success(std::move(request), scopes_, what_));
  }

  void send_chunk(Feed& feed, std::uint64_t offset, std::uint64_t size) {
    HttpRequest request;
    request.method = "PATCH";
    request.url = *location_;
    request.fields.add("Content-Type", "application/octet-stream");
    request.fields.add("Content-Range", fmt::format("{}-{}", offset, size - 1));
    request.upload = &feed;
    take_location(endpoint_.send_for_success(std::move(request), scopes_, what_));
  }

  void finish(const Digest& digest, UploadBody* body) {
    HttpRequest request;
    request.method = "PUT";
    request.url = *location_;
    add_query(request.url.target, "digest", digest.str());
    request.fields.add("Content-Type", "application/octet-stream");
    request.upload = body;
    request.patience = k_commit_patience;
    (void)endpoint_.send_for_success(std::move(request), scopes_, what_).text(k_max_answer);
  }

  /// The byte after the last that an earlier attempt has brought there; 0 for a new beginning.
  std::uint64_t resume() {
    if (!location_) return 0;
    try {
      HttpRequest request;
      request.url = *location_;
      HttpResponse response = endpoint_.send(std::move(request), scopes_);
      if (response.status() != 204) return 0;
      const auto range = split_once(response.head().fields.get("Range"), '-');
      const std::int64_t last = range ? parse_int(range->second).value_or(0) : 0;
      take_location(std::move(response));
      // Nothing and one byte look the same: "0-0".
      return last > 0 ? static_cast<std::uint64_t>(last) + 1 : 0;
    } catch (const Error& error) {
      log::debug("{}: {}", what_, error.describe());
      return 0;
    }
  }

  void take_location(HttpResponse response) {
    if (const auto location = location_in(response)) location_ = location;
    (void)response.text(k_max_answer);
    if (!location_) {
      throw Error(ErrorClass::invalid_argument, "{}: {} does not say where to", what_,
                  response.url().authority());
    }
  }

  Endpoint& endpoint_;
  Scopes scopes_;
  std::string start_;
  std::string what_;
  std::optional<Url> location_;
};

}  // namespace

Digest Repository::put_blob(BlobContent& content) const {
  Upload upload(*endpoint_, push_scopes(), target("blobs/uploads/"), name_);
  return with_retries(endpoint_->retries(), endpoint_->client().cancellation(),
                      [&] { return upload.send(content); });
}

bool Repository::try_mount_blob(const Digest& digest, const std::string& from) const {
  if (!from.starts_with(endpoint_->host() + "/") || from == name_) return false;
  try {
    return mount_blob(digest, from.substr(endpoint_->host().size() + 1));
  } catch (const linux::Interrupted&) {
    throw;
  } catch (const Error& error) {
    // Perhaps the other repository is none of ours any more. It can still be sent.
    log::debug("blob {} is not taken over from {}: {}", digest.str(), from, error.describe());
    return false;
  }
}

bool Repository::mount_blob(const Digest& digest, const std::string& source) const {
  Scopes scopes = push_scopes();
  scopes.push_back("repository:" + source + ":pull");
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint_->url(target("blobs/uploads/"));
  add_query(request.url.target, "mount", digest.str());
  add_query(request.url.target, "from", source);
  std::optional<Url> begun;
  {
    HttpResponse response = endpoint_->send(std::move(request), scopes);
    if (response.status() == 201) return true;
    if (response.status() != 202) return false;
    begun = location_in(response);
    (void)response.text(k_max_answer);
  }
  if (!begun) return false;
  // It has begun an upload instead, which nobody will go on with.
  HttpRequest cancel;
  cancel.method = "DELETE";
  cancel.url = *begun;
  (void)endpoint_->send(std::move(cancel), push_scopes());
  return false;
}

}  // namespace coracle::registry
