// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.hpp"

#include <array>
#include <optional>

#include "cli/command_table.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

class Completer {
 public:
  Completer(CommandTable table, CompletionSource* source) : table_(table), source_(source) {
    declare_global_options(global_set_, global_);
  }

  Completions run(std::span<const std::string> words) {
    if (words.empty()) return {};
    for (const std::string& word : words.first(words.size() - 1)) {
      if (!pass(word)) return std::move(result_);
    }
    complete(words.back());
    return std::move(result_);
  }

 private:
  Option* find(std::string_view name) {
    Option* option = command_ ? command_->options().find(name) : nullptr;
    return option != nullptr ? option : global_set_.find(name);
  }
  Option* find_letter(char letter) {
    Option* option = command_ ? command_->options().find_letter(letter) : nullptr;
    return option != nullptr ? option : global_set_.find_letter(letter);
  }

  /// Goes over a finished word. False when nothing can be completed behind it.
  bool pass(const std::string& word) {
    if (waiting_ != nullptr) {
      set_quietly(*waiting_, word);
      waiting_ = nullptr;
      return true;
    }
    if (options_ended_ || word.size() < 2 || word[0] != '-') return pass_argument(word);
    if (word == "--") {
      options_ended_ = true;
    } else if (word[1] == '-') {
      pass_long_option(std::string_view(word).substr(2));
    } else {
      pass_letters(std::string_view(word).substr(1));
    }
    return true;
  }

  /// --root and its kind decide where containers and images are looked for.
  static void set_quietly(Option& option, std::string_view value) {
    try {
      option.set(value);
    } catch (const std::exception&) {
      // A half typed command line is no error.
    }
  }

  void pass_long_option(std::string_view text) {
    const auto parts = split_once(text, '=');
    Option* option = find(parts ? parts->first : text);
    if (option == nullptr) return;
    if (parts) {
      set_quietly(*option, parts->second);
    } else if (option->arity() == Option::Arity::value) {
      waiting_ = option;
    }
  }

  void pass_letters(std::string_view bundle) {
    for (std::size_t i = 0; i < bundle.size(); ++i) {
      Option* option = find_letter(bundle[i]);
      if (option == nullptr || option->arity() == Option::Arity::flag) continue;
      if (i + 1 == bundle.size() && option->arity() == Option::Arity::value) waiting_ = option;
      return;
    }
  }

  bool pass_argument(const std::string& word) {
    if (command_) {
      ++arguments_;
      if (command_->options_end() == OptionsEnd::at_first_argument) options_ended_ = true;
      return true;
    }
    row_ = find_row(table_, row_ == nullptr ? "" : row_->path, word);
    if (row_ == nullptr) return false;
    if (row_->verb.setup != nullptr) {
      command_.emplace(*row_);
      row_->verb.setup(*command_);
      if (command_->completion_of(0) == CompletionKind::subcommand) {
        command_.reset();
        row_ = nullptr;
      }
    }
    return true;
  }

  void complete(const std::string& word) {
    if (waiting_ != nullptr) return complete_value(*waiting_, word, "");
    if (!options_ended_ && word.starts_with("-")) return complete_option(word);
    if (!command_) return complete_command(word);
    complete_argument(word);
  }

  void offer(std::string text, std::string_view description, std::string_view prefix) {
    if (text.starts_with(prefix))
      result_.candidates.push_back({std::move(text), std::string(description)});
  }

  void complete_command(std::string_view word) {
    for (const CommandRow* row : rows_in(table_, row_ == nullptr ? "" : row_->path)) {
      if (!row->hidden) offer(std::string(last_word(row->path)), row->verb.summary, word);
    }
  }

  void complete_option(const std::string& word) {
    const auto parts = split_once(word, '=');
    if (parts && word.starts_with("--")) {
      Option* option = find(parts->first.substr(2));
      if (option != nullptr)
        complete_value(*option, parts->second, std::string(parts->first) + "=");
      return;
    }
    if (command_) offer_options(command_->options(), word);
    if (!command_ || word.starts_with("--")) offer_options(global_set_, word);
    offer("--help", "Show help", word);
  }

  void offer_options(const OptionSet& set, std::string_view word) {
    for (const Option& option : set.all()) {
      if (option.is_hidden()) continue;
      const auto newline = option.help().find('\n');
      const std::string_view help = option.help().substr(0, newline);
      offer("--" + std::string(option.name()), help, word);
      if (word == "-" && option.letter() != '\0')
        offer(std::string("-") + option.letter(), help, word);
    }
  }

  /// @param head  what stands before the value in the same word: "--format="
  void complete_value(const Option& option, std::string_view word, const std::string& head) {
    for (const std::string_view choice : option.allowed()) {
      if (choice.starts_with(word)) offer(head + std::string(choice), "", head);
    }
    if (option.allowed().empty()) complete_kind(option.completion(), word, head);
  }

  void complete_argument(std::string_view word) {
    for (const std::string_view choice : command_->allowed_arguments()) {
      if (arguments_ == 0) offer(std::string(choice), "", word);
    }
    complete_kind(command_->completion_of(arguments_), word, "");
  }

  void complete_kind(CompletionKind kind, std::string_view word, const std::string& head) {
    switch (kind) {
      case CompletionKind::none:
      case CompletionKind::subcommand: return;
      case CompletionKind::file:
      case CompletionKind::command: result_.directive = CompletionDirective::files; return;
      case CompletionKind::directory: result_.directive = CompletionDirective::directories; return;
      case CompletionKind::container:
      case CompletionKind::running_container:
      case CompletionKind::stopped_container:
      case CompletionKind::image:
      case CompletionKind::container_or_image:
      case CompletionKind::volume:
      case CompletionKind::network:
      case CompletionKind::pod:
      case CompletionKind::secret: break;
    }
    if (source_ == nullptr) return;
    for (Candidate& candidate : source_->candidates(kind, word, global_)) {
      if (candidate.text.starts_with(word))
        offer(head + candidate.text, candidate.description, head);
    }
  }

  CommandTable table_;
  CompletionSource* source_;
  GlobalOptions global_;
  OptionSet global_set_;
  const CommandRow* row_ = nullptr;
  std::optional<Command> command_;
  Option* waiting_ = nullptr;  ///< the option whose value comes next
  bool options_ended_ = false;
  std::size_t arguments_ = 0;
  Completions result_;
};

}  // namespace

Completions complete_words(CommandTable table, CompletionSource* source,
                           std::span<const std::string> words) {
  return Completer(table, source).run(words);
}

}  // namespace coracle::cli
