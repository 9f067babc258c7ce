// SPDX-License-Identifier: Apache-2.0
// Recursive descent over the tokens; the grammar and the messages are those of Go's
// text/template/parse.
#include "cli/format/template_parser.hpp"

#include <fmt/core.h>
#include <utility>

#include "cli/format/pipeline_parser.hpp"
#include "cli/format/token_cursor.hpp"

namespace coracle::cli::format {
namespace {

bool is_word(const Token& token, std::string_view word) {
  return token.kind == TokenKind::keyword && token.text == word;
}

/// Text, actions and the branches that they make.
class Parser {
 public:
  Parser(std::string_view source, std::string_view name,
         const PipelineParser::IsFunction& is_function)
      : cursor_(source, name), pipelines_(cursor_, is_function) {}

  ParsedTemplate run() {
    result_.source = cursor_.source();
    while (cursor_.current().kind != TokenKind::end_of_text) {
      if (cursor_.at_action("define")) {
        parse_definition();
      } else {
        parse_node(result_.main);
        if (closer_ != nullptr) {
          cursor_.fail_at(*closer_, fmt::format("unexpected {{{{{}}}}}", closer_->text));
        }
      }
    }
    return std::move(result_);
  }

 private:
  /// Text or one action. Sets closer_ instead when it meets {{end}} or {{else}}.
  void parse_node(NodeList& list) {
    closer_ = nullptr;
    const Token& token = cursor_.next();
    if (token.kind == TokenKind::text) {
      list.push_back({Node::Kind::text,
                      {token.offset, token.offset + token.text.size()},
                      std::string(token.text),
                      nullptr,
                      {},
                      {}});
      return;
    }
    if (token.kind != TokenKind::left_delim) cursor_.unexpected(token, "input");
    const TokenCursor::Nested nested(cursor_);
    const Token& word = cursor_.peek_non_space();
    if (word.kind != TokenKind::keyword) return parse_action(list);
    cursor_.next();
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
      cursor_.expect(TokenKind::right_delim, "end");
      closer_ = &word;
    } else if (word.text == "else") {
      // What follows `else` is left for the branch that it belongs to.
      closer_ = &word;
    } else {
      cursor_.unexpected(word, "command");  // define, which belongs to the top level
    }
  }

  void parse_action(NodeList& list) {
    Node node{Node::Kind::action, {}, {}, nullptr, {}, {}};
    node.pipeline = pipelines_.parse("command", TokenKind::right_delim);
    node.span = node.pipeline->span;
    list.push_back(std::move(node));
  }

  /// Up to {{end}} or {{else}}, which closer_ then names.
  NodeList parse_list(const Token& opener) {
    NodeList list;
    while (true) {
      if (cursor_.current().kind == TokenKind::end_of_text)
        cursor_.fail_at(opener, "unexpected EOF");
      parse_node(list);
      if (closer_ != nullptr) return list;
    }
  }

  Node parse_branch(Node::Kind kind, const Token& word) {
    const std::size_t scope = pipelines_.scope();
    Node node{kind, {}, {}, nullptr, {}, {}};
    node.pipeline = pipelines_.parse(word.text, TokenKind::right_delim);
    node.span = node.pipeline->span;
    if (kind == Node::Kind::range) ++range_depth_;
    node.body = parse_list(word);
    if (kind == Node::Kind::range) --range_depth_;
    if (is_word(*closer_, "else")) parse_else(node, word);
    pipelines_.leave(scope);
    closer_ = nullptr;
    return node;
  }

  void parse_else(Node& node, const Token& word) {
    const Token& after = cursor_.peek_non_space();
    const bool chained = (node.kind == Node::Kind::if_ && is_word(after, "if")) ||
                         (node.kind == Node::Kind::with && is_word(after, "with"));
    if (chained) {
      // {{else if}} shares the {{end}} of the outer one.
      const TokenCursor::Nested nested(cursor_);
      cursor_.next();
      node.otherwise.push_back(parse_branch(node.kind, after));
      return;
    }
    cursor_.expect(TokenKind::right_delim, "else");
    node.otherwise = parse_list(word);
    if (!is_word(*closer_, "end")) {
      cursor_.fail_at(*closer_, fmt::format("expected end; found {{{{{}}}}}", closer_->text));
    }
  }

  Node parse_jump(const Token& word) {
    cursor_.expect(TokenKind::right_delim, word.text);
    if (range_depth_ == 0) {
      cursor_.fail_at(word, fmt::format("{{{{{}}}}} outside {{{{range}}}}", word.text));
    }
    const auto kind = word.text == "break" ? Node::Kind::break_ : Node::Kind::continue_;
    return {kind, {word.offset, word.offset + word.text.size()}, {}, nullptr, {}, {}};
  }

  std::string parse_name(std::string_view context) {
    const Token& token = cursor_.next_non_space();
    if (token.kind != TokenKind::string && token.kind != TokenKind::raw_string) {
      cursor_.unexpected(token, context);
    }
    return pipelines_.unquote(token);
  }

  Node parse_call(const Token& word) {
    Node node{Node::Kind::call, {word.offset, 0}, parse_name("template clause"), nullptr, {}, {}};
    node.span.end = cursor_.previous_end();
    if (cursor_.peek_non_space().kind == TokenKind::right_delim) {
      cursor_.next();
    } else {
      node.pipeline = pipelines_.parse("template clause", TokenKind::right_delim);
      node.span.end = node.pipeline->span.end;
    }
    return node;
  }

  /// {{block "name" pipeline}} is a definition and a call of it.
  Node parse_block(const Token& word) {
    Node node{Node::Kind::call, {word.offset, 0}, parse_name("block clause"), nullptr, {}, {}};
    node.pipeline = pipelines_.parse("block clause", TokenKind::right_delim);
    node.span.end = node.pipeline->span.end;
    parse_definition_body(node.text, word);
    return node;
  }

  void parse_definition() {
    cursor_.next();
    const Token& word = cursor_.next_non_space();
    const std::string name = parse_name("define clause");
    cursor_.expect(TokenKind::right_delim, "define clause");
    parse_definition_body(name, word);
  }

  void parse_definition_body(const std::string& name, const Token& word) {
    // A definition sees neither the variables nor the loops around it.
    auto variables = pipelines_.enter_definition();
    const int range_depth = std::exchange(range_depth_, 0);
    NodeList body = parse_list(word);
    if (!is_word(*closer_, "end")) cursor_.unexpected(*closer_, word.text);
    closer_ = nullptr;
    pipelines_.leave_definition(std::move(variables));
    range_depth_ = range_depth;
    result_.definitions.insert_or_assign(name, std::move(body));
  }

  TokenCursor cursor_;
  PipelineParser pipelines_;
  const Token* closer_ = nullptr;
  int range_depth_ = 0;
  ParsedTemplate result_;
};

}  // namespace

ParsedTemplate parse_template(std::string_view source, std::string_view name,
                              const std::function<bool(std::string_view)>& is_function) {
  return Parser(source, name, is_function).run();
}

}  // namespace coracle::cli::format
