// SPDX-License-Identifier: Apache-2.0
// What a filter decides, as a table: for each architecture, ranges of system call numbers with one
// outcome each.
//
// libseccomp's programs compare the number of a call with every number that the profile names; the
// default profile becomes 1,400 instructions, and the kernel spends 0.2 ms on checking, translating
// and tabulating them whenever a container starts. Neighbouring numbers mostly share their outcome,
// so the same decisions need a third of the instructions and of that time. A program is turned
// into the table by running it for every number that can make a difference, which leaves the
// meaning of rules to libseccomp, and the table is written out as a search tree.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace coracle::runtime::seccomp {

struct Outcome {
  enum class Kind {
    action,     ///< `value` is what the filter returns
    arguments,  ///< it depends on the arguments: `value` is where the source program looks at them
  };
  Kind kind = Kind::action;
  std::uint32_t value = 0;

  bool operator==(const Outcome&) const = default;
};

/// The numbers from `first` to the next range's.
struct NumberRange {
  std::uint32_t first = 0;
  Outcome outcome;
};

/// Ascending, the first one starts at 0; neighbours differ.
using NumberTable = std::vector<NumberRange>;

struct ArchitectureTable {
  std::uint32_t audit_architecture = 0;
  NumberTable numbers;
};

struct DecisionTable {
  std::vector<ArchitectureTable> architectures;
  std::uint32_t other_architectures = 0;  ///< the action for calls of any other one
  std::vector<sock_filter> source;        ///< the programs that were tabulated, one after the other
};

/// Tabulates a program for one value of seccomp_data.arch. Nothing if the program does something
/// that libseccomp's do not (as of 2.6) and that could escape the table.
std::optional<NumberTable> tabulate(std::span<const sock_filter> program,
                                    std::uint32_t audit_architecture);

/// What the table says for a number.
const Outcome& outcome_of(const NumberTable& table, std::uint32_t number);
/// Takes the outcomes of `first` … `last` from another table.
void splice(NumberTable& table, std::uint32_t first, std::uint32_t last, const NumberTable& other);
/// Replaces the outcomes of `first` … `last` by an action.
void amend(NumberTable& table, std::uint32_t first, std::uint32_t last, std::uint32_t action);
/// Adds a program to the sources, and makes its table's outcomes refer to its place there.
void add_source(DecisionTable& table, std::span<const sock_filter> program, NumberTable& numbers);

/// A program that decides as the table does.
std::vector<sock_filter> emit(const DecisionTable& table);

}  // namespace coracle::runtime::seccomp
