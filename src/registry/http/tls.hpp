// SPDX-License-Identifier: Apache-2.0
// TLS 1.2 and 1.3 as a client, by OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "registry/http/stream.hpp"

namespace coracle::registry {

struct TlsSettings {
  bool verify = true;  ///< false: any certificate will do
  /// Directories with *.crt (authorities besides the system's) and pairs of NAME.cert and NAME.key
  /// (who we are): containers-certs.d(5).
  std::vector<std::string> directories;
  /// The system's authorities: PEM files, of which the first that exists counts, and directories.
  std::vector<std::string> bundles;
  std::vector<std::string> hashed_directories;
};

/// What all connections to one server have in common.
class TlsContext {
 public:
  /// @throws Error invalid_argument naming a certificate or key that cannot be used
  explicit TlsContext(const TlsSettings& settings);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  /// Shakes hands with the server `host`, whose certificate must be for that name or address.
  /// @throws Error invalid_argument saying what is wrong with the certificate, and what can be
  ///         done, or that the server speaks no TLS; unavailable when the connection breaks
  std::unique_ptr<Stream> connect(Socket socket, const std::string& host) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace coracle::registry
