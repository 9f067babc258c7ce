// SPDX-License-Identifier: Apache-2.0
#include "cli/command.hpp"

#include "coracle/base/error.hpp"

namespace coracle::cli {

void ArgumentRule::check(std::string_view path, std::size_t count) const {
  if (count >= least_ && count <= most_) return;
  const auto fail = [](std::string message) {
    throw Error(ErrorClass::invalid_argument, std::move(message));
  };
  if (count < least_ && !message_.empty()) fail(std::string(message_));
  if (most_ == 0) fail(fmt::format("`coracle {}` takes no arguments", path));
  if (least_ == most_) fail(fmt::format("accepts {} arg(s), received {}", least_, count));
  if (most_ == k_no_limit) {
    fail(fmt::format("requires at least {} arg(s), only received {}", least_, count));
  }
  if (least_ == 0) fail(fmt::format("accepts at most {} arg(s), received {}", most_, count));
  fail(fmt::format("accepts between {} and {} arg(s), received {}", least_, most_, count));
}

Command& Command::usage(std::string_view text) {
  usage_ = text;
  return *this;
}

Command& Command::describe(std::string_view text) {
  description_ = text;
  return *this;
}

Command& Command::example(std::string_view text) {
  examples_.push_back(text);
  return *this;
}

Command& Command::arguments(ArgumentRule rule, CompletionKind kind) {
  rule_ = rule;
  first_kind_ = kind_ = kind;
  return *this;
}

Command& Command::first_argument(CompletionKind kind) {
  first_kind_ = kind;
  return *this;
}

Command& Command::argument_choices(std::initializer_list<std::string_view> choices) {
  choices_ = choices;
  return *this;
}

Command& Command::options_end_at_first_argument() {
  end_ = OptionsEnd::at_first_argument;
  return *this;
}

Command& Command::takes_raw_arguments() {
  raw_ = true;
  return *this;
}

Command& Command::run(Action action) {
  action_ = std::move(action);
  return *this;
}

std::string_view Command::description() const noexcept {
  return description_.empty() ? row_->verb.summary : description_;
}

CompletionKind Command::completion_of(std::size_t argument) const noexcept {
  return argument == 0 ? first_kind_ : kind_;
}

}  // namespace coracle::cli
