// SPDX-License-Identifier: Apache-2.0
#include "cli/format/pipeline_parser.hpp"

#include <algorithm>
#include <utility>

#include "cli/format/template_parser.hpp"
#include "coracle/base/error.hpp"

namespace coracle::cli::format {
namespace {

bool begins_operand(TokenKind kind) {
  switch (kind) {
    case TokenKind::boolean:
    case TokenKind::character:
    case TokenKind::dot:
    case TokenKind::field:
    case TokenKind::identifier:
    case TokenKind::number:
    case TokenKind::nil:
    case TokenKind::raw_string:
    case TokenKind::string:
    case TokenKind::variable:
    case TokenKind::left_paren: return true;
    case TokenKind::end_of_text:
    case TokenKind::text:
    case TokenKind::left_delim:
    case TokenKind::right_delim:
    case TokenKind::space:
    case TokenKind::keyword:
    case TokenKind::right_paren:
    case TokenKind::pipe:
    case TokenKind::declare:
    case TokenKind::assign:
    case TokenKind::comma: break;
  }
  return false;
}

/// Whether fields may be asked of it, and whether it can take an argument in a pipeline.
bool is_literal(Operand::Kind kind) {
  return kind == Operand::Kind::constant || kind == Operand::Kind::nil ||
         kind == Operand::Kind::dot;
}

}  // namespace

std::shared_ptr<Pipeline> PipelineParser::parse(std::string_view context, TokenKind end) {
  const TokenCursor::Nested nested(cursor_);
  auto pipeline = std::make_shared<Pipeline>();
  pipeline->span.begin = cursor_.peek_non_space().offset;
  parse_declarations(*pipeline, context);
  while (true) {
    const Token& token = cursor_.next_non_space();
    if (token.kind == end) break;
    if (!begins_operand(token.kind)) cursor_.unexpected(token, context);
    cursor_.back();
    parse_command(*pipeline);
  }
  check_stages(*pipeline, context);
  pipeline->span.end = pipeline->commands.back().span.end;
  return pipeline;
}

std::vector<std::string> PipelineParser::enter_definition() {
  return std::exchange(variables_, {"$"});
}

void PipelineParser::parse_declarations(Pipeline& pipeline, std::string_view context) {
  const std::size_t begin = cursor_.position();
  std::vector<std::string> names;
  while (cursor_.peek_non_space().kind == TokenKind::variable) {
    names.emplace_back(cursor_.next().text);
    const Token& after = cursor_.peek_non_space();
    if (after.kind == TokenKind::declare || after.kind == TokenKind::assign) {
      cursor_.next();
      return declare(pipeline, std::move(names), after);
    }
    if (after.kind != TokenKind::comma) break;
    cursor_.next();
    if (context != "range" || names.size() > 1) {
      cursor_.fail_at(after, fmt::format("too many declarations in {}", context));
    }
    const TokenKind kind = cursor_.peek_non_space().kind;
    if (kind != TokenKind::variable && kind != TokenKind::right_delim &&
        kind != TokenKind::right_paren) {
      cursor_.fail_at(after, "range can only initialize variables");
    }
  }
  cursor_.rewind(begin);  // It was an operand after all.
}

void PipelineParser::declare(Pipeline& pipeline, std::vector<std::string> names,
                             const Token& sign) {
  pipeline.assigns = sign.kind == TokenKind::assign;
  for (const std::string& name : names) {
    // The pipeline already sees the variable it declares; it then has no value yet.
    if (pipeline.assigns) {
      check_variable(name, sign);
    } else {
      variables_.push_back(name);
    }
  }
  pipeline.variables = std::move(names);
}

void PipelineParser::check_variable(std::string_view name, const Token& token) const {
  if (std::ranges::find(variables_, name) == variables_.end()) {
    cursor_.fail_at(token, fmt::format("undefined variable {:?}", name));
  }
}

void PipelineParser::check_stages(const Pipeline& pipeline, std::string_view context) const {
  if (pipeline.commands.empty()) {
    cursor_.fail_at(cursor_.previous(), fmt::format("missing value for {}", context));
  }
  for (std::size_t i = 1; i < pipeline.commands.size(); ++i) {
    if (is_literal(pipeline.commands[i].operands.front().kind)) {
      cursor_.fail_at(cursor_.previous(),
                      fmt::format("non executable command in pipeline stage {}", i + 1));
    }
  }
}

void PipelineParser::parse_command(Pipeline& pipeline) {
  Command command;
  command.span.begin = cursor_.current().offset;
  while (true) {
    cursor_.peek_non_space();
    if (auto operand = try_parse_operand()) command.operands.push_back(std::move(*operand));
    const Token& token = cursor_.next();
    if (token.kind == TokenKind::space) continue;
    if (token.kind == TokenKind::pipe) {
      const TokenKind after = cursor_.peek_non_space().kind;
      if (after == TokenKind::right_delim || after == TokenKind::right_paren) {
        cursor_.fail_at(cursor_.current(), "missing value for command");
      }
    } else if (token.kind == TokenKind::right_delim || token.kind == TokenKind::right_paren) {
      cursor_.back();
    } else {
      cursor_.unexpected(token, "operand");
    }
    break;
  }
  if (command.operands.empty()) cursor_.fail_at(cursor_.previous(), "empty command");
  command.span.end = command.operands.back().span.end;
  pipeline.commands.push_back(std::move(command));
}

std::optional<Operand> PipelineParser::try_parse_operand() {
  auto operand = try_parse_term();
  while (operand && cursor_.current().kind == TokenKind::field) {
    if (is_literal(operand->kind)) {
      const auto text =
          cursor_.source().substr(operand->span.begin, operand->span.end - operand->span.begin);
      cursor_.fail_at(cursor_.current(), fmt::format("unexpected . after term {:?}", text));
    }
    const Token& field = cursor_.next();
    operand->fields.push_back({std::string(field.text.substr(1)), field.offset});
    operand->span.end = field.offset + field.text.size();
  }
  return operand;
}

std::string PipelineParser::unquote(const Token& token) const {
  try {
    return unquote_go_string(token.text);
  } catch (const Error& error) {
    cursor_.fail_at(token, error.message());
  }
}

Json PipelineParser::constant_of(const Token& token) const {
  try {
    if (token.kind == TokenKind::number) return parse_go_number(token.text);
    if (token.kind == TokenKind::character) return unquote_go_character(token.text);
    if (token.kind == TokenKind::boolean) return token.text == "true";
    return unquote_go_string(token.text);
  } catch (const Error& error) {
    cursor_.fail_at(token, error.message());
  }
}

std::optional<Operand> PipelineParser::try_parse_term() {
  const Token& token = cursor_.current();
  if (!begins_operand(token.kind)) return std::nullopt;
  cursor_.next();
  Operand operand;
  operand.span = {token.offset, token.offset + token.text.size()};
  if (token.kind == TokenKind::identifier) {
    if (!is_function_(token.text)) {
      cursor_.fail_at(token, fmt::format("function {:?} not defined", token.text));
    }
    operand.kind = Operand::Kind::function;
    operand.name = token.text;
  } else if (token.kind == TokenKind::dot) {
    operand.kind = Operand::Kind::dot;
  } else if (token.kind == TokenKind::nil) {
    operand.kind = Operand::Kind::nil;
  } else if (token.kind == TokenKind::variable) {
    check_variable(token.text, token);
    operand.kind = Operand::Kind::variable;
    operand.name = token.text;
  } else if (token.kind == TokenKind::field) {
    operand.kind = Operand::Kind::field;
    operand.fields.push_back({std::string(token.text.substr(1)), token.offset});
  } else if (token.kind == TokenKind::left_paren) {
    operand.kind = Operand::Kind::pipeline;
    operand.pipeline = parse("parenthesized pipeline", TokenKind::right_paren);
    operand.span.end = cursor_.previous_end();
  } else {
    operand.kind = Operand::Kind::constant;
    operand.constant = constant_of(token);
  }
  return operand;
}

}  // namespace coracle::cli::format
