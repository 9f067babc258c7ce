// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/format/template.hpp"
#include "cli/format/template_ast.hpp"
#include "cli/format/template_functions.hpp"
#include "cli/format/template_value.hpp"

namespace coracle::cli::format {

/// One execution of one template: Go's text/template/exec.
class Evaluator {
 public:
  Evaluator(const ParsedTemplate& parsed, std::string_view name, const Schema& schema,
            const TemplateLimits& limits)
      : parsed_(parsed), name_(name), schema_(schema), limits_(limits) {}

  std::string run(const Json& data);

 private:
  enum class Flow { next, break_, continue_ };

  // Nodes.
  Flow walk_list(const Value& dot, const NodeList& nodes);
  Flow walk(const Value& dot, const Node& node);
  Flow walk_conditional(const Value& dot, const Node& node);
  Flow walk_range(const Value& dot, const Node& node);
  Flow walk_iteration(const Node& node, const Value& index, const Value& element);
  void call_template(const Value& dot, const Node& node);
  void write(std::string_view text, Span span);

  // Pipelines and operands.
  Value evaluate_pipeline(const Value& dot, const Pipeline& pipeline);
  Value evaluate_command(const Value& dot, const Command& command, const Value* final);
  Value evaluate_operand(const Value& dot, const Operand& operand);
  std::vector<Value> evaluate_arguments(const Value& dot, const Command& command,
                                        const Value* final);
  Value evaluate_function(const Value& dot, const Command& command, const Value* final);
  Value evaluate_logic(const Value& dot, const Command& command, const Value* final, bool is_and);
  Value evaluate_fields(const Value& receiver, const Operand& operand,
                        std::span<const Value> arguments);
  Value evaluate_field(const Value& receiver, const FieldName& field, Span span);
  Value evaluate_method(const Method& method, const Value& receiver,
                        std::span<const Value> arguments, Span span);
  void check_count(const Function& function, std::size_t count, Span span) const;

  Value& variable(const std::string& name, Span span);
  void set_variable(const std::string& name, const Value& value, bool assigns, Span span);
  /// Counts work against the limit.
  void charge(std::size_t steps, Span span);
  /// The message shows what stands in `span`, at `offset`.
  [[noreturn]] void fail(Span span, std::size_t offset, std::string_view message) const;
  [[noreturn]] void fail(Span span, std::string_view message) const {
    fail(span, span.begin, message);
  }

  const ParsedTemplate& parsed_;
  std::string_view name_;
  const Schema& schema_;
  const TemplateLimits& limits_;
  std::string_view current_name_;
  std::vector<std::pair<std::string, Value>> variables_;
  std::size_t steps_ = 0;
  int depth_ = 0;
  std::string out_;
};

}  // namespace coracle::cli::format
