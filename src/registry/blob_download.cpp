// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/oci/media_types.hpp"
#include "coracle/registry/repository.hpp"
#include "registry/endpoint.hpp"
#include "registry/http/status_error.hpp"

namespace coracle::registry {
namespace {

/// So much must have come since the last failure for the next one to count as the first.
constexpr std::uint64_t k_progress = 64U << 10;

/// Where the bytes of "bytes 5-9/10" begin.
std::optional<std::uint64_t> range_start(std::string_view field) {
  const auto text = trim(field);
  if (!text.starts_with("bytes ")) return std::nullopt;
  const auto dash = split_once(text.substr(6), '-');
  const auto start = dash ? parse_int(dash->first) : std::nullopt;
  if (!start || *start < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*start);
}

class RangeDownload final : public Download {
 public:
  RangeDownload(std::shared_ptr<Endpoint> endpoint, std::string repository, std::string target,
                Scopes scopes, oci::Descriptor blob, std::uint64_t offset)
      : endpoint_(std::move(endpoint)),
        repository_(std::move(repository)),
        target_(std::move(target)),
        scopes_(std::move(scopes)),
        blob_(std::move(blob)),
        size_(static_cast<std::uint64_t>(blob_.size)),
        position_(offset),
        attempts_(endpoint_->retries(), endpoint_->client().cancellation()) {}

  std::size_t read(void* data, std::size_t size) override {
    while (true) {
      try {
        return read_once(data, size);
      } catch (const Error& error) {
        response_.reset();
        if (position_ - failed_at_ >= k_progress) attempts_.start_anew();
        failed_at_ = position_;
        attempts_.wait_after(error);
      }
    }
  }

 private:
  std::size_t read_once(void* data, std::size_t size) {
    if (position_ == size_ && !response_) return 0;
    if (!response_) open();
    const std::size_t got = response_->read(data, size);
    if (got == 0) {
      if (position_ < size_) {
        throw Error(ErrorClass::unavailable, "blob {} ends after {} of {} bytes",
                    blob_.digest.str(), position_, size_);
      }
      response_.reset();
      return 0;
    }
    if (got > size_ - position_) refuse_size();
    position_ += got;
    return got;
  }

  void open() {
    response_.emplace(ask());
    const auto& fields = response_->head().fields;
    const auto length = response_->head().content_length();
    if (response_->status() == 206) {
      if (range_start(fields.get("Content-Range")) != position_) {
        throw Error(ErrorClass::invalid_argument,
                    "{} sends other bytes of blob {} than it was asked for: '{}'",
                    response_->url().authority(), blob_.digest.str(), fields.get("Content-Range"));
      }
      if (length && *length != size_ - position_) refuse_size();
      return;
    }
    if (length && *length != size_) refuse_size();
    skip_to_position();
  }

  /// A server that knows no ranges begins at the beginning.
  void skip_to_position() {
    char buffer[64U << 10];
    for (std::uint64_t left = position_; left > 0;) {
      const std::size_t got = response_->read(buffer, std::min<std::uint64_t>(left, sizeof buffer));
      if (got == 0) {
        throw Error(ErrorClass::unavailable, "blob {} ends too early", blob_.digest.str());
      }
      left -= got;
    }
  }

  HttpResponse ask() {
    // Layers that registries do not hold are elsewhere (image-spec, descriptor.md, "urls").
    if (oci::is_nondistributable(blob_.media_type)) {
      for (const auto& url : blob_.urls) {
        try {
          HttpResponse response = endpoint_->client().request(with_range(parse_url(url)));
          if (response.head().is_success()) return response;
        } catch (const linux::Interrupted&) {
          throw;
        } catch (const Error& error) {
          log::debug("blob {} is not to be had at '{}': {}", blob_.digest.str(), url,
                     error.describe());
        }
      }
    }
    return endpoint_->send_for_success(
        with_range(endpoint_->url(target_)), scopes_,
        fmt::format("reading blob {} from {}", blob_.digest.str(), repository_));
  }

  HttpRequest with_range(Url url) const {
    HttpRequest request;
    request.url = std::move(url);
    if (position_ > 0) request.fields.add("Range", fmt::format("bytes={}-", position_));
    return request;
  }

  [[noreturn]] void refuse_size() const {
    throw Error(ErrorClass::invalid_argument,
                "blob {} has another size than the {} bytes that its manifest promises",
                blob_.digest.str(), size_);
  }

  std::shared_ptr<Endpoint> endpoint_;
  std::string repository_;
  std::string target_;
  Scopes scopes_;
  oci::Descriptor blob_;
  std::uint64_t size_;
  std::uint64_t position_;
  std::uint64_t failed_at_ = 0;
  Attempts attempts_;
  std::optional<HttpResponse> response_;
};

}  // namespace

std::unique_ptr<Download> make_blob_download(std::shared_ptr<Endpoint> endpoint,
                                             std::string repository, std::string target,
                                             Scopes scopes, oci::Descriptor blob,
                                             std::uint64_t offset) {
  return std::make_unique<RangeDownload>(std::move(endpoint), std::move(repository),
                                         std::move(target), std::move(scopes), std::move(blob),
                                         offset);
}

}  // namespace coracle::registry
