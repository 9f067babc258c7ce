// SPDX-License-Identifier: Apache-2.0
// Format strings: Go's fmt.Sprintf, Sprint and Sprintln.
#include "cli/format/go_printf.hpp"

#include <utility>

#include "cli/format/utf8.hpp"

namespace coracle::cli::format {
namespace {

/// Go's bound on widths and precisions; beyond it they count as mistakes.
constexpr int k_largest_number = 1'000'000;

class Printer {
 public:
  Printer(std::string_view format, std::span<const Value> arguments)
      : rest_(format), arguments_(arguments) {}

  std::string run() {
    while (!rest_.empty()) {
      const auto percent = rest_.find('%');
      out_ += rest_.substr(0, percent);
      if (percent == std::string_view::npos) break;
      rest_.remove_prefix(percent + 1);
      directive();
    }
    if (!reordered_ && used_ < arguments_.size()) append_extra();
    return std::move(out_);
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void directive() {
    FormatFlags flags;
    good_index_ = true;
    bool after_index = false;
    take_flags(flags);
    after_index = take_index();
    if (take('*')) {
      take_star(flags);
      after_index = false;
    } else if (const auto width = take_number()) {
      flags.width = width;
      if (after_index) good_index_ = false;  // %[3]2d
    }
    if (take('.')) {
      if (after_index) good_index_ = false;  // %[3].2d
      after_index = take_index();
      take_precision(flags, after_index);
    }
    if (!after_index) take_index();
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    apply_verb(flags);
  }

  void apply_verb(FormatFlags flags) {
    const char32_t verb = take_utf8(rest_);
    if (verb == 'v') flags.names = std::exchange(flags.plus, false);
    if (verb == '%') {
      out_ += '%';
    } else if (!good_index_) {
      append_problem(verb, "BADINDEX");
    } else if (used_ >= arguments_.size()) {
      append_problem(verb, "MISSING");
    } else {
      append_formatted(out_, arguments_[used_++], verb, flags);
    }
  }

  void append_problem(char32_t verb, std::string_view problem) {
    out_ += "%!";
    append_utf8(out_, verb);
    out_ += '(';
    out_ += problem;
    out_ += ')';
  }

  void take_flags(FormatFlags& flags) {
    while (true) {
      if (take('#')) {
        flags.sharp = true;
      } else if (take('0')) {
        flags.zero = !flags.minus;
      } else if (take('+')) {
        flags.plus = true;
      } else if (take('-')) {
        flags.minus = true;
        flags.zero = false;
      } else if (take(' ')) {
        flags.space = true;
      } else {
        return;
      }
    }
  }

  std::optional<int> take_number() {
    int value = 0;
    bool found = false;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      value = value * 10 + (rest_[0] - '0');
      found = true;
      if (value > k_largest_number) return std::nullopt;
      rest_.remove_prefix(1);
    }
    return found ? std::optional(value) : std::nullopt;
  }

  /// "[2]" chooses the argument to use next.
  bool take_index() {
    if (!take('[')) return false;
    reordered_ = true;
    const auto number = take_number();
    const bool closed = take(']');
    if (!closed) {
      const auto close = rest_.find(']');
      rest_.remove_prefix(close == std::string_view::npos ? 0 : close + 1);
    }
    good_index_ =
        closed && number && *number >= 1 && static_cast<std::size_t>(*number) <= arguments_.size();
    if (good_index_) used_ = static_cast<std::size_t>(*number) - 1;
    return true;
  }

  std::optional<int> take_int_argument() {
    if (used_ >= arguments_.size()) return std::nullopt;
    const Json& json = arguments_[used_++].json();
    if (!json.is_number_integer()) return std::nullopt;
    const auto value = json.get<std::int64_t>();
    if (value > k_largest_number || value < -k_largest_number) return std::nullopt;
    return static_cast<int>(value);
  }

  void take_star(FormatFlags& flags) {
    flags.width = take_int_argument();
    if (!flags.width) {
      out_ += "%!(BADWIDTH)";
    } else if (*flags.width < 0) {
      flags.width = -*flags.width;
      flags.minus = true;
      flags.zero = false;
    }
  }

  void take_precision(FormatFlags& flags, bool& after_index) {
    if (take('*')) {
      after_index = false;
      flags.precision = take_int_argument();
      if (flags.precision && *flags.precision < 0) flags.precision.reset();
      if (!flags.precision) out_ += "%!(BADPREC)";
      return;
    }
    flags.precision = take_number().value_or(0);
  }

  void append_extra() {
    out_ += "%!(EXTRA ";
    for (std::size_t i = used_; i < arguments_.size(); ++i) {
      if (i > used_) out_ += ", ";
      if (arguments_[i].is_nil()) {
        out_ += "<nil>";
        continue;
      }
      out_ += arguments_[i].type_name();
      out_ += '=';
      append_formatted(out_, arguments_[i], 'v', {});
    }
    out_ += ')';
  }

  std::string_view rest_;
  std::span<const Value> arguments_;
  std::size_t used_ = 0;
  bool reordered_ = false;
  bool good_index_ = true;
  std::string out_;
};

}  // namespace

std::string go_sprintf(std::string_view format, std::span<const Value> arguments) {
  return Printer(format, arguments).run();
}

std::string go_sprint(std::span<const Value> arguments) {
  std::string out;
  bool after_string = true;
  for (const Value& argument : arguments) {
    if (&argument != arguments.data() && !after_string && !argument.is_string()) out += ' ';
    append_formatted(out, argument, 'v', {});
    after_string = argument.is_string();
  }
  return out;
}

std::string go_sprintln(std::span<const Value> arguments) {
  std::string out;
  for (const Value& argument : arguments) {
    if (&argument != arguments.data()) out += ' ';
    append_formatted(out, argument, 'v', {});
  }
  return out + '\n';
}

std::string print_value(const Value& value) {
  const bool typed = value.kind() != MemberKind::plain && !value.missing();
  if (value.is_nil() && !typed) return "<no value>";
  std::string out;
  append_formatted(out, value, 'v', {});
  return out;
}

}  // namespace coracle::cli::format
