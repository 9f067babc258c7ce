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
      case BPF_RET | BPF_K:
        return Outcome{Outcome::Kind::action, step.k};
      case BPF_JMP | BPF_JA:
        at += std::size_t{step.k} + 1;
        continue;
      case BPF_JMP | BPF_JEQ | BPF_K:
        holds = accumulator == step.k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        holds = accumulator >= step.k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        holds = accumulator > step.k;
        break;
      default:
        return std::nullopt;
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

std::optional<DecisionTable> tabulate(Program program,
                                      std::span<const std::uint32_t> audit_architectures) {
  DecisionTable table;
  table.source.assign(program.begin(), program.end());
  const auto points = turning_points(program);
  for (const std::uint32_t architecture : audit_architectures) {
    NumberTable numbers;
    for (const std::uint32_t number : points) {
      const auto outcome = run(program, architecture, number);
      if (!outcome) return std::nullopt;
      numbers.push_back({number, *outcome});
    }
    merge_neighbours(numbers);
    table.architectures.push_back({architecture, std::move(numbers)});
  }
  constexpr std::uint32_t k_no_architecture = 0;
  const auto other = run(program, k_no_architecture, 0);
  if (!other || other->kind != Outcome::Kind::action) return std::nullopt;
  table.other_architectures = other->value;
  return table;
}

const Outcome& outcome_of(const NumberTable& table, std::uint32_t number) {
  return range_of(table, number)->outcome;
}

void amend(NumberTable& table, std::uint32_t first, std::uint32_t last, std::uint32_t action) {
  NumberTable amended;
  std::ranges::copy_if(table, std::back_inserter(amended),
                       [&](const NumberRange& range) { return range.first < first; });
  amended.push_back({first, {Outcome::Kind::action, action}});
  if (last != UINT32_MAX) amended.push_back({last + 1, outcome_of(table, last + 1)});
  std::ranges::copy_if(table, std::back_inserter(amended), [&](const NumberRange& range) {
    return last != UINT32_MAX && range.first > last + 1;
  });
  merge_neighbours(amended);
  table = std::move(amended);
}

}  // namespace coracle::runtime::seccomp
