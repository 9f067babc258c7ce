// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_record.hpp"

#include "coracle/base/strings.hpp"

namespace coracle::monitor {
namespace {

constexpr std::string_view k_json_prefix = "{\"log\":\"";
// A quote within the text has a backslash before it, so this occurs once.
constexpr std::string_view k_json_stream = "\",\"stream\":\"";
constexpr std::string_view k_json_time = "\"time\":\"";

std::optional<Stream> parse_stream(std::string_view name) {
  if (name == "stdout") return Stream::output;
  if (name == "stderr") return Stream::error;
  return std::nullopt;
}

void append_utf8(std::string& out, unsigned code) {
  const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

/// Takes "XXXX" off the front.
std::optional<unsigned> take_code_unit(std::string_view& text) {
  if (text.size() < 4 || !is_hex(text.substr(0, 4))) return std::nullopt;
  const auto value = parse_int(text.substr(0, 4), 16);
  text.remove_prefix(4);
  return static_cast<unsigned>(*value);
}

/// Decodes what follows "\u", a second escape included where the first is half a character.
bool take_unicode(std::string_view& text, std::string& out) {
  constexpr unsigned k_replacement = 0xFFFD;
  const auto first = take_code_unit(text);
  if (!first) return false;
  if (*first < 0xD800 || *first > 0xDFFF) {
    append_utf8(out, *first);
    return true;
  }
  std::string_view rest = text;
  if (*first < 0xDC00 && rest.starts_with("\\u")) {
    rest.remove_prefix(2);
    const auto second = take_code_unit(rest);
    if (second && *second >= 0xDC00 && *second <= 0xDFFF) {
      text = rest;
      append_utf8(out, 0x10000 + ((*first - 0xD800) << 10 | (*second - 0xDC00)));
      return true;
    }
  }
  append_utf8(out, k_replacement);
  return true;
}

/// The value of a JSON string, given without its quotes.
bool decode_json_string(std::string_view text, std::string& out) {
  out.clear();
  while (true) {
    const auto backslash = text.find('\\');
    out.append(text.substr(0, backslash));
    if (backslash == std::string_view::npos) return true;
    if (backslash + 1 >= text.size()) return false;
    const char c = text[backslash + 1];
    text.remove_prefix(backslash + 2);
    switch (c) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'u':
        if (!take_unicode(text, out)) return false;
        break;
      default: out += c;
    }
  }
}

/// A word and the space after it, off the front.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

/// "TIME STREAM TAGS TEXT\n": the text keeps its newline if the tag says that the line is whole.
std::optional<LogRecord> parse_k8s(std::string_view line) {
  LogRecord record;
  record.time = take_word(line);
  const auto stream = parse_stream(take_word(line));
  const std::string_view tags = take_word(line);
  const std::string_view tag = tags.substr(0, tags.find(':'));
  if (!stream || (tag != "F" && tag != "P")) return std::nullopt;
  record.stream = *stream;
  record.text = tag == "F" ? line : line.substr(0, line.size() - 1);
  return record;
}

}  // namespace

std::optional<LogRecord> RecordParser::parse(std::string_view line) {
  return line.starts_with('{') ? parse_json(line) : parse_k8s(line);
}

std::optional<LogRecord> RecordParser::parse_json(std::string_view line) {
  if (!line.starts_with(k_json_prefix) || !line.ends_with("\"}\n")) return std::nullopt;
  const auto text_end = line.rfind(k_json_stream);
  if (text_end == std::string_view::npos || text_end < k_json_prefix.size()) return std::nullopt;
  std::string_view rest = line.substr(text_end + k_json_stream.size());
  const auto stream = parse_stream(rest.substr(0, rest.find('"')));
  // docker may have put "attrs" in between.
  const auto time = rest.rfind(k_json_time);
  if (!stream || time == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(time + k_json_time.size());
  LogRecord record;
  record.stream = *stream;
  record.time = rest.substr(0, rest.find('"'));
  const std::string_view text = line.substr(k_json_prefix.size(), text_end - k_json_prefix.size());
  if (!decode_json_string(text, text_)) return std::nullopt;
  record.text = text_;
  return record;
}

std::optional<RecordKind> classify_record(std::string_view line) {
  if (!line.starts_with('{')) {
    const auto record = parse_k8s(line);
    if (!record) return std::nullopt;
    return RecordKind{record->stream, record->ends_line()};
  }
  const auto text_end = line.rfind(k_json_stream);
  if (text_end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(text_end + k_json_stream.size());
  const auto stream = parse_stream(rest.substr(0, rest.find('"')));
  if (!stream) return std::nullopt;
  // "\n" at the end is a newline, unless the backslash is itself escaped.
  std::string_view text = line.substr(0, text_end);
  bool ends_line = false;
  if (text.ends_with('n')) {
    text.remove_suffix(1);
    const auto other = text.find_last_not_of('\\');
    ends_line = (text.size() - (other + 1)) % 2 == 1;
  }
  return RecordKind{*stream, ends_line};
}

}  // namespace coracle::monitor
