// SPDX-License-Identifier: Apache-2.0
#include "cli/format/template.hpp"

#include "cli/format/template_evaluator.hpp"
#include "cli/format/template_parser.hpp"

namespace coracle::cli::format {

struct Template::State {
  std::string name;
  ParsedTemplate parsed;
};

Template::Template(std::string_view source, std::string name) : state_(std::make_unique<State>()) {
  state_->parsed = parse_template(
      source, name, [](std::string_view function) { return find_function(function) != nullptr; });
  state_->name = std::move(name);
}

Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

std::string Template::execute(const Json& data, const Schema& schema,
                              const TemplateLimits& limits) const {
  return Evaluator(state_->parsed, state_->name, schema, limits).run(data);
}

}  // namespace coracle::cli::format
