// SPDX-License-Identifier: Apache-2.0
#include <linux/seccomp.h>

#include <algorithm>
#include <iterator>

#include "runtime/seccomp/decision_table_internal.hpp"

namespace coracle::runtime::seccomp {
namespace {

using Program = std::span<const sock_filter>;

/// Runs the program with a known architecture and number until it returns or asks for anything
/// else.
std::optional<Outcome> run(Program program, std::uint32_t architecture, std::uint32_t number) {
  std::uint32_t accumulator = 0;
  std::size_t at = 0;
  while (at < program.size()) {
    const sock_filter& step = program[at];
    bool holds = false;
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k == offsetof(seccomp_data, nr)) {
          accumulator = number;
        } else if (step.k == offsetof(seccomp_data, arch)) {
          accumulator = architecture;
        } else {
          // From here on nothing depends on what was loaded before.
          return Outcome{Outcome::Kind::arguments, static_cast<std::uint32_t>(at)};
        }
        ++at;
        continue;
      case BPF_RET | BPF_K: return Outcome{Outcome::Kind::action, step.k};
      case BPF_JMP | BPF_JA: at += std::size_t{step.k} + 1; continue;
      case BPF_JMP | BPF_JEQ | BPF_K: holds = accumulator == step.k; break;
      case BPF_JMP | BPF_JGE | BPF_K: holds = accumulator >= step.k; break;
      case BPF_JMP | BPF_JGT | BPF_K: holds = accumulator > step.k; break;
      default: return std::nullopt;
    }
    at += (holds ? step.jt : step.jf) + std::size_t{1};
  }
  return std::nullopt;
}

/// The numbers at which an outcome can change: those that the program compares with, and the ones
/// after them.
std::vector<std::uint32_t> turning_points(Program program) {
  std::vector<std::uint32_t> points = {0};
  for (const sock_filter& step : program) {
    if (BPF_CLASS(step.code) != BPF_JMP || BPF_OP(step.code) == BPF_JA) continue;
    points.push_back(step.k);
    if (step.k != UINT32_MAX) points.push_back(step.k + 1);
  }
  std::ranges::sort(points);
  const auto duplicates = std::ranges::unique(points);
  points.erase(duplicates.begin(), duplicates.end());
  return points;
}

void merge_neighbours(NumberTable& table) {
  const auto same = [](const NumberRange& left, const NumberRange& right) {
    return left.outcome == right.outcome;
  };
  table.erase(std::unique(table.begin(), table.end(), same), table.end());
}

/// The range that holds the number.
NumberTable::const_iterator range_of(const NumberTable& table, std::uint32_t number) {
  return std::prev(std::ranges::upper_bound(table, number, {}, &NumberRange::first));
}

}  // namespace

std::optional<NumberTable> tabulate(Program program, std::uint32_t audit_architecture) {
  NumberTable numbers;
  for (const std::uint32_t number : turning_points(program)) {
    const auto outcome = run(program, audit_architecture, number);
    if (!outcome) return std::nullopt;
    numbers.push_back({number, *outcome});
  }
  merge_neighbours(numbers);
  return numbers;
}

const Outcome& outcome_of(const NumberTable& table, std::uint32_t number) {
  return range_of(table, number)->outcome;
}

void splice(NumberTable& table, std::uint32_t first, std::uint32_t last, const NumberTable& other) {
  NumberTable spliced;
  const auto within = [](std::uint32_t low, std::uint32_t high) {
    return [=](const NumberRange& range) { return range.first >= low && range.first <= high; };
  };
  if (first > 0) std::ranges::copy_if(table, std::back_inserter(spliced), within(0, first - 1));
  spliced.push_back({first, outcome_of(other, first)});
  if (first < last)
    std::ranges::copy_if(other, std::back_inserter(spliced), within(first + 1, last));
  if (last < UINT32_MAX) {
    spliced.push_back({last + 1, outcome_of(table, last + 1)});
    if (last + 1 < UINT32_MAX) {
      std::ranges::copy_if(table, std::back_inserter(spliced), within(last + 2, UINT32_MAX));
    }
  }
  merge_neighbours(spliced);
  table = std::move(spliced);
}

void amend(NumberTable& table, std::uint32_t first, std::uint32_t last, std::uint32_t action) {
  splice(table, first, last, {{0, {Outcome::Kind::action, action}}});
}

void add_source(DecisionTable& table, Program program, NumberTable& numbers) {
  const auto place = static_cast<std::uint32_t>(table.source.size());
  table.source.insert(table.source.end(), program.begin(), program.end());
  for (auto& range : numbers) {
    if (range.outcome.kind == Outcome::Kind::arguments) range.outcome.value += place;
  }
}

}  // namespace coracle::runtime::seccomp
