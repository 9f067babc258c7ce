// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over seeds and over mutations of them, the same ones every time. So an
// ordinary build with any compiler tests the parsers, best with -Dsanitize=true; libFuzzer is for
// finding new seeds.
//
// usage: fuzz_TARGET [--mutations=COUNT] FILE|DIRECTORY…
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz.hpp"

namespace {

namespace fs = std::filesystem;

using Random = std::minstd_rand;

std::vector<fs::path> seed_files(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Cuts, doubles, overwrites or swaps a piece of the input: what finds most faults of parsers.
void mutate(std::string& input, Random& random) {
  if (input.empty()) return;
  const std::size_t at = random() % input.size();
  const std::size_t length = std::min<std::size_t>(1 + random() % 16, input.size() - at);
  constexpr std::string_view k_bytes("\"{}[]:,-0e\\/\x00\xff.\n", 16);
  switch (random() % 6) {
    case 0: input.resize(at); break;
    case 1: input.erase(at, length); break;
    case 2: input.insert(at, input.substr(at, length)); break;
    case 3: input[at] = k_bytes[random() % k_bytes.size()]; break;
    case 4: input[at] = static_cast<char>(input[at] ^ (1 << random() % 8)); break;
    default: input.insert(at, 1, k_bytes[random() % k_bytes.size()]); break;
  }
}

void replay(const fs::path& file, int mutations) {
  const std::string seed = read_file(file);
  run(seed);
  Random random(static_cast<Random::result_type>(seed.size() + 1));
  for (int i = 0; i < mutations; ++i) {
    std::string input = seed;
    for (std::size_t step = random() % 3 + 1; step > 0; --step) mutate(input, random);
    run(input);
  }
}

}  // namespace

int main(int count, char** arguments) {
  constexpr std::string_view k_mutations = "--mutations=";
  int mutations = 0;
  std::vector<fs::path> paths;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument.starts_with(k_mutations)) {
      const auto number = argument.substr(k_mutations.size());
      std::from_chars(number.data(), number.data() + number.size(), mutations);
    } else {
      paths.emplace_back(argument);
    }
  }
  const auto files = seed_files(paths);
  if (files.empty()) {
    std::fprintf(stderr, "no seeds\n");
    return 1;
  }
  for (const fs::path& file : files) replay(file, mutations);
  std::printf("%zu seeds, %d mutations of each\n", files.size(), mutations);
  return 0;
}
