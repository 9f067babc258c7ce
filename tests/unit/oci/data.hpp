// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "coracle/base/error.hpp"

namespace coracle::oci::test {

/// Content of a file in tests/data/oci.
inline std::string read_data(const std::string& name) {
  std::ifstream stream(std::string(CORACLE_TEST_DATA) + "/oci/" + name, std::ios::binary);
  if (!stream) throw std::runtime_error("no test data " + name);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The text with the first occurrence of `from` replaced, which must be there.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + from);
  return text.replace(at, from.size(), to);
}

/// What the Error says that `action` throws; "" when it throws none.
template <typename Action>
std::string error_of(Action&& action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    return error.describe();
  }
}

}  // namespace coracle::oci::test
