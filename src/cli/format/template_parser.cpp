// SPDX-License-Identifier: Apache-2.0
// Recursive descent over the tokens; the grammar and the messages are those of Go's
// text/template/parse.
#include "cli/format/template_parser.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/format/template_lexer.hpp"
#include "coracle/base/error.hpp"

namespace coracle::cli::format {
namespace {

/// Deeper nesting is no template a person wrote, and would cost us the stack.
constexpr int k_max_depth = 200;

bool is_word(const Token& token, std::string_view word) {
  return token.kind == TokenKind::keyword && token.text == word;
}

std::string describe(const Token& token) {
  if (token.kind == TokenKind::end_of_text) return "EOF";
  if (token.kind == TokenKind::keyword) return fmt::format("<{}>", token.text);
  constexpr std::size_t k_shown = 10;
  if (token.text.size() > k_shown) return fmt::format("{:?}...", token.text.substr(0, k_shown));
  return fmt::format("{:?}", token.text);
}

class Parser {
 public:
  Parser(std::string_view source, std::string_view name,
         const std::function<bool(std::string_view)>& is_function)
      : source_(source),
        name_(name),
        is_function_(is_function),
        tokens_(lex_template(source, name)) {}

  ParsedTemplate run() {
    result_.source = source_;
    while (current().kind != TokenKind::end_of_text) {
      if (at_definition()) {
        parse_definition();
      } else {
        parse_node(result_.main);
        if (closer_) fail_at(*closer_, fmt::format("unexpected {{{{{}}}}}", closer_->text));
      }
    }
    return std::move(result_);
  }

 private:
  // --- tokens ---
  const Token& current() const { return tokens_[at_]; }
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  void skip_space() {
    while (current().kind == TokenKind::space) ++at_;
  }
  const Token& peek_non_space() {
    skip_space();
    return current();
  }
  const Token& next_non_space() {
    skip_space();
    return next();
  }
  std::size_t previous_end() const {
    std::size_t at = at_ - 1;
    while (at > 0 && tokens_[at].kind == TokenKind::space) --at;
    return tokens_[at].offset + tokens_[at].text.size();
  }

  [[noreturn]] void fail_at(const Token& token, std::string_view message) const {
    throw Error(ErrorClass::invalid_argument, "template: {}:{}: {}", name_,
                line_of(source_, token.offset), message);
  }
  [[noreturn]] void unexpected(const Token& token, std::string_view context) const {
    fail_at(token, fmt::format("unexpected {} in {}", describe(token), context));
  }
  const Token& expect(TokenKind kind, std::string_view context) {
    const Token& token = next_non_space();
    if (token.kind != kind) unexpected(token, context);
    return token;
  }

  // --- nodes ---
  struct DepthGuard {
    explicit DepthGuard(Parser& owner) : parser(owner) {
      if (++parser.depth_ > k_max_depth) parser.fail_at(parser.current(), "nested too deep");
    }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;
    ~DepthGuard() { --parser.depth_; }
    Parser& parser;
  };

  /// Text or one action. Sets closer_ instead when it meets {{end}} or {{else}}.
  void parse_node(NodeList& list) {
    closer_ = nullptr;
    const Token& token = next();
    if (token.kind == TokenKind::text) {
      list.push_back({Node::Kind::text,
                      {token.offset, token.offset + token.text.size()},
                      std::string(token.text),
                      nullptr,
                      {},
                      {}});
      return;
    }
    if (token.kind != TokenKind::left_delim) unexpected(token, "input");
    const DepthGuard guard(*this);
    const Token& word = peek_non_space();
    if (word.kind != TokenKind::keyword) return parse_action(list);
    next();
    parse_keyword(word, list);
  }

  void parse_keyword(const Token& word, NodeList& list) {
    if (word.text == "if") return list.push_back(parse_branch(Node::Kind::if_, word));
    if (word.text == "range") return list.push_back(parse_branch(Node::Kind::range, word));
    if (word.text == "with") return list.push_back(parse_branch(Node::Kind::with, word));
    if (word.text == "template") return list.push_back(parse_call(word));
    if (word.text == "block") return list.push_back(parse_block(word));
    if (word.text == "break" || word.text == "continue") return list.push_back(parse_jump(word));
    if (word.text == "end") {
      expect(TokenKind::right_delim, "end");
      closer_ = &word;
    } else if (word.text == "else") {
      // What follows `else` is left for the branch that it belongs to.
      closer_ = &word;
    } else {
      unexpected(word, "command");  // define, which belongs to the top level
    }
  }

  void parse_action(NodeList& list) {
    Node node{Node::Kind::action, {}, {}, nullptr, {}, {}};
    node.pipeline = parse_pipeline("command", TokenKind::right_delim);
    node.span = node.pipeline->span;
    list.push_back(std::move(node));
  }

  /// Up to {{end}} or {{else}}, which closer_ then names.
  NodeList parse_list(const Token& opener) {
    NodeList list;
    while (true) {
      if (current().kind == TokenKind::end_of_text) fail_at(opener, "unexpected EOF");
      parse_node(list);
      if (closer_) return list;
    }
  }

  Node parse_branch(Node::Kind kind, const Token& word) {
    const std::size_t scope = variables_.size();
    Node node{kind, {}, {}, nullptr, {}, {}};
    node.pipeline = parse_pipeline(word.text, TokenKind::right_delim);
    node.span = node.pipeline->span;
    if (kind == Node::Kind::range) ++range_depth_;
    node.body = parse_list(word);
    if (kind == Node::Kind::range) --range_depth_;
    if (is_word(*closer_, "else")) parse_else(node, word);
    variables_.resize(scope);
    closer_ = nullptr;
    return node;
  }

  void parse_else(Node& node, const Token& word) {
    const Token& after = peek_non_space();
    const bool chained = (node.kind == Node::Kind::if_ && is_word(after, "if")) ||
                         (node.kind == Node::Kind::with && is_word(after, "with"));
    if (chained) {
      // {{else if}} shares the {{end}} of the outer one.
      const DepthGuard guard(*this);
      next();
      node.otherwise.push_back(parse_branch(node.kind, after));
      return;
    }
    expect(TokenKind::right_delim, "else");
    node.otherwise = parse_list(word);
    if (!is_word(*closer_, "end")) {
      fail_at(*closer_, fmt::format("expected end; found {{{{{}}}}}", closer_->text));
    }
  }

  Node parse_jump(const Token& word) {
    expect(TokenKind::right_delim, word.text);
    if (range_depth_ == 0)
      fail_at(word, fmt::format("{{{{{}}}}} outside {{{{range}}}}", word.text));
    const auto kind = word.text == "break" ? Node::Kind::break_ : Node::Kind::continue_;
    return {kind, {word.offset, word.offset + word.text.size()}, {}, nullptr, {}, {}};
  }

  std::string parse_name(std::string_view context) {
    const Token& token = next_non_space();
    if (token.kind != TokenKind::string && token.kind != TokenKind::raw_string) {
      unexpected(token, context);
    }
    return unquote(token);
  }

  Node parse_call(const Token& word) {
    Node node{Node::Kind::call, {word.offset, 0}, parse_name("template clause"), nullptr, {}, {}};
    if (peek_non_space().kind == TokenKind::right_delim) {
      next();
    } else {
      node.pipeline = parse_pipeline("template clause", TokenKind::right_delim);
    }
    node.span.end = previous_end();
    return node;
  }

  /// {{block "name" pipeline}} is a definition and a call of it.
  Node parse_block(const Token& word) {
    Node node{Node::Kind::call, {word.offset, 0}, parse_name("block clause"), nullptr, {}, {}};
    node.pipeline = parse_pipeline("block clause", TokenKind::right_delim);
    node.span.end = node.pipeline->span.end;
    parse_definition_body(node.text, word);
    return node;
  }

  bool at_definition() {
    if (current().kind != TokenKind::left_delim) return false;
    std::size_t at = at_ + 1;
    while (tokens_[at].kind == TokenKind::space) ++at;
    return is_word(tokens_[at], "define");
  }

  void parse_definition() {
    next();
    const Token& word = next_non_space();
    const std::string name = parse_name("define clause");
    expect(TokenKind::right_delim, "define clause");
    parse_definition_body(name, word);
  }

  void parse_definition_body(const std::string& name, const Token& word) {
    // A definition sees neither the variables nor the loops around it.
    auto variables = std::exchange(variables_, {"$"});
    const int range_depth = std::exchange(range_depth_, 0);
    NodeList body = parse_list(word);
    if (!is_word(*closer_, "end")) unexpected(*closer_, word.text);
    closer_ = nullptr;
    variables_ = std::move(variables);
    range_depth_ = range_depth;
    result_.definitions.insert_or_assign(name, std::move(body));
  }

  // --- pipelines ---
  std::shared_ptr<Pipeline> parse_pipeline(std::string_view context, TokenKind end) {
    const DepthGuard guard(*this);
    auto pipeline = std::make_shared<Pipeline>();
    pipeline->span.begin = peek_non_space().offset;
    parse_declarations(*pipeline, context);
    while (true) {
      const Token& token = next_non_space();
      if (token.kind == end) break;
      switch (token.kind) {
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
        case TokenKind::left_paren:
          --at_;
          parse_command(*pipeline);
          break;
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
        case TokenKind::comma:
          unexpected(token, context);
      }
    }
    check_pipeline(*pipeline, context);
    pipeline->span.end = pipeline->commands.back().span.end;
    return pipeline;
  }

  void parse_declarations(Pipeline& pipeline, std::string_view context) {
    const std::size_t begin = at_;
    std::vector<std::string> names;
    while (peek_non_space().kind == TokenKind::variable) {
      names.emplace_back(next().text);
      const Token& after = peek_non_space();
      if (after.kind == TokenKind::declare || after.kind == TokenKind::assign) {
        next();
        return declare(pipeline, std::move(names), after);
      }
      if (after.kind != TokenKind::comma) break;
      next();
      if (context != "range" || names.size() > 1) {
        fail_at(after, fmt::format("too many declarations in {}", context));
      }
      const TokenKind kind = peek_non_space().kind;
      if (kind != TokenKind::variable && kind != TokenKind::right_delim &&
          kind != TokenKind::right_paren) {
        fail_at(after, "range can only initialize variables");
      }
    }
    at_ = begin;  // It was an operand after all.
  }

  void declare(Pipeline& pipeline, std::vector<std::string> names, const Token& sign) {
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

  void check_variable(std::string_view name, const Token& token) const {
    if (std::ranges::find(variables_, name) == variables_.end()) {
      fail_at(token, fmt::format("undefined variable {:?}", name));
    }
  }

  void check_pipeline(const Pipeline& pipeline, std::string_view context) const {
    if (pipeline.commands.empty()) {
      fail_at(tokens_[at_ - 1], fmt::format("missing value for {}", context));
    }
    for (std::size_t i = 1; i < pipeline.commands.size(); ++i) {
      switch (pipeline.commands[i].operands.front().kind) {
        case Operand::Kind::dot:
        case Operand::Kind::nil:
        case Operand::Kind::constant:
          fail_at(tokens_[at_ - 1],
                  fmt::format("non executable command in pipeline stage {}", i + 1));
        case Operand::Kind::field:
        case Operand::Kind::variable:
        case Operand::Kind::function:
        case Operand::Kind::pipeline:
          break;
      }
    }
  }

  void parse_command(Pipeline& pipeline) {
    Command command;
    command.span.begin = current().offset;
    while (true) {
      skip_space();
      if (auto operand = try_parse_operand()) command.operands.push_back(std::move(*operand));
      const Token& token = next();
      if (token.kind == TokenKind::space) continue;
      if (token.kind == TokenKind::right_delim || token.kind == TokenKind::right_paren) {
        --at_;
      } else if (token.kind != TokenKind::pipe) {
        unexpected(token, "operand");
      }
      command.span.end = previous_end();
      if (token.kind == TokenKind::pipe) {
        const TokenKind after = peek_non_space().kind;
        if (after == TokenKind::right_delim || after == TokenKind::right_paren) {
          fail_at(current(), "missing value for command");
        }
        command.span.end =
            command.operands.empty() ? token.offset : command.operands.back().span.end;
      }
      break;
    }
    if (command.operands.empty()) fail_at(tokens_[at_ - 1], "empty command");
    pipeline.commands.push_back(std::move(command));
  }

  std::optional<Operand> try_parse_operand() {
    auto operand = try_parse_term();
    if (!operand) return std::nullopt;
    while (current().kind == TokenKind::field) {
      switch (operand->kind) {
        case Operand::Kind::constant:
        case Operand::Kind::nil:
        case Operand::Kind::dot:
          fail_at(current(), fmt::format("unexpected . after term {:?}",
                                         source_.substr(operand->span.begin,
                                                        operand->span.end - operand->span.begin)));
        case Operand::Kind::field:
        case Operand::Kind::variable:
        case Operand::Kind::function:
        case Operand::Kind::pipeline:
          break;
      }
      const Token& field = next();
      operand->fields.push_back({std::string(field.text.substr(1)), field.offset});
      operand->span.end = field.offset + field.text.size();
    }
    return operand;
  }

  std::string unquote(const Token& token) const {
    try {
      return unquote_go_string(token.text);
    } catch (const Error& error) {
      fail_at(token, error.message());
    }
  }

  Json constant_of(const Token& token) const {
    try {
      if (token.kind == TokenKind::number) return parse_go_number(token.text);
      if (token.kind == TokenKind::character) return unquote_go_character(token.text);
      if (token.kind == TokenKind::boolean) return token.text == "true";
      return unquote_go_string(token.text);
    } catch (const Error& error) {
      fail_at(token, error.message());
    }
  }

  std::optional<Operand> try_parse_term() {
    const Token& token = next();
    Operand operand;
    operand.span = {token.offset, token.offset + token.text.size()};
    switch (token.kind) {
      case TokenKind::identifier:
        if (!is_function_(token.text)) {
          fail_at(token, fmt::format("function {:?} not defined", token.text));
        }
        operand.kind = Operand::Kind::function;
        operand.name = token.text;
        return operand;
      case TokenKind::dot:
        operand.kind = Operand::Kind::dot;
        return operand;
      case TokenKind::nil:
        operand.kind = Operand::Kind::nil;
        return operand;
      case TokenKind::variable:
        check_variable(token.text, token);
        operand.kind = Operand::Kind::variable;
        operand.name = token.text;
        return operand;
      case TokenKind::field:
        operand.kind = Operand::Kind::field;
        operand.fields.push_back({std::string(token.text.substr(1)), token.offset});
        return operand;
      case TokenKind::boolean:
      case TokenKind::character:
      case TokenKind::number:
      case TokenKind::string:
      case TokenKind::raw_string:
        operand.kind = Operand::Kind::constant;
        operand.constant = constant_of(token);
        return operand;
      case TokenKind::left_paren:
        operand.kind = Operand::Kind::pipeline;
        operand.pipeline = parse_pipeline("parenthesized pipeline", TokenKind::right_paren);
        operand.span.end = previous_end();
        return operand;
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
      case TokenKind::comma:
        break;
    }
    if (token.kind != TokenKind::end_of_text) --at_;
    return std::nullopt;
  }

  std::string_view source_;
  std::string_view name_;
  const std::function<bool(std::string_view)>& is_function_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int range_depth_ = 0;
  const Token* closer_ = nullptr;
  std::vector<std::string> variables_ = {"$"};
  ParsedTemplate result_;
};

}  // namespace

ParsedTemplate parse_template(std::string_view source, std::string_view name,
                              const std::function<bool(std::string_view)>& is_function) {
  return Parser(source, name, is_function).run();
}

}  // namespace coracle::cli::format
