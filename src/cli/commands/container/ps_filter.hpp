// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/commands/session.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {

/// The filters of ps: values of one key are alternatives, labels and keys must all fit.
class PsFilter {
 public:
  /// @throws Error invalid_argument for an unknown key or value
  PsFilter(engine::Context& engine, const std::vector<std::string>& texts);
  bool fits(const engine::ContainerSummary& container) const;
  bool asks_for_status() const;

 private:
  bool fits_one(const engine::ContainerSummary& container, const Filter& filter) const;

  std::vector<Filter> filters_;
};

}  // namespace coracle::cli
