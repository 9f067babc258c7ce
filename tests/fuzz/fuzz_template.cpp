// SPDX-License-Identifier: Apache-2.0
// --format templates, over data of every kind.
#include "cli/format/listing.hpp"
#include "cli/format/table.hpp"
#include "cli/format/template.hpp"
#include "coracle/base/json_value.hpp"
#include "fuzz.hpp"

namespace coracle::cli::format {
namespace {

constexpr TemplateLimits k_limits = {.steps = 20'000, .output_bytes = 1U << 20U, .depth = 20};

const Json& sample() {
  static const Json data = parse_json(
      R"({"Name":"web","N":5,"Z":0,"F":1.5,"T":true,"Nil":null,"E":"","Labels":{"b":"2","a":"1"},
          "L":["x","y"],"I":[1,2,3],"S":{"Status":"running","K":[{"a":1},{"a":2}]}})",
      "sample");
  return data;
}

}  // namespace
}  // namespace coracle::cli::format

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coracle::cli::format;
  const std::string_view text = coracle::fuzz::as_text(data, size);
  coracle::fuzz::tolerate_refusal([&] {
    const Template parsed(text, "fuzz");
    // The same work once more gives the same text, and as a heading it is harmless, too.
    const std::string first = parsed.execute(sample(), {}, k_limits);
    coracle::fuzz::require(first.size() <= k_limits.output_bytes, "the output is bounded");
    coracle::fuzz::require(first == parsed.execute(sample(), {}, k_limits),
                           "a template is a function");
    const Schema headings{.headings = true};
    parsed.execute(sample(), headings, k_limits);
  });
  align_columns(text);
  return 0;
}
