// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coracle::cli::format {

/// How wide columns are: podman's and docker's settings of Go's tabwriter.
struct ColumnStyle {
  std::size_t least_width;  ///< of a column, padding included
  std::size_t padding;      ///< blanks after the widest cell
};
inline constexpr ColumnStyle k_podman_columns = {12, 2};

/// Aligns the cells that tabs separate, as Go's text/tabwriter does: a column is a run of lines
/// that all have a tab there, and the text behind a line's last tab belongs to none. Widths count
/// characters.
std::string align_columns(std::string_view text, const ColumnStyle& style = k_podman_columns);

}  // namespace coracle::cli::format
