// SPDX-License-Identifier: Apache-2.0
#include <limits.h>

#include <algorithm>

#include "archive/entry_path_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {

std::string_view EntryPath::parent() const noexcept {
  const auto slash = text.rfind('/');
  return slash == std::string::npos ? std::string_view{} : std::string_view(text).substr(0, slash);
}

std::string EntryPath::name() const {
  const auto slash = text.rfind('/');
  return slash == std::string::npos ? text : text.substr(slash + 1);
}

void refuse_entry(std::string_view why, std::string_view path) {
  constexpr std::size_t k_shown = 256;
  throw Error(ErrorClass::invalid_argument, "{} in entry '{}'", why, path.substr(0, k_shown));
}

EntryPath parse_entry_path(std::string_view raw) {
  if (raw.empty()) throw Error(ErrorClass::invalid_argument, "an entry has no name");
  EntryPath path;
  for (std::size_t start = 0; start < raw.size();) {
    const std::size_t end = std::min(raw.find('/', start), raw.size());
    const std::string_view part = raw.substr(start, end - start);
    start = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") refuse_entry("'..' is not allowed", raw);
    if (part.size() > NAME_MAX) refuse_entry("a name is too long", raw);
    if (!path.text.empty()) path.text += '/';
    path.text += part;
  }
  if (path.text.size() >= PATH_MAX) refuse_entry("the path is too long", raw);
  return path;
}

}  // namespace coracle::archive
