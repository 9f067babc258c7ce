// SPDX-License-Identifier: Apache-2.0
#include "cli/oci_command_line.hpp"

#include <algorithm>
#include <array>

#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

constexpr std::string_view k_runtime_name = "coracle-oci";
/// Those that take the next word as their value.
constexpr std::array<std::string_view, 6> k_with_value = {
    "--root", "--log", "--log-format", "--cgroup-manager", "--criu", "--rootless"};

/// Without effect here: control groups that cannot be made are passed over as it is.
bool has_no_effect(std::string_view option) {
  return option == "--rootless" || option.starts_with("--rootless=");
}

}  // namespace

std::vector<std::string> name_oci_group(std::vector<std::string> argv) {
  const bool is_runtime = !argv.empty() && file_name(argv.front()) == k_runtime_name;
  if (is_runtime) argv.insert(argv.begin() + 1, std::string(k_oci_path));
  return argv;
}

std::vector<std::string> put_oci_command_first(const std::vector<std::string>& words) {
  std::vector<std::string> common;
  auto word = words.begin();
  for (; word != words.end() && word->starts_with("-"); ++word) {
    if (*word == "--version" || *word == "-v") return {"version"};
    const bool is_kept = !has_no_effect(*word);
    const bool has_value = std::ranges::find(k_with_value, *word) != k_with_value.end();
    if (is_kept) common.push_back(*word);
    if (!has_value || word + 1 == words.end()) continue;
    ++word;
    if (is_kept) common.push_back(*word);
  }
  std::vector<std::string> line;
  if (word != words.end()) line.push_back(*word++);
  line.insert(line.end(), common.begin(), common.end());
  line.insert(line.end(), word, words.end());
  return line;
}

}  // namespace coracle::cli
