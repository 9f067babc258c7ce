// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/platform.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::oci {
namespace {

struct Machine {
  std::string_view name;     ///< what uname, a distribution or a user calls it
  std::string_view go_name;  ///< GOARCH
  std::string_view variant;  ///< what the name implies
};

// Order matters for machine_name: the first entry of a Go name is uname's.
constexpr std::array k_machines = {
    Machine{"x86_64", "amd64", ""},       Machine{"x86-64", "amd64", ""},
    Machine{"x64", "amd64", ""},          Machine{"aarch64", "arm64", ""},
    Machine{"aarch64_be", "arm64be", ""}, Machine{"i686", "386", ""},
    Machine{"i586", "386", ""},           Machine{"i486", "386", ""},
    Machine{"i386", "386", ""},           Machine{"armv7l", "arm", "v7"},
    Machine{"armv7", "arm", "v7"},        Machine{"armhf", "arm", "v7"},
    Machine{"armv8l", "arm", "v8"},       Machine{"armv6l", "arm", "v6"},
    Machine{"armel", "arm", "v6"},        Machine{"armv5tel", "arm", "v5"},
    Machine{"armv5tejl", "arm", "v5"},    Machine{"loongarch64", "loong64", ""},
    Machine{"ppc64el", "ppc64le", ""},
};

constexpr std::array<std::string_view, 14> k_architectures = {
    "386",      "amd64",  "arm",   "arm64",   "loong64", "mips",  "mips64",
    "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"};

constexpr std::array<std::string_view, 14> k_systems = {
    "aix",   "android", "darwin", "dragonfly", "freebsd", "illumos", "js",
    "linux", "macos",   "netbsd", "openbsd",   "plan9",   "solaris", "windows"};

bool is_component(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

/// "v8", "8" and "v8.0" are the same.
std::string normalize_variant(std::string variant) {
  if (variant.empty()) return variant;
  if (variant.front() >= '0' && variant.front() <= '9') variant.insert(0, 1, 'v');
  while (variant.size() > 2 && variant.ends_with(".0")) variant.resize(variant.size() - 2);
  return variant;
}

[[noreturn]] void fail(std::string_view text, std::string_view problem) {
  throw Error(ErrorClass::invalid_argument, "invalid platform '{}': {}", text.substr(0, 160),
              problem);
}

/// "windows(10.0.17763)": the part in brackets is os.version.
void read_system(Platform& platform, std::string_view system, std::string_view text) {
  const auto bracket = system.find('(');
  if (bracket != std::string_view::npos) {
    if (!system.ends_with(')')) fail(text, "the bracket of the version is not closed");
    const auto version = system.substr(bracket + 1, system.size() - bracket - 2);
    if (!is_component(version)) fail(text, "malformed version");
    platform.os_version = version;
    system = system.substr(0, bracket);
  }
  if (!is_component(system)) fail(text, "malformed operating system");
  platform.os = system;
}

Platform ask_kernel() {
  Platform platform;
  platform.os = "linux";
  utsname names{};
  // uname(2) can only fail for a bad address.
  if (uname(&names) == 0) platform.architecture = names.machine;
  return normalize(std::move(platform));
}

/// How new the variant is among those of its architecture; an absent one is the base line.
int variant_level(std::string_view architecture, std::string_view variant) {
  if (variant.empty()) {
    if (architecture == "arm") return 70;
    if (architecture == "arm64") return 80;
    return architecture == "amd64" ? 10 : 0;
  }
  if (variant.front() != 'v') return -1;
  const auto parts = split(variant.substr(1), '.');
  const auto major = parse_int(parts[0]);
  const auto minor = parts.size() > 1 ? parse_int(parts[1]) : 0;
  if (!major || !minor || *major < 0 || *major > 99 || *minor < 0 || *minor > 9) return -1;
  return static_cast<int>(*major * 10 + *minor);
}

constexpr int k_score_exact = 2000;
constexpr int k_score_newer = 900;  ///< an older line is at least k_score_exact - 990

int variant_score(const Platform& wanted, const Platform& offered) {
  if (wanted.variant == offered.variant) return k_score_exact;
  const int wanted_level = variant_level(wanted.architecture, wanted.variant);
  const int offered_level = variant_level(offered.architecture, offered.variant);
  if (wanted_level < 0 || offered_level < 0) return 0;
  if (offered_level <= wanted_level) return k_score_exact - (wanted_level - offered_level);
  // Who asked for no variant takes a newer one if there is nothing else.
  return wanted.variant.empty() ? k_score_newer - (offered_level - wanted_level) / 2 : 0;
}

}  // namespace

Platform normalize(Platform platform) {
  platform.os = to_lower(platform.os);
  if (platform.os == "macos") platform.os = "darwin";
  platform.architecture = to_lower(platform.architecture);
  platform.variant = normalize_variant(to_lower(platform.variant));
  const auto* machine = std::ranges::find(k_machines, platform.architecture, &Machine::name);
  if (machine != k_machines.end()) {
    platform.architecture = machine->go_name;
    if (platform.variant.empty()) platform.variant = machine->variant;
  }
  if (platform.architecture == "arm" && platform.variant.empty()) platform.variant = "v7";
  if (platform.architecture == "arm64" && platform.variant == "v8") platform.variant.clear();
  if (platform.architecture == "amd64" && platform.variant == "v1") platform.variant.clear();
  return platform;
}

const Platform& host_platform() {
  static const Platform platform = ask_kernel();
  return platform;
}

Platform parse_platform(std::string_view text) {
  const auto parts = split(text, '/');
  if (parts.size() > 3) fail(text, "expected os[/arch[/variant]]");
  Platform platform;
  if (parts.size() > 1) {
    read_system(platform, parts[0], text);
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (!is_component(parts[i])) fail(text, "malformed component");
    }
    platform.architecture = parts[1];
    if (parts.size() > 2) platform.variant = parts[2];
    return normalize(std::move(platform));
  }
  Platform as_architecture;
  as_architecture.os = host_platform().os;
  as_architecture.architecture = text;
  as_architecture = normalize(std::move(as_architecture));
  if (std::ranges::find(k_architectures, as_architecture.architecture) != k_architectures.end()) {
    return as_architecture;
  }
  read_system(platform, text, text);
  if (std::ranges::find(k_systems, to_lower(platform.os)) == k_systems.end()) {
    fail(text, "unknown operating system or architecture");
  }
  platform.architecture = host_platform().architecture;
  platform.variant = host_platform().variant;
  return normalize(std::move(platform));
}

std::string to_string(const Platform& platform) {
  std::string text = platform.os;
  if (!platform.architecture.empty()) text += "/" + platform.architecture;
  if (!platform.variant.empty()) text += "/" + platform.variant;
  return text;
}

std::string machine_name(std::string_view go_architecture) {
  const auto* machine = std::ranges::find(k_machines, go_architecture, &Machine::go_name);
  return std::string(machine == k_machines.end() ? go_architecture : machine->name);
}

int match_score(const Platform& wanted_as_given, const Platform& offered_as_given) {
  const Platform wanted = normalize(wanted_as_given);
  const Platform offered = normalize(offered_as_given);
  if (wanted.os != offered.os || wanted.architecture != offered.architecture) return 0;
  int score = variant_score(wanted, offered);
  if (score > 0 && !wanted.os_version.empty() && wanted.os_version == offered.os_version) ++score;
  return score;
}

bool matches(const Platform& wanted, const Platform& offered) {
  return match_score(wanted, offered) > 0;
}

}  // namespace coracle::oci
