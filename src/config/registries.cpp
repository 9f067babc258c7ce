// SPDX-License-Identifier: Apache-2.0
#include "coracle/config/registries.hpp"

#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>

#include "config/config_internal.hpp"
#include "config/toml_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::config {
namespace {

constexpr std::size_t k_max_file_size = 4U << 20;

/// A table of the file, read key by key; messages name both.
class TableReader {
 public:
  TableReader(const toml::table& table, const std::string& file) : table_(table), file_(file) {}

  std::string text(const char* key) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return "";
    const auto value = node->value_exact<std::string>();
    if (!value) refuse(*node, key, "a string");
    return *value;
  }

  bool flag(const char* key) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return false;
    const auto value = node->value_exact<bool>();
    if (!value) refuse(*node, key, "true or false");
    return *value;
  }

  /// @returns whether the key is there
  bool list(const char* key, std::vector<std::string>& values) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return false;
    if (node->as_array() == nullptr) refuse(*node, key, "a list of strings");
    values.clear();
    for (const auto& entry : *node->as_array()) {
      const auto value = entry.value_exact<std::string>();
      if (!value) refuse(entry, key, "a list of strings");
      values.push_back(*value);
    }
    return true;
  }

  template <typename Visit>
  void for_each_table(const char* key, Visit visit) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    if (node->as_array() == nullptr) refuse(*node, key, "a list of tables");
    for (const auto& entry : *node->as_array()) {
      if (entry.as_table() == nullptr) refuse(entry, key, "a list of tables");
      visit(TableReader(*entry.as_table(), file_));
    }
  }

  template <typename Visit>
  void for_each_text(const char* key, Visit visit) const {
    const auto* node = table_.get(key);
    if (node == nullptr) return;
    if (node->as_table() == nullptr) refuse(*node, key, "a table");
    for (const auto& [name, entry] : *node->as_table()) {
      const toml::node& text = entry;
      const auto value = text.value_exact<std::string>();
      if (!value) refuse(text, key, "a table of strings");
      visit(std::string(name.str()), *value);
    }
  }

  [[noreturn]] void refuse(const char* key, std::string_view expected) const {
    refuse(*table_.get(key), key, expected);
  }

 private:
  [[noreturn]] void refuse(const toml::node& node, const char* key,
                           std::string_view expected) const {
    throw Error(ErrorClass::invalid_argument, "{}:{}: {}: expected {}", file_,
                node.source().begin.line, key, expected);
  }

  const toml::table& table_;
  const std::string& file_;
};

/// Locations are names: "https://example.org/" is a common mistake for "example.org".
std::string clean_location(std::string location, const std::string& file) {
  while (location.ends_with('/')) location.pop_back();
  if (location.find("://") != std::string::npos) {
    throw Error(
        ErrorClass::invalid_argument,
        "{}: registry location '{}': expected HOST[:PORT][/PATH] without http:// or https://", file,
        location);
  }
  return location;
}

Mirror read_mirror(const TableReader& reader, const std::string& file) {
  Mirror mirror;
  mirror.location = clean_location(reader.text("location"), file);
  if (mirror.location.empty()) {
    throw Error(ErrorClass::invalid_argument, "{}: a mirror has no location", file);
  }
  mirror.insecure = reader.flag("insecure");
  const std::string pull_from = reader.text("pull-from-mirror");
  if (pull_from == "digest-only") {
    mirror.pull_from = Mirror::PullFrom::digest_only;
  } else if (pull_from == "tag-only") {
    mirror.pull_from = Mirror::PullFrom::tag_only;
  } else if (!pull_from.empty() && pull_from != "all") {
    reader.refuse("pull-from-mirror", "all, digest-only or tag-only");
  }
  return mirror;
}

RegistryTable read_table(const TableReader& reader, const std::string& file) {
  RegistryTable table;
  table.prefix = clean_location(reader.text("prefix"), file);
  table.location = clean_location(reader.text("location"), file);
  if (table.prefix.empty()) table.prefix = table.location;
  if (table.prefix.empty()) {
    throw Error(ErrorClass::invalid_argument, "{}: a registry has neither location nor prefix",
                file);
  }
  const bool wild = table.prefix.starts_with("*.");
  if (table.prefix.find('*', wild ? 1 : 0) != std::string::npos ||
      (wild && table.prefix.find('/') != std::string::npos)) {
    throw Error(ErrorClass::invalid_argument, "{}: registry prefix '{}': expected '*.HOST' at most",
                file, table.prefix);
  }
  if (table.location.empty() && !wild) table.location = table.prefix;
  table.insecure = reader.flag("insecure");
  table.blocked = reader.flag("blocked");
  table.mirror_by_digest_only = reader.flag("mirror-by-digest-only");
  reader.for_each_table("mirror", [&](const TableReader& entry) {
    table.mirrors.push_back(read_mirror(entry, file));
  });
  return table;
}

/// How much of the name the prefix covers; 0 when it does not fit.
std::size_t covered(std::string_view name, std::string_view prefix) {
  if (prefix.starts_with("*.")) {
    const std::string_view host = name.substr(0, name.find_first_of(":/"));
    return host.size() > prefix.size() - 1 && host.ends_with(prefix.substr(1)) ? host.size() : 0;
  }
  if (!name.starts_with(prefix)) return 0;
  // Of the name's parts only whole ones count: "example.org/a" is not in "example.org/ab".
  const bool whole = name.size() == prefix.size() || name[prefix.size()] == '/';
  return whole ? prefix.size() : 0;
}

std::string relocated(const std::string& name, std::size_t prefix, const std::string& location) {
  return location.empty() ? name : location + name.substr(prefix);
}

void apply_file(const std::string& file, Registries& registries) {
  if (const auto text = linux::read_file_if_exists(file, k_max_file_size)) {
    apply_registries(*text, file, registries);
  }
}

void apply_directory(const std::string& directory, Registries& registries) {
  std::vector<std::string> names = linux::list_directory(directory);
  std::ranges::sort(names);
  for (const auto& name : names) {
    if (name.ends_with(".conf")) apply_file(directory + "/" + name, registries);
  }
}

}  // namespace

const RegistryTable* Registries::find(std::string_view name) const {
  const RegistryTable* best = nullptr;
  std::size_t most = 0;
  for (const auto& table : tables) {
    // A wildcard covers less than any name written out.
    const bool wild = table.prefix.starts_with("*.");
    const std::size_t length =
        covered(name, table.prefix) == 0 ? 0 : table.prefix.size() * 2 - (wild ? 1 : 0);
    if (length <= most) continue;
    most = length;
    best = &table;
  }
  return best;
}

std::vector<PullSource> Registries::sources_of(const std::string& name, bool by_digest) const {
  const RegistryTable* table = find(name);
  if (table == nullptr) return {{name, false, false}};
  if (table->blocked) {
    throw Error(ErrorClass::permission_denied, "registry {} is blocked in registries.conf",
                table->prefix);
  }
  const std::size_t prefix = covered(name, table->prefix);
  std::vector<PullSource> sources;
  for (const auto& mirror : table->mirrors) {
    using PullFrom = Mirror::PullFrom;
    const bool digest_only =
        table->mirror_by_digest_only || mirror.pull_from == PullFrom::digest_only;
    if (by_digest ? mirror.pull_from == PullFrom::tag_only : digest_only) continue;
    sources.push_back({relocated(name, prefix, mirror.location), mirror.insecure, true});
  }
  sources.push_back({relocated(name, prefix, table->location), table->insecure, false});
  return sources;
}

bool Registries::is_insecure(const std::string& name) const {
  const RegistryTable* table = find(name);
  return table != nullptr && table->insecure;
}

void apply_registries(const std::string& text, const std::string& file, Registries& registries) {
  const toml::table document = parse_toml(text, file);
  if (document.contains("registries")) {
    throw Error(ErrorClass::invalid_argument,
                "{}: version 1 of the format is not supported: use [[registry]] tables", file);
  }
  const TableReader reader(document, file);
  reader.list("unqualified-search-registries", registries.unqualified_search);
  reader.list("credential-helpers", registries.credential_helpers);
  const std::string mode = reader.text("short-name-mode");
  if (mode == "enforcing") {
    registries.short_name_mode = ShortNameMode::enforcing;
  } else if (mode == "permissive") {
    registries.short_name_mode = ShortNameMode::permissive;
  } else if (mode == "disabled") {
    registries.short_name_mode = ShortNameMode::disabled;
  } else if (!mode.empty()) {
    reader.refuse("short-name-mode", "enforcing, permissive or disabled");
  }
  reader.for_each_text("aliases", [&](const std::string& name, const std::string& full) {
    // An empty one takes back what another file says.
    if (full.empty()) {
      registries.aliases.erase(name);
    } else {
      registries.aliases[name] = full;
    }
  });
  reader.for_each_table("registry", [&](const TableReader& entry) {
    RegistryTable table = read_table(entry, file);
    std::erase_if(registries.tables,
                  [&](const RegistryTable& known) { return known.prefix == table.prefix; });
    registries.tables.push_back(std::move(table));
  });
}

Registries load_registries() {
  Registries registries;
  const std::string system = "/etc/containers";
  const std::string own = own_containers_directory();
  if (const auto file = environment("CONTAINERS_REGISTRIES_CONF"); !file.empty()) {
    if (!linux::exists(file)) {
      throw Error(ErrorClass::not_found, "CONTAINERS_REGISTRIES_CONF: '{}' does not exist", file);
    }
    apply_file(file, registries);
    return registries;
  }
  const bool has_own = !own.empty() && linux::exists(own + "/registries.conf");
  apply_file((has_own ? own : system) + "/registries.conf", registries);
  apply_directory(system + "/registries.conf.d", registries);
  if (!own.empty()) {
    apply_directory(own + "/registries.conf.d", registries);
    apply_file(own_cache_directory() + "/containers/short-name-aliases.conf", registries);
  }
  return registries;
}

std::vector<std::string> auth_files() {
  if (const auto file = environment("REGISTRY_AUTH_FILE"); !file.empty()) return {file};
  std::vector<std::string> files;
  const auto runtime = environment("XDG_RUNTIME_DIR");
  files.push_back(runtime.starts_with('/')
                      ? runtime + "/containers/auth.json"
                      : fmt::format("/run/containers/{}/auth.json", ::geteuid()));
  if (const auto own = own_containers_directory(); !own.empty())
    files.push_back(own + "/auth.json");
  if (const auto docker = environment("DOCKER_CONFIG"); !docker.empty()) {
    files.push_back(docker + "/config.json");
  } else if (const auto home = environment("HOME"); !home.empty()) {
    files.push_back(home + "/.docker/config.json");
  }
  return files;
}

}  // namespace coracle::config
