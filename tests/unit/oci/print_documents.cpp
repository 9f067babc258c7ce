// SPDX-License-Identifier: Apache-2.0
// Reads documents and prints them as coracle writes them, without what it would merely have kept
// from the original: one line "kind TAB name TAB document" for each, for a schema validator.
//
// usage: print_documents FILE…   (the kind is the file's name up to the first dash or dot)
#include <filesystem>
#include <fmt/core.h>

#include "coracle/base/error.hpp"
#include "coracle/oci/image_config.hpp"
#include "coracle/oci/index.hpp"
#include "coracle/oci/manifest.hpp"
#include "coracle/oci/runtime_spec.hpp"
#include "coracle/oci/runtime_state.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

void forget(Descriptor& descriptor) {
  descriptor.raw.reset();
}

std::string rewrite_manifest(const std::string& text) {
  Manifest manifest = parse_manifest(text, "manifest");
  manifest.raw.reset();
  forget(manifest.config);
  for (Descriptor& layer : manifest.layers) forget(layer);
  if (manifest.subject) forget(*manifest.subject);
  return serialize(manifest);
}

std::string rewrite_index(const std::string& text) {
  Index index = parse_index(text, "index");
  index.raw.reset();
  for (Descriptor& entry : index.manifests) forget(entry);
  return serialize(index);
}

std::string rewrite_config(const std::string& text) {
  ImageConfig config = parse_image_config(text, "config");
  config.raw.reset();
  config.config.raw.reset();
  return serialize(config);
}

std::string rewrite(const std::string& kind, const std::string& text) {
  if (kind == "manifest") return rewrite_manifest(text);
  if (kind == "index") return rewrite_index(text);
  if (kind == "config") return rewrite_config(text);
  if (kind == "runtime") return serialize(parse_runtime_spec(text, "runtime"));
  if (kind == "state") return serialize(parse_runtime_state(text, "state"));
  throw Error(ErrorClass::invalid_argument, "unknown kind '{}'", kind);
}

int print_all(int count, char** files) {
  for (int i = 1; i < count; ++i) {
    const std::string name = std::filesystem::path(files[i]).filename().string();
    const std::string kind = name.substr(0, name.find_first_of("-."));
    fmt::print("{}\t{}\t{}\n", kind, name, rewrite(kind, test::read_data(name)));
  }
  fmt::print("layout\toci-layout\t{}\n", image_layout_text());
  return 0;
}

}  // namespace
}  // namespace coracle::oci

int main(int count, char** arguments) {
  try {
    return coracle::oci::print_all(count, arguments);
  } catch (const coracle::Error& error) {
    fmt::print(stderr, "Error: {}\n", error.describe());
    return 1;
  }
}
