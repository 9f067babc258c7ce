// SPDX-License-Identifier: Apache-2.0
// A command, from its row in the table to the call.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/argument_parser.hpp"
#include "cli/completion_kind.hpp"
#include "cli/global_options.hpp"
#include "cli/option_set.hpp"
#include "cli/output.hpp"

namespace coracle::cli {

class Command;
struct CommandRow;
using CommandTable = std::span<const CommandRow>;

/// What a command does, named once for all the paths that lead to it.
struct Verb {
  std::string_view summary;
  void (*setup)(Command&) = nullptr;  ///< none: a group of commands
};

/// One line of the command table.
struct CommandRow {
  std::string_view path;     ///< "container kill"
  std::string_view aliases;  ///< other last words, separated by spaces: "ls list"
  Verb verb;
  bool hidden = false;  ///< works, and is not listed
};

/// What a running command works with.
struct CommandContext {
  const GlobalOptions& global;
  std::vector<std::string> arguments;
  Output& out;
  Output& err;
  int input;                              ///< descriptor of standard input
  std::string program;                    ///< argv[0]
  std::vector<std::string> command_line;  ///< everything that was typed
  CommandTable table;
  CompletionSource* completions = nullptr;  ///< none: only commands and options are completed
};

/// How many arguments there must be, and what is said otherwise.
class ArgumentRule {
 public:
  ArgumentRule() = default;
  static ArgumentRule any() { return {}; }
  static ArgumentRule none() { return {0, 0}; }
  static ArgumentRule exactly(std::size_t count) { return {count, count}; }
  static ArgumentRule at_least(std::size_t count) { return {count, k_no_limit}; }
  static ArgumentRule at_most(std::size_t count) { return {0, count}; }
  static ArgumentRule between(std::size_t least, std::size_t most) { return {least, most}; }
  /// Replaces the message for too few: "you must provide at least one name or id".
  ArgumentRule& or_say(std::string_view message) {
    message_ = message;
    return *this;
  }
  /// @throws Error invalid_argument in podman's words
  void check(std::string_view path, std::size_t count) const;

 private:
  static constexpr std::size_t k_no_limit = static_cast<std::size_t>(-1);
  ArgumentRule(std::size_t least, std::size_t most) : least_(least), most_(most) {}
  std::size_t least_ = 0;
  std::size_t most_ = k_no_limit;
  std::string_view message_;
};

/// Filled by a command's setup function: options, help, and what to do.
class Command {
 public:
  using Action = std::function<int(CommandContext&)>;

  explicit Command(const CommandRow& row) : row_(&row) {}

  /// Values that the options fill; they live as long as the command.
  template <typename Values>
  Values& values() {
    auto values = std::make_shared<Values>();
    values_.push_back(values);
    return *values;
  }

  OptionSet& options() noexcept { return options_; }
  /// What follows the command's path in its usage: "[options] CONTAINER [CONTAINER...]".
  Command& usage(std::string_view text);
  /// The paragraph of --help; the summary if there is none.
  Command& describe(std::string_view text);
  /// A line without the program's name: "kill --signal TERM ctrID".
  Command& example(std::string_view text);
  Command& arguments(ArgumentRule rule, CompletionKind kind = CompletionKind::none);
  /// Of the first argument only, when the others are something else.
  Command& first_argument(CompletionKind kind);
  Command& argument_choices(std::initializer_list<std::string_view> choices);
  /// As run, create and exec do: what follows the first argument is not ours.
  Command& options_end_at_first_argument();
  /// Passes every word on as an argument.
  Command& takes_raw_arguments();
  /// Returns the exit code.
  Command& run(Action action);

  const CommandRow& row() const noexcept { return *row_; }
  std::string_view path() const noexcept { return row_->path; }
  std::string_view usage_text() const noexcept { return usage_; }
  std::string_view description() const noexcept;
  const std::vector<std::string_view>& examples() const noexcept { return examples_; }
  const ArgumentRule& argument_rule() const noexcept { return rule_; }
  CompletionKind completion_of(std::size_t argument) const noexcept;
  const std::vector<std::string_view>& allowed_arguments() const noexcept { return choices_; }
  OptionsEnd options_end() const noexcept { return end_; }
  bool is_raw() const noexcept { return raw_; }
  int execute(CommandContext& context) const { return action_(context); }

 private:
  const CommandRow* row_;
  OptionSet options_;
  std::vector<std::shared_ptr<void>> values_;
  std::string_view usage_ = "[options]";
  std::string_view description_;
  std::vector<std::string_view> examples_;
  std::vector<std::string_view> choices_;
  ArgumentRule rule_;
  CompletionKind first_kind_ = CompletionKind::none;
  CompletionKind kind_ = CompletionKind::none;
  OptionsEnd end_ = OptionsEnd::at_double_dash;
  bool raw_ = false;
  Action action_;
};

}  // namespace coracle::cli
