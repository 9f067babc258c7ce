// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/format/template_ast.hpp"
#include "cli/format/token_cursor.hpp"

namespace coracle::cli::format {

/// What stands inside {{ }}: declarations, commands and pipes. Knows which variables are in scope.
class PipelineParser {
 public:
  using IsFunction = std::function<bool(std::string_view name)>;

  PipelineParser(TokenCursor& cursor, const IsFunction& is_function)
      : cursor_(cursor), is_function_(is_function) {}

  /// Up to and with the token `end`.
  /// @param context  what the pipeline belongs to, for messages: "range"
  std::shared_ptr<Pipeline> parse(std::string_view context, TokenKind end);
  /// The text of a string token.
  std::string unquote(const Token& token) const;

  /// The number of variables in scope; leave() drops those that were declared since.
  std::size_t scope() const noexcept { return variables_.size(); }
  void leave(std::size_t scope) { variables_.resize(scope); }
  /// Definitions see no variables but `$`. Returns those outside, to be put back.
  std::vector<std::string> enter_definition();
  void leave_definition(std::vector<std::string> outer) { variables_ = std::move(outer); }

 private:
  void parse_declarations(Pipeline& pipeline, std::string_view context);
  void declare(Pipeline& pipeline, std::vector<std::string> names, const Token& sign);
  void check_variable(std::string_view name, const Token& token) const;
  void check_stages(const Pipeline& pipeline, std::string_view context) const;
  void parse_command(Pipeline& pipeline);
  std::optional<Operand> try_parse_operand();
  std::optional<Operand> try_parse_term();
  Json constant_of(const Token& token) const;

  TokenCursor& cursor_;
  const IsFunction& is_function_;
  std::vector<std::string> variables_ = {"$"};
};

}  // namespace coracle::cli::format
