// SPDX-License-Identifier: Apache-2.0
#include "cli/format/template_evaluator.hpp"

#include <algorithm>

#include "cli/format/go_printf.hpp"
#include "cli/format/template_lexer.hpp"
#include "coracle/base/error.hpp"

namespace coracle::cli::format {
namespace {

/// Work is counted in nodes; so many bytes of text weigh as much as one.
constexpr std::size_t k_bytes_per_step = 64;

std::size_t weight_of(const Value& value) {
  return 1 + (value.is_string() ? value.text().size() / k_bytes_per_step : 0);
}

}  // namespace

std::string Evaluator::run(const Json& data) {
  const Value root = Value::root(data, schema_);
  variables_.emplace_back("$", root);
  current_name_ = name_;
  walk_list(root, parsed_.main);
  return std::move(out_);
}

void Evaluator::fail(Span span, std::size_t offset, std::string_view message) const {
  const std::string_view source = parsed_.source;
  const auto newline = source.substr(0, offset).rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? offset : offset - newline - 1;
  std::string context(source.substr(span.begin, span.end - span.begin));
  constexpr std::size_t k_shown = 20;
  if (context.size() > k_shown) context = context.substr(0, k_shown) + "...";
  throw Error(ErrorClass::invalid_argument, "template: {}:{}:{}: executing \"{}\" at <{}>: {}",
              name_, line_of(source, offset), column, current_name_, context, message);
}

void Evaluator::charge(std::size_t steps, Span span) {
  steps_ += steps;
  if (steps_ > limits_.steps) fail(span, "the template takes too many steps");
}

void Evaluator::write(std::string_view text, Span span) {
  charge(1 + text.size() / k_bytes_per_step, span);
  if (out_.size() + text.size() > limits_.output_bytes) fail(span, "the output is too long");
  out_ += text;
}

Evaluator::Flow Evaluator::walk_list(const Value& dot, const NodeList& nodes) {
  for (const Node& node : nodes) {
    const Flow flow = walk(dot, node);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

Evaluator::Flow Evaluator::walk(const Value& dot, const Node& node) {
  charge(1, node.span);
  switch (node.kind) {
    case Node::Kind::text: write(node.text, node.span); return Flow::next;
    case Node::Kind::action: {
      const Value value = evaluate_pipeline(dot, *node.pipeline);
      if (node.pipeline->variables.empty()) write(print_value(value), node.span);
      return Flow::next;
    }
    case Node::Kind::if_:
    case Node::Kind::with: return walk_conditional(dot, node);
    case Node::Kind::range: return walk_range(dot, node);
    case Node::Kind::call: call_template(dot, node); return Flow::next;
    case Node::Kind::break_: return Flow::break_;
    case Node::Kind::continue_: return Flow::continue_;
  }
  return Flow::next;
}

Evaluator::Flow Evaluator::walk_conditional(const Value& dot, const Node& node) {
  const std::size_t scope = variables_.size();
  const Value value = evaluate_pipeline(dot, *node.pipeline);
  const bool moves = node.kind == Node::Kind::with;
  const Flow flow =
      value.truth() ? walk_list(moves ? value : dot, node.body) : walk_list(dot, node.otherwise);
  variables_.resize(scope);
  return flow;
}

Evaluator::Flow Evaluator::walk_iteration(const Node& node, const Value& index,
                                          const Value& element) {
  charge(1, node.span);
  const std::size_t scope = variables_.size();
  const auto& names = node.pipeline->variables;
  const bool assigns = node.pipeline->assigns;
  if (names.size() == 1) set_variable(names[0], element, assigns, node.span);
  if (names.size() == 2) {
    set_variable(names[0], index, assigns, node.span);
    set_variable(names[1], element, assigns, node.span);
  }
  const Flow flow = walk_list(element, node.body);
  variables_.resize(scope);
  return flow;
}

Evaluator::Flow Evaluator::walk_range(const Value& dot, const Node& node) {
  const std::size_t scope = variables_.size();
  const Value value = evaluate_pipeline(dot, *node.pipeline);
  // The declared variables hold the elements, not the whole.
  variables_.resize(scope);
  bool ran = false;
  const auto iterate = [&](const Value& index, const Value& element) {
    ran = true;
    return walk_iteration(node, index, element) != Flow::break_;
  };
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.json().size(); ++i) {
      if (!iterate(static_cast<std::int64_t>(i), value.element(i))) break;
    }
  } else if (value.is_map()) {
    std::vector<std::string> keys;
    for (const auto& [key, member] : value.json().items()) keys.push_back(key);
    charge(keys.size(), node.span);
    std::ranges::sort(keys);
    for (const std::string& key : keys) {
      if (!iterate(key, value.entry(key))) break;
    }
  } else if (value.is_integer()) {
    const auto count = value.json().get<std::int64_t>();
    for (std::int64_t i = 0; i < count; ++i) {
      if (!iterate(i, i)) break;
    }
  } else if (!value.is_nil()) {
    fail(node.span, "range can't iterate over " + print_value(value));
  }
  return ran ? Flow::next : walk_list(dot, node.otherwise);
}

void Evaluator::call_template(const Value& dot, const Node& node) {
  const auto definition = parsed_.definitions.find(node.text);
  if (definition == parsed_.definitions.end()) {
    fail(node.span, fmt::format("template {:?} not defined", node.text));
  }
  if (depth_ >= limits_.depth) fail(node.span, "exceeded maximum template depth");
  const Value argument = node.pipeline ? evaluate_pipeline(dot, *node.pipeline) : Value();
  auto variables = std::exchange(variables_, {});
  variables_.emplace_back("$", argument);
  const auto name = std::exchange(current_name_, definition->first);
  ++depth_;
  walk_list(argument, definition->second);
  --depth_;
  current_name_ = name;
  variables_ = std::move(variables);
}

Value& Evaluator::variable(const std::string& name, Span span) {
  for (auto entry = variables_.rbegin(); entry != variables_.rend(); ++entry) {
    if (entry->first == name) return entry->second;
  }
  fail(span, "undefined variable: " + name);
}

void Evaluator::set_variable(const std::string& name, const Value& value, bool assigns, Span span) {
  if (assigns) {
    variable(name, span) = value;
  } else {
    variables_.emplace_back(name, value);
  }
}

Value Evaluator::evaluate_pipeline(const Value& dot, const Pipeline& pipeline) {
  Value value;
  const Value* final = nullptr;
  for (const Command& command : pipeline.commands) {
    value = evaluate_command(dot, command, final);
    charge(weight_of(value), command.span);
    final = &value;
  }
  for (const std::string& name : pipeline.variables) {
    set_variable(name, value, pipeline.assigns, pipeline.span);
  }
  return value;
}

Value Evaluator::evaluate_command(const Value& dot, const Command& command, const Value* final) {
  const Operand& first = command.operands.front();
  if (first.kind == Operand::Kind::function) {
    Value result = evaluate_function(dot, command, final);
    return first.fields.empty() ? result : evaluate_fields(result, first, {});
  }
  const bool has_arguments = command.operands.size() > 1 || final != nullptr;
  if (first.fields.empty()) {
    if (first.kind == Operand::Kind::nil) fail(first.span, "nil is not a command");
    if (has_arguments) {
      fail(first.span,
           fmt::format("can't give argument to non-function {}",
                       std::string_view(parsed_.source)
                           .substr(first.span.begin, first.span.end - first.span.begin)));
    }
    return evaluate_operand(dot, first);
  }
  const std::vector<Value> arguments = evaluate_arguments(dot, command, final);
  if (first.kind == Operand::Kind::field) return evaluate_fields(dot, first, arguments);
  Operand bare = first;
  bare.fields.clear();
  return evaluate_fields(evaluate_operand(dot, bare), first, arguments);
}

Value Evaluator::evaluate_operand(const Value& dot, const Operand& operand) {
  charge(1, operand.span);
  Value value;
  switch (operand.kind) {
    case Operand::Kind::dot: return dot;
    case Operand::Kind::nil: return Value(Json());
    case Operand::Kind::constant: return Value(operand.constant);
    case Operand::Kind::field: return evaluate_fields(dot, operand, {});
    case Operand::Kind::variable: value = variable(operand.name, operand.span); break;
    case Operand::Kind::function: {
      Command call;
      call.operands.push_back(operand);
      call.operands.front().fields.clear();
      call.span = operand.span;
      value = evaluate_function(dot, call, nullptr);
      break;
    }
    case Operand::Kind::pipeline: {
      value = evaluate_pipeline(dot, *operand.pipeline);
      break;
    }
  }
  return operand.fields.empty() ? value : evaluate_fields(value, operand, {});
}

std::vector<Value> Evaluator::evaluate_arguments(const Value& dot, const Command& command,
                                                 const Value* final) {
  std::vector<Value> arguments;
  for (std::size_t i = 1; i < command.operands.size(); ++i) {
    arguments.push_back(evaluate_operand(dot, command.operands[i]));
  }
  if (final != nullptr) arguments.push_back(*final);
  return arguments;
}

void Evaluator::check_count(const Function& function, std::size_t count, Span span) const {
  if (count >= function.least && count <= function.most) return;
  if (function.least == function.most) {
    fail(span, fmt::format("wrong number of args for {}: want {} got {}", function.name,
                           function.least, count));
  }
  if (count < function.least) {
    fail(span, fmt::format("wrong number of args for {}: want at least {} got {}", function.name,
                           function.least, count));
  }
  fail(span, fmt::format("error calling {}: too many arguments: {}", function.name, count));
}

Value Evaluator::evaluate_function(const Value& dot, const Command& command, const Value* final) {
  const Operand& first = command.operands.front();
  const Function* function = find_function(first.name);
  if (function == nullptr)
    fail(first.span, fmt::format("\"{}\" is not a defined function", first.name));
  check_count(*function, command.operands.size() - 1 + (final != nullptr ? 1 : 0), first.span);
  if (function->call == nullptr) return evaluate_logic(dot, command, final, first.name == "and");
  const std::vector<Value> arguments = evaluate_arguments(dot, command, final);
  // A heading goes through functions unchanged: {{upper .Name}} has the heading of {{.Name}}.
  const bool prints = first.name.starts_with("print") || arguments.empty();
  if (schema_.headings && !prints) return arguments.front();
  try {
    return function->call(arguments);
  } catch (const Error& error) {
    fail(command.span, fmt::format("error calling {}: {}", first.name, error.message()));
  }
}

Value Evaluator::evaluate_logic(const Value& dot, const Command& command, const Value* final,
                                bool is_and) {
  Value value;
  for (std::size_t i = 1; i < command.operands.size(); ++i) {
    value = evaluate_operand(dot, command.operands[i]);
    if (value.truth() != is_and) return value;
  }
  return final != nullptr ? *final : value;
}

Value Evaluator::evaluate_fields(const Value& receiver, const Operand& operand,
                                 std::span<const Value> arguments) {
  Value value = receiver;
  for (const FieldName& field : operand.fields) {
    const bool last = &field == &operand.fields.back();
    charge(1, operand.span);
    const auto methods = value.is_root() ? schema_.methods : std::span<const Method>();
    const auto method = std::ranges::find(methods, field.name, &Method::name);
    if (method != methods.end()) {
      value = evaluate_method(*method, value, last ? arguments : std::span<const Value>(),
                              operand.span);
      continue;
    }
    if (last && !arguments.empty() && !schema_.headings) {
      fail(operand.span, field.name + " is not a method but has arguments");
    }
    value = evaluate_field(value, field, operand.span);
  }
  return value;
}

Value Evaluator::evaluate_method(const Method& method, const Value& receiver,
                                 std::span<const Value> arguments, Span span) {
  if (arguments.size() != method.parameters) {
    fail(span, fmt::format("wrong number of args for {}: want {} got {}", method.name,
                           method.parameters, arguments.size()));
  }
  try {
    return method.call(receiver, arguments);
  } catch (const Error& error) {
    fail(span, fmt::format("error calling {}: {}", method.name, error.message()));
  }
}

Value Evaluator::evaluate_field(const Value& receiver, const FieldName& field, Span span) {
  if (receiver.is_object()) {
    Value member = receiver.is_record() || schema_.headings || receiver.kind() == MemberKind::plain
                       ? receiver.member(field.name)
                       : receiver.entry(field.name);
    if (!member.missing()) return member;
  }
  if (schema_.headings) return heading_of(field.name);
  const bool nil_map = receiver.is_nil() && (receiver.kind() == MemberKind::map ||
                                             receiver.kind() == MemberKind::string_map);
  if (receiver.missing() || receiver.is_map() || nil_map) return {};
  if (receiver.is_nil()) {
    fail(span, field.offset, fmt::format("nil pointer evaluating interface {{}}.{}", field.name));
  }
  fail(span, field.offset,
       fmt::format("can't evaluate field {} in type {}", field.name, receiver.type_name()));
}

}  // namespace coracle::cli::format
