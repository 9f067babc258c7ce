// SPDX-License-Identifier: Apache-2.0
// Registries as a client sees them: the API of the OCI distribution specification 1.1.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/digest.hpp"
#include "coracle/linux/cancellation.hpp"
#include "coracle/oci/descriptor.hpp"
#include "coracle/registry/credentials.hpp"
#include "coracle/registry/download.hpp"

namespace coracle::registry {

/// How registries are accessed: what the options of pull, push and login say.
struct Access {
  std::optional<Credentials> credentials;  ///< for every registry; else the user's files are asked
  std::string auth_file;                   ///< instead of the usual files
  std::string certificates;                ///< a directory instead of certs.d
  int retries = 3;
  std::optional<std::chrono::milliseconds> retry_delay;  ///< else longer and longer
  /// Told when something is tried again. May be called by several threads.
  std::function<void(std::string_view)> notice;
};

/// A manifest or an index as it was sent, verified.
struct Document {
  std::string media_type;
  Digest digest;
  std::string text;
};

/// A blob on its way out.
class BlobContent {
 public:
  virtual ~BlobContent() = default;
  /// Size and digest, when they are known before the content; then the content must keep to it.
  virtual std::optional<oci::Descriptor> known() const = 0;
  /// Begins at this byte, for another attempt; only at 0 when the size is not known.
  virtual void seek(std::uint64_t offset) = 0;
  /// Bytes; 0 at its end.
  virtual std::size_t read(void* data, std::size_t size) = 0;
  /// The digest of what has been read, at its end.
  virtual Digest digest() = 0;
};

class Endpoint;

/// A repository of one registry. May be used by several threads.
class Repository {
 public:
  /// @param name  "HOST[:PORT]/PATH"
  Repository(std::shared_ptr<Endpoint> endpoint, std::string name);

  const std::string& name() const noexcept { return name_; }

  /// @param reference  a tag, or a digest, against which it is verified
  /// @throws Error not_found, permission_denied or unavailable, in the registry's words;
  ///         invalid_argument for what does not have the digest that was promised
  Document manifest(const std::string& reference) const;
  /// The digest that a tag has now, without fetching the manifest; nothing if there is none.
  std::optional<Digest> find_manifest(const std::string& reference) const;
  void put_manifest(const std::string& reference, const std::string& media_type,
                    const std::string& text) const;

  bool has_blob(const Digest& digest) const;
  /// The blob's bytes. What breaks off is fetched on from where it was (RFC 9110, section 14). The
  /// size is verified, the digest is not.
  /// @param offset  bytes that are here already
  std::unique_ptr<Download> open_blob(const oci::Descriptor& blob, std::uint64_t offset) const;
  /// Takes a blob over from another repository of the registry, without sending it.
  /// @returns false when the registry would rather have it sent
  bool try_mount_blob(const Digest& digest, const std::string& from) const;
  /// @returns the blob's digest
  Digest put_blob(BlobContent& content) const;

  /// @throws Error invalid_argument for a listing without end
  std::vector<std::string> tags() const;
  /// What is attached to a manifest (distribution-spec, "Listing Referrers"), by the API or, where
  /// a registry has none, by the tag that stands in for it.
  std::vector<oci::Descriptor> referrers(const Digest& subject) const;

 private:
  std::vector<std::string> pull_scopes() const;
  std::vector<std::string> push_scopes() const;
  bool mount_blob(const Digest& digest, const std::string& source) const;
  std::string target(std::string_view rest) const;

  std::shared_ptr<Endpoint> endpoint_;
  std::string name_;
  std::string path_;
};

struct SearchResult {
  std::string index;  ///< the registry
  std::string name;   ///< with the registry
  std::string description;
  std::int64_t stars = 0;
  bool official = false;
  bool automated = false;
};

/// What one invocation has to do with registries: connections, tokens and certificates are shared.
class RegistryClient {
 public:
  /// @param cancellation  ends all waiting
  RegistryClient(Access access, const linux::Cancellation& cancellation);
  ~RegistryClient();
  RegistryClient(const RegistryClient&) = delete;
  RegistryClient& operator=(const RegistryClient&) = delete;

  /// @param name      "HOST[:PORT]/PATH"
  /// @param insecure  certificates are not verified, and plain HTTP will do where nobody speaks TLS
  Repository repository(const std::string& name, bool insecure);
  /// Tries the credentials of `access`.
  /// @throws Error permission_denied when the registry does not know them
  void verify_credentials(const std::string& host, bool insecure);
  /// What the registry finds: by its search (version 1), or where it has none, by the names in its
  /// catalogue.
  /// @param limit  of results
  std::vector<SearchResult> search(const std::string& host, const std::string& term,
                                   std::size_t limit, bool insecure);

 private:
  std::shared_ptr<Endpoint> endpoint(const std::string& name, bool insecure);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coracle::registry
