// SPDX-License-Identifier: Apache-2.0
#include "coracle/registry/credentials.hpp"

#include "coracle/base/base64.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/config/registries.hpp"
#include "coracle/linux/file.hpp"
#include "registry/auth/credential_helper.hpp"

namespace coracle::registry {
namespace {

constexpr std::size_t k_max_file_size = 4U << 20;
constexpr std::string_view k_auth_files = "containers-auth.json";
/// What docker calls its hub, in files and to helpers.
constexpr const char* k_docker_server = "https://index.docker.io/v1/";

/// The keys of old files are URLs, and docker's hub has several names.
std::string normalized_key(std::string_view key) {
  const auto scheme = key.find("://");
  if (scheme != std::string_view::npos) {
    key.remove_prefix(scheme + 3);
    key = key.substr(0, key.find('/'));
  }
  while (key.ends_with('/')) key.remove_suffix(1);
  const std::string_view host = key.substr(0, key.find('/'));
  if (host == "index.docker.io" || host == "registry-1.docker.io") {
    return "docker.io" + std::string(key.substr(host.size()));
  }
  return std::string(key);
}

/// "host/a/b", "host/a", "host"
std::vector<std::string> names_above(std::string_view name) {
  std::vector<std::string> names;
  for (std::string rest = normalized_key(name); !rest.empty();) {
    names.push_back(rest);
    const auto slash = rest.rfind('/');
    rest.resize(slash == std::string::npos ? 0 : slash);
  }
  return names;
}

std::string server_of(const std::string& name) {
  return name == "docker.io" ? k_docker_server : name;
}

Credentials read_entry(const Json& entry) {
  Credentials credentials;
  credentials.identity_token = json::get_string(entry, "identitytoken");
  const std::string encoded = json::get_string(entry, "auth");
  if (encoded.empty()) {
    credentials.user = json::get_string(entry, "username");
    credentials.password = json::get_string(entry, "password");
    return credentials;
  }
  const auto decoded = decode_base64(encoded);
  const auto pair = decoded ? split_once(*decoded, ':') : std::nullopt;
  if (!pair)
    throw Error(ErrorClass::invalid_argument, "auth: expected the base64 of USER:PASSWORD");
  credentials.user = pair->first;
  // docker on Windows pads with zeros.
  credentials.password = pair->second.substr(0, pair->second.find('\0'));
  return credentials;
}

/// One auth.json or config.json. What it holds besides is kept.
class AuthFile {
 public:
  explicit AuthFile(const std::string& path) : path_(path), document_(Json::object()) {
    const auto text = linux::read_file_if_exists(path, k_max_file_size);
    if (!text || trim(*text).empty()) return;
    document_ = parse_json(*text, path);
    if (!document_.is_object())
      throw Error(ErrorClass::invalid_argument, "{}: expected an object", path);
  }

  std::optional<Credentials> find(const std::vector<std::string>& names) const {
    return in_context("reading '" + path_ + "'", [&]() -> std::optional<Credentials> {
      if (const auto* helpers = json::find(document_, "credHelpers")) {
        for (const auto& name : names) {
          const auto key = key_of(*helpers, name);
          if (!key.empty())
            return get_from_helper(json::require_string(*helpers, key), server_of(name));
        }
      }
      if (const auto* auths = json::find(document_, "auths")) {
        for (const auto& name : names) {
          const auto key = key_of(*auths, name);
          if (key.empty()) continue;
          Credentials credentials = read_entry(json::require(*auths, key));
          // With credsStore docker leaves empty entries.
          if (!credentials.empty()) return credentials;
        }
      }
      const std::string helper = json::get_string(document_, "credsStore");
      if (helper.empty()) return std::nullopt;
      return get_from_helper(helper, server_of(names.back()));
    });
  }

  /// The helper that keeps what belongs to `name`; empty for none.
  std::string helper_for(const std::string& name) const {
    if (const auto* helpers = json::find(document_, "credHelpers")) {
      const auto key = key_of(*helpers, name);
      if (!key.empty()) return json::require_string(*helpers, key);
    }
    return json::get_string(document_, "credsStore");
  }

  void set(const std::string& name, const Credentials& credentials) {
    erase(name);
    Json entry = Json::object();
    if (!credentials.identity_token.empty()) entry["identitytoken"] = credentials.identity_token;
    if (!credentials.user.empty()) {
      entry["auth"] = encode_base64(credentials.user + ":" + credentials.password);
    }
    document_["auths"][name] = std::move(entry);
  }

  bool erase(const std::string& name) {
    const auto* auths = json::find(document_, "auths");
    const auto key = auths == nullptr ? "" : key_of(*auths, name);
    if (key.empty()) return false;
    document_["auths"].erase(key);
    return true;
  }

  void clear() { document_["auths"] = Json::object(); }

  void save() const {
    linux::write_file_atomic(path_, dump_json_pretty(document_) + "\n",
                             linux::Durability::power_loss, 0600);
  }

 private:
  static std::string key_of(const Json& object, const std::string& name) {
    if (!object.is_object()) throw Error(ErrorClass::invalid_argument, "expected an object");
    if (object.contains(name)) return name;
    for (const auto& [key, value] : object.items()) {
      if (normalized_key(key) == name) return key;
    }
    return "";
  }

  std::string path_;
  Json document_;
};

/// Two that log in at once do not undo each other's work.
template <typename Change>
auto change_file(const std::string& path, Change change) {
  const std::string directory = parent_path(path);
  linux::ensure_directory(directory, 0700);
  const auto alone =
      linux::FileLock::acquire_directory(directory, linux::FileLock::Mode::exclusive);
  AuthFile file(path);
  return change(file);
}

}  // namespace

Credentials parse_credentials(std::string_view text) {
  const auto pair = split_once(text, ':');
  Credentials credentials;
  credentials.user = pair ? pair->first : text;
  if (pair) credentials.password = pair->second;
  if (credentials.user.empty()) {
    throw Error(ErrorClass::invalid_argument, "invalid credentials: expected USER[:PASSWORD]");
  }
  return credentials;
}

CredentialStore::CredentialStore(std::string file, std::vector<std::string> helpers)
    : helpers_(std::move(helpers)) {
  files_ = file.empty() ? config::auth_files() : std::vector<std::string>{std::move(file)};
  if (helpers_.empty()) helpers_ = {std::string(k_auth_files)};
}

std::optional<Credentials> CredentialStore::find(std::string_view name) const {
  const auto names = names_above(name);
  if (names.empty()) return std::nullopt;
  for (const auto& helper : helpers_) {
    if (helper != k_auth_files) {
      for (const auto& candidate : names) {
        if (auto found = get_from_helper(helper, server_of(candidate))) return found;
      }
      continue;
    }
    for (const auto& file : files_) {
      if (auto found = AuthFile(file).find(names)) return found;
    }
  }
  return std::nullopt;
}

void CredentialStore::store(const std::string& name, const Credentials& credentials) const {
  const std::string key = normalized_key(name);
  if (helpers_.front() != k_auth_files) {
    store_with_helper(helpers_.front(), server_of(key), credentials);
    return;
  }
  change_file(file(), [&](AuthFile& auth) {
    if (const auto helper = auth.helper_for(key); !helper.empty()) {
      store_with_helper(helper, server_of(key), credentials);
      return;
    }
    auth.set(key, credentials);
    auth.save();
  });
}

bool CredentialStore::erase(const std::string& name) const {
  const std::string key = normalized_key(name);
  bool erased = false;
  for (const auto& helper : helpers_) {
    if (helper == k_auth_files || !get_from_helper(helper, server_of(key))) continue;
    erase_with_helper(helper, server_of(key));
    erased = true;
  }
  if (!linux::exists(file())) return erased;
  return change_file(file(), [&](AuthFile& auth) {
    const auto helper = auth.helper_for(key);
    if (!helper.empty() && get_from_helper(helper, server_of(key))) {
      erase_with_helper(helper, server_of(key));
      erased = true;
    }
    if (!auth.erase(key)) return erased;
    auth.save();
    return true;
  });
}

void CredentialStore::clear() const {
  if (!linux::exists(file())) return;
  change_file(file(), [](AuthFile& auth) {
    auth.clear();
    auth.save();
  });
}

}  // namespace coracle::registry
