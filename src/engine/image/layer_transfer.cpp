// SPDX-License-Identifier: Apache-2.0
#include "engine/image/layer_transfer.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

#include "coracle/base/error.hpp"

namespace coracle::engine {
namespace {

/// Layers at a time. Each takes some 6 MiB while it is unpacked.
constexpr std::size_t k_at_once = 4;
constexpr int k_claim_interval_ms = 20;

/// A blob's bytes: first what an earlier attempt left, then what its origin brings, which is kept.
class BlobStream final : public archive::ByteSource {
 public:
  BlobStream(store::PartialBlob& partial, const BlobOrigin& origin, const oci::Descriptor& blob,
             TransferObserver& observer, TransferObserver::Item item,
             std::function<void()> require_going)
      : partial_(partial),
        origin_(origin),
        blob_(blob),
        observer_(observer),
        item_(item),
        require_going_(std::move(require_going)) {}

  std::size_t read(void* buffer, std::size_t size) override {
    require_going_();
    const std::size_t got = read_some(buffer, size);
    passed_ += got;
    observer_.advance(item_, passed_);
    return got;
  }

 private:
  std::size_t read_some(void* buffer, std::size_t size) {
    if (!rest_) {
      if (const std::size_t got = partial_.read_kept(buffer, size); got != 0) return got;
      rest_ = origin_.open(blob_, passed_);
    }
    const std::size_t got = rest_->read(buffer, size);
    if (got != 0) partial_.append(buffer, got);
    return got;
  }

  store::PartialBlob& partial_;
  const BlobOrigin& origin_;
  const oci::Descriptor& blob_;
  TransferObserver& observer_;
  TransferObserver::Item item_;
  std::function<void()> require_going_;
  std::unique_ptr<archive::ByteSource> rest_;
  std::uint64_t passed_ = 0;
};

void read_to_end(archive::ByteSource& source) {
  std::vector<char> buffer(256U << 10);
  while (source.read(buffer.data(), buffer.size()) != 0) {
  }
}

/// Threads that take one layer after the other, the lowest first.
class Team {
 public:
  Team(ImageAddition& addition, const oci::Manifest& manifest, const oci::ImageConfig& config,
       const BlobOrigin* origin, TransferObserver& observer,
       const linux::Cancellation& cancellation)
      : addition_(addition),
        blobs_(addition.context().images().blobs()),
        layers_(addition.context().images().layers()),
        manifest_(manifest),
        config_(config),
        origin_(origin),
        observer_(observer),
        cancellation_(cancellation),
        ready_(manifest.layers.size(), false) {}

  void run() {
    std::vector<std::thread> threads;
    const std::size_t wanted = std::min(k_at_once, ready_.size());
    try {
      while (threads.size() + 1 < wanted) threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // A limit on processes: fewer at a time.
    }
    work();
    for (auto& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work() noexcept {
    for (std::size_t i = next_++; i < ready_.size(); i = next_++) {
      try {
        in_context("blob " + manifest_.layers[i].digest.str(), [&] { take(i); });
        const std::lock_guard lock(mutex_);
        ready_[i] = true;
      } catch (...) {
        fail(std::current_exception());
      }
      changed_.notify_all();
    }
  }

  /// The first failure is the one that counts: the others follow from it.
  void fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    next_ = ready_.size();
    stopped_ = true;
  }

  void take(std::size_t i) {
    const oci::Descriptor& blob = manifest_.layers[i];
    const auto item = observer_.begin("blob", blob.digest, static_cast<std::uint64_t>(blob.size));
    try {
      observer_.end(item, take_unless_present(i, item));
    } catch (...) {
      observer_.end(item, TransferObserver::Outcome::failed);
      throw;
    }
  }

  TransferObserver::Outcome take_unless_present(std::size_t i, TransferObserver::Item item) {
    const Digest& digest = manifest_.layers[i].digest;
    while (!blobs_.has(digest)) {
      if (origin_ == nullptr) {
        throw Error(ErrorClass::not_found, "blob {} is not in the store", digest.str());
      }
      auto partial =
          blobs_.try_open_partial(digest, static_cast<std::uint64_t>(manifest_.layers[i].size));
      if (!partial) {
        // Somebody else is at it: the result is for both.
        wait_a_little();
      } else if (!blobs_.has(digest)) {
        fetch(i, *partial, item);
        return TransferObserver::Outcome::done;
      } else {
        partial->discard();
      }
    }
    if (layers_.has(config_.diff_ids[i])) return TransferObserver::Outcome::exists;
    const linux::Fd file = blobs_.open(digest);
    archive::FdSource source(file.get());
    unpack(source, i);
    return TransferObserver::Outcome::exists;
  }

  void fetch(std::size_t i, store::PartialBlob& partial, TransferObserver::Item item) {
    const oci::Descriptor& blob = manifest_.layers[i];
    BlobStream stream(partial, *origin_, blob, observer_, item, [this] { require_going(); });
    try {
      if (!layers_.has(config_.diff_ids[i])) unpack(stream, i);
      read_to_end(stream);
      partial.commit(blob.digest);
    } catch (const Error& error) {
      // More bytes will not make it better.
      if (error.error_class() == ErrorClass::invalid_argument) partial.discard();
      throw;
    }
  }

  void unpack(archive::ByteSource& source, std::size_t i) {
    const auto record =
        layers_.unpack(source, config_.diff_ids[i], [&] { return wait_for_lower(i); });
    addition_.note_squashed_owners(record.squashed_owners);
  }

  /// The lowest layer that is not there yet waits for none, so there is always one that gets on.
  std::vector<std::string> wait_for_lower(std::size_t i) {
    const auto end = ready_.begin() + static_cast<std::ptrdiff_t>(i);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || std::find(ready_.begin(), end, false) == end; });
    lock.unlock();
    require_going();
    std::vector<std::string> directories;
    while (i-- > 0) directories.push_back(layers_.path(config_.diff_ids[i]));
    return directories;
  }

  void wait_a_little() const {
    pollfd set{cancellation_.fd(), POLLIN, 0};
    ::poll(&set, 1, k_claim_interval_ms);
    require_going();
  }

  void require_going() const {
    cancellation_.check();
    if (stopped_) throw Error(ErrorClass::unavailable, "another layer has failed");
  }

  ImageAddition& addition_;
  const store::BlobStore& blobs_;
  const store::LayerStore& layers_;
  const oci::Manifest& manifest_;
  const oci::ImageConfig& config_;
  const BlobOrigin* origin_;
  TransferObserver& observer_;
  const linux::Cancellation& cancellation_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> ready_;     ///< guarded by mutex_
  std::exception_ptr failure_;  ///< guarded by mutex_
};

}  // namespace

void take_layers(ImageAddition& addition, const oci::Manifest& manifest,
                 const oci::ImageConfig& config, const BlobOrigin* origin,
                 TransferObserver& observer, const linux::Cancellation& cancellation) {
  if (manifest.layers.size() != config.diff_ids.size()) {
    throw Error(ErrorClass::invalid_argument,
                "the image has {} layers, but its configuration names {}", manifest.layers.size(),
                config.diff_ids.size());
  }
  Team(addition, manifest, config, origin, observer, cancellation).run();
}

}  // namespace coracle::engine
