// SPDX-License-Identifier: Apache-2.0
#include "cli/argument_parser.hpp"

#include <optional>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorClass::invalid_argument, std::move(message));
}

class Parser {
 public:
  Parser(std::span<const std::string> words, std::span<OptionSet* const> sets, OptionsEnd end)
      : words_(words), sets_(sets), end_(end) {}

  ParsedArguments run() {
    while (!words_.empty() && !result_.help) {
      const std::string_view word = take();
      if (word.size() < 2 || word[0] != '-') {
        result_.positionals.emplace_back(word);
        if (end_ == OptionsEnd::at_first_argument) take_rest();
      } else if (word == "--") {
        take_rest();
      } else if (word[1] == '-') {
        long_option(word.substr(2));
      } else {
        letters(word.substr(1));
      }
    }
    return std::move(result_);
  }

 private:
  std::string_view take() {
    const std::string_view word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  void take_rest() {
    result_.positionals.insert(result_.positionals.end(), words_.begin(), words_.end());
    words_ = {};
  }

  Option* find(std::string_view name) const {
    for (OptionSet* set : sets_) {
      if (Option* option = set->find(name)) return option;
    }
    return nullptr;
  }

  Option* find_letter(char letter) const {
    for (OptionSet* set : sets_) {
      if (Option* option = set->find_letter(letter)) return option;
    }
    return nullptr;
  }

  [[noreturn]] void fail_unknown(std::string_view name) const {
    std::vector<std::string> names;
    for (const OptionSet* set : sets_) {
      for (const Option& option : set->all()) {
        if (!option.is_hidden()) names.emplace_back(option.name());
      }
    }
    Error error(ErrorClass::invalid_argument, "unknown flag: --{}", name);
    if (const auto match = nearest_match(name, names)) {
      error.set_hint("Did you mean '--" + *match + "'?");
    }
    throw error;
  }

  /// What an option means that stands alone; nothing if it needs a value.
  static std::optional<std::string_view> implied_value(const Option& option) {
    switch (option.arity()) {
      case Option::Arity::flag: return "true";
      case Option::Arity::optional_value: return option.implied_value();
      case Option::Arity::value: break;
    }
    return std::nullopt;
  }

  void long_option(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('=')) {
      fail(fmt::format("bad flag syntax: --{}", text));
    }
    const auto parts = split_once(text, '=');
    const std::string_view name = parts ? parts->first : text;
    Option* option = find(name);
    if (option == nullptr && name == "help") {
      result_.help = true;
    } else if (option == nullptr) {
      fail_unknown(name);
    } else if (parts) {
      option->set(parts->second);
    } else if (const auto implied = implied_value(*option)) {
      option->set(*implied);
    } else if (words_.empty()) {
      fail(fmt::format("flag needs an argument: --{}", name));
    } else {
      option->set(take());
    }
  }

  /// "-itv/a:/b": flags, and at most one option with a value at the end.
  void letters(std::string_view bundle) {
    std::string_view rest = bundle;
    while (!rest.empty()) {
      const char letter = rest.front();
      Option* option = find_letter(letter);
      rest.remove_prefix(1);
      if (option == nullptr && letter == 'h') {
        result_.help = true;
        return;
      }
      if (option == nullptr)
        fail(fmt::format("unknown shorthand flag: {:?} in -{}", letter, bundle));
      if (rest.size() > 1 && rest.front() == '=') {
        option->set(rest.substr(1));
        return;
      }
      if (const auto implied = implied_value(*option)) {
        option->set(*implied);
        continue;
      }
      if (!rest.empty()) {
        option->set(rest);
      } else if (words_.empty()) {
        fail(fmt::format("flag needs an argument: {:?} in -{}", letter, bundle));
      } else {
        option->set(take());
      }
      return;
    }
  }

  std::span<const std::string> words_;
  std::span<OptionSet* const> sets_;
  OptionsEnd end_;
  ParsedArguments result_;
};

}  // namespace

ParsedArguments parse_arguments(std::span<const std::string> words,
                                std::span<OptionSet* const> sets, OptionsEnd end) {
  return Parser(words, sets, end).run();
}

}  // namespace coracle::cli
