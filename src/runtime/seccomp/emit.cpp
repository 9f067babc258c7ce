// SPDX-License-Identifier: Apache-2.0
#include <linux/seccomp.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "runtime/seccomp/decision_table_internal.hpp"

namespace coracle::runtime::seccomp {
namespace {

using Ranges = std::span<const NumberRange>;

constexpr std::size_t k_short_jump = 255;  // What the two offsets of a conditional jump can hold.

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter give(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}
sock_filter jump(std::size_t distance) {
  return BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(distance));
}

class Emitter {
 public:
  explicit Emitter(const DecisionTable& table) : table_(table), kept_(table.source.size()) {}

  std::vector<sock_filter> run() {
    emit_architectures();
    for (std::size_t i = 0; i < table_.architectures.size(); ++i) {
      patch(sections_[i], code_.size());
      code_.push_back(load(offsetof(seccomp_data, nr)));
      emit_tree(table_.architectures[i].numbers);
    }
    emit_arguments();
    return std::move(code_);
  }

 private:
  struct Reference {
    std::size_t position;  ///< of the jump in code_
    std::uint32_t target;  ///< in the source program
  };

  /// Which section is for the architecture of the call?
  void emit_architectures() {
    code_.push_back(load(offsetof(seccomp_data, arch)));
    for (const auto& architecture : table_.architectures) {
      code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture.audit_architecture, 0, 1));
      sections_.push_back(code_.size());
      code_.push_back(jump(0));
    }
    code_.push_back(give(table_.other_architectures));
  }

  static std::size_t tree_size(Ranges ranges) {
    if (ranges.size() == 1) return 1;
    const std::size_t middle = ranges.size() / 2;
    const std::size_t left = tree_size(ranges.first(middle));
    return 1 + (left > k_short_jump ? 1 : 0) + left + tree_size(ranges.subspan(middle));
  }

  /// Halves the ranges until one is left: the number is in the accumulator.
  void emit_tree(Ranges ranges) {
    if (ranges.size() == 1) return emit_outcome(ranges.front().outcome);
    const std::size_t middle = ranges.size() / 2;
    const std::size_t left = tree_size(ranges.first(middle));
    const std::uint32_t border = ranges[middle].first;
    if (left <= k_short_jump) {
      code_.push_back(
          BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, border, static_cast<std::uint8_t>(left), 0));
    } else {
      code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, border, 0, 1));
      code_.push_back(jump(left));
    }
    emit_tree(ranges.first(middle));
    emit_tree(ranges.subspan(middle));
  }

  void emit_outcome(const Outcome& outcome) {
    if (outcome.kind == Outcome::Kind::action) {
      code_.push_back(give(outcome.value));
      return;
    }
    references_.push_back({code_.size(), outcome.value});
    code_.push_back(jump(0));
  }

  /// Copies those instructions of the source that look at arguments, in their order: a jump never
  /// gets longer by that.
  void emit_arguments() {
    for (const auto& reference : references_) keep_from(reference.target);
    std::vector<std::size_t> moved(kept_.size());
    std::size_t position = code_.size();
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      moved[i] = position;
      if (kept_[i]) ++position;
    }
    for (const auto& reference : references_) patch(reference.position, moved[reference.target]);
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if (kept_[i]) code_.push_back(relocated(i, moved));
    }
  }

  /// Marks what can be reached; jumps only go forward.
  void keep_from(std::size_t start) {
    if (kept_.at(start)) return;
    kept_[start] = true;
    const sock_filter& step = table_.source[start];
    if (BPF_CLASS(step.code) == BPF_RET) return;
    if (BPF_CLASS(step.code) != BPF_JMP) return keep_from(start + 1);
    if (BPF_OP(step.code) == BPF_JA) return keep_from(start + step.k + 1);
    keep_from(start + step.jt + 1);
    keep_from(start + step.jf + 1);
  }

  sock_filter relocated(std::size_t from, const std::vector<std::size_t>& moved) const {
    sock_filter step = table_.source[from];
    if (BPF_CLASS(step.code) != BPF_JMP) return step;
    const auto distance = [&](std::size_t old) { return moved[from + old + 1] - moved[from] - 1; };
    if (BPF_OP(step.code) == BPF_JA) {
      step.k = static_cast<std::uint32_t>(distance(step.k));
    } else {
      step.jt = static_cast<std::uint8_t>(distance(step.jt));
      step.jf = static_cast<std::uint8_t>(distance(step.jf));
    }
    return step;
  }

  void patch(std::size_t position, std::size_t target) {
    code_[position].k = static_cast<std::uint32_t>(target - position - 1);
  }

  const DecisionTable& table_;
  std::vector<bool> kept_;  ///< which instructions of the source are needed
  std::vector<sock_filter> code_;
  std::vector<std::size_t> sections_;  ///< the jump to the section of each architecture
  std::vector<Reference> references_;
};

}  // namespace

std::vector<sock_filter> emit(const DecisionTable& table) {
  return Emitter(table).run();
}

}  // namespace coracle::runtime::seccomp
