// SPDX-License-Identifier: Apache-2.0
// A parsed template. Spans are byte offsets into the source, for messages.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coracle/base/json_value.hpp"

namespace coracle::cli::format {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Pipeline;

struct FieldName {
  std::string name;
  std::size_t offset = 0;  ///< of its point
};

/// One word of a command.
struct Operand {
  enum class Kind { dot, nil, constant, field, variable, function, pipeline };

  Kind kind = Kind::dot;
  Span span;
  Json constant;                       ///< constant: a bool, number or string
  std::string name;                    ///< variable (with its $) or function
  std::shared_ptr<Pipeline> pipeline;  ///< (parenthesised)
  /// The chain behind it: .A.B of a field, $x.A.B, (pipeline).A.B
  std::vector<FieldName> fields;
};

struct Command {
  std::vector<Operand> operands;
  Span span;
};

/// $i, $v := first | second
struct Pipeline {
  std::vector<std::string> variables;
  bool assigns = false;  ///< `=` instead of `:=`
  std::vector<Command> commands;
  Span span;
};

struct Node;
using NodeList = std::vector<Node>;

struct Node {
  enum class Kind { text, action, if_, range, with, call, break_, continue_ };

  Kind kind = Kind::text;
  Span span;
  std::string text;  ///< of text; the name of what a call calls
  std::shared_ptr<Pipeline> pipeline;
  NodeList body;
  NodeList otherwise;
};

struct ParsedTemplate {
  std::string source;
  NodeList main;
  std::map<std::string, NodeList, std::less<>> definitions;  ///< {{define "name"}}
};

}  // namespace coracle::cli::format
