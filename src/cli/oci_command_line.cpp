// SPDX-License-Identifier: Apache-2.0
#include "cli/oci_command_line.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

constexpr std::string_view k_runtime_name = "coracle-oci";
constexpr std::string_view k_group = "oci";
/// Those that take the next word as their value.
constexpr std::array<std::string_view, 6> k_with_value = {
    "--root", "--log", "--log-format", "--cgroup-manager", "--criu", "--rootless"};

/// Without effect here: control groups that cannot be made are passed over as it is.
bool has_no_effect(std::string_view option) {
  return option == "--rootless" || option.starts_with("--rootless=");
}

}  // namespace

std::vector<std::string> translate_oci_command_line(std::vector<std::string> argv) {
  const bool is_runtime = !argv.empty() && file_name(argv.front()) == k_runtime_name;
  const bool is_group = argv.size() > 1 && argv[1] == k_group;
  if (!is_runtime && !is_group) return argv;
  std::vector<std::string> common;
  auto word = argv.begin() + (is_runtime ? 1 : 2);
  for (; word != argv.end() && word->starts_with("-"); ++word) {
    if (*word == "--version" || *word == "-v") return {argv.front(), "oci", "version"};
    const bool is_kept = !has_no_effect(*word);
    const bool has_value = std::ranges::find(k_with_value, *word) != k_with_value.end();
    if (is_kept) common.push_back(*word);
    if (!has_value || word + 1 == argv.end()) continue;
    ++word;
    if (is_kept) common.push_back(*word);
  }
  std::vector<std::string> line = {argv.front(), std::string(k_group)};
  if (word != argv.end()) line.push_back(*word++);
  line.insert(line.end(), common.begin(), common.end());
  line.insert(line.end(), word, argv.end());
  return line;
}

bool is_oci_command_line(const std::vector<std::string>& argv) {
  return argv.size() > 1 && argv[1] == k_group;
}

}  // namespace coracle::cli
