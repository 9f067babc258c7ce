// SPDX-License-Identifier: Apache-2.0
#include "cli/format/table.hpp"

#include <algorithm>
#include <vector>

#include "cli/format/utf8.hpp"

namespace coracle::cli::format {
namespace {

/// More columns than any table has: the recursion over them is bounded.
constexpr std::size_t k_max_columns = 500;

struct Cell {
  std::string_view text;
  std::size_t width;
};
using Line = std::vector<Cell>;

std::vector<Line> split_cells(std::string_view text) {
  std::vector<Line> lines(1);
  while (true) {
    const auto at = text.find_first_of("\t\n");
    const std::string_view cell = text.substr(0, at);
    lines.back().push_back({cell, utf8_length(cell)});
    if (at == std::string_view::npos) return lines;
    if (text[at] == '\n') lines.emplace_back();
    text.remove_prefix(at + 1);
  }
}

class Aligner {
 public:
  Aligner(std::string_view text, const ColumnStyle& style)
      : style_(style), lines_(split_cells(text)) {}

  std::string run() {
    align(0, lines_.size());
    return std::move(out_);
  }

 private:
  bool has_column(std::size_t line, std::size_t column) const {
    return column + 1 < lines_[line].size() && column < k_max_columns;
  }

  /// Lines [first, last), whose columns left of widths_.size() are settled.
  void align(std::size_t first, std::size_t last) {
    const std::size_t column = widths_.size();
    for (std::size_t line = first; line < last; ++line) {
      if (!has_column(line, column)) continue;
      write_lines(first, line);
      first = line;
      std::size_t width = style_.least_width;
      for (; line < last && has_column(line, column); ++line) {
        width = std::max(width, lines_[line][column].width + style_.padding);
      }
      widths_.push_back(width);
      align(first, line);
      widths_.pop_back();
      first = line;
    }
    write_lines(first, last);
  }

  void write_lines(std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const Line& line = lines_[i];
      for (std::size_t column = 0; column < line.size(); ++column) {
        out_ += line[column].text;
        const bool padded = column < widths_.size() && column + 1 < line.size();
        if (padded) out_.append(widths_[column] - line[column].width, ' ');
      }
      if (i + 1 < lines_.size()) out_ += '\n';
    }
  }

  ColumnStyle style_;
  std::vector<Line> lines_;
  std::vector<std::size_t> widths_;
  std::string out_;
};

}  // namespace

std::string align_columns(std::string_view text, const ColumnStyle& style) {
  return Aligner(text, style).run();
}

}  // namespace coracle::cli::format
