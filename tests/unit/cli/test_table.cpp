// SPDX-License-Identifier: Apache-2.0
// Expected texts were recorded from Go's text/tabwriter.
#include <catch2/catch.hpp>

#include "cli/format/table.hpp"

namespace coracle::cli::format {
namespace {

constexpr ColumnStyle k_docker_columns = {10, 3};

}  // namespace

TEST_CASE("columns are as wide as their widest cell", "[table]") {
  const std::string text =
      "NAME\tSIZE\tCREATED\nx\t1.23 MB\t2 days ago\nverylongname-indeed\t1\tnow\n";
  CHECK(align_columns(text) ==
        "NAME                 SIZE        CREATED\n"
        "x                    1.23 MB     2 days ago\n"
        "verylongname-indeed  1           now\n");
  CHECK(align_columns(text, k_docker_columns) ==
        "NAME                  SIZE      CREATED\n"
        "x                     1.23 MB   2 days ago\n"
        "verylongname-indeed   1         now\n");
}

TEST_CASE("the text behind the last tab is not padded", "[table]") {
  CHECK(align_columns("x\ty\t\nz\tw\t\n") ==
        "x           y           \nz           w           \n");
  CHECK(align_columns("one") == "one");
  CHECK(align_columns("") == "");
}

TEST_CASE("a line without tabs ends the columns", "[table]") {
  CHECK(align_columns("aaaaaaaaaaaaaaaaaaaa\tb\nno tabs here\nc\td\n") ==
        "aaaaaaaaaaaaaaaaaaaa  b\nno tabs here\nc           d\n");
}

TEST_CASE("widths count characters", "[table]") {
  CHECK(align_columns("\u00e9\tx\nabc\ty\n") == "\u00e9           x\nabc         y\n");
}

TEST_CASE("empty cells keep their place", "[table]") {
  CHECK(align_columns("\t\tz\n") == "                        z\n");
  CHECK(align_columns("a\t\tb\nccccccccccccccccc\td\te\n") ==
        "a                              b\nccccccccccccccccc  d           e\n");
}

TEST_CASE("a line of very many tabs is no problem", "[table]") {
  const std::string tabs(100'000, '\t');
  CHECK(align_columns(tabs).size() > 1000);
}

}  // namespace coracle::cli::format
