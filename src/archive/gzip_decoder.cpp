// SPDX-License-Identifier: Apache-2.0
// gzip (RFC 1952) and DEFLATE (RFC 1951), as a stream. Half of the time of a pull would be zlib's
// inflate(); this is more than twice as fast. Most of the work is done by decode_fast(), which
// looks at 8 bytes of input at a time, as long as there is room on both sides; near the edges
// decode_careful() goes symbol by symbol.
#include <libdeflate.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <span>

#include "archive/bit_reader_internal.hpp"
#include "archive/decoder_internal.hpp"
#include "archive/deflate_symbols_internal.hpp"
#include "archive/huffman_internal.hpp"
#include "archive/inflate_window_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

static_assert(std::endian::native == std::endian::little, "the bit buffer is filled by 8 bytes");

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorClass::invalid_argument, "damaged gzip data: {}", why);
}

using LiteralTable = HuffmanTable<11, 288>;
using DistanceTable = HuffmanTable<9, 32>;
using PrecodeTable = HuffmanTable<7, k_precodes>;

class GzipDecoder final : public Decoder {
 public:
  Progress decode(std::span<const char> input, std::span<char> output) override {
    reader_.give(input);
    Progress progress;
    while (true) {
      const std::size_t out = window_.hand_out(output.subspan(progress.produced));
      progress.produced += out;
      if (progress.produced == output.size()) break;
      window_.slide();
      const char* const before = window_.next();
      while (window_.room() > 0 && step()) {
      }
      if (window_.next() == before) break;
    }
    progress.consumed = static_cast<std::size_t>(reader_.position() - input.data());
    return progress;
  }

  bool complete() const noexcept override {
    return state_ == State::between_members && reader_.count() == 0;
  }

 private:
  enum class State {
    magic,
    header,
    extra_length,
    extra,
    name,
    comment,
    header_check,
    block,
    stored_length,
    stored,
    counts,
    precode_lengths,
    code_lengths,
    symbols,
    check,
    size,
    between_members,
  };
  enum Flag : unsigned {
    has_check = 2,
    has_extra = 4,
    has_name = 8,
    has_comment = 16,
    reserved = 0xe0
  };

  /// One step. @returns false when it needs more input, or room
  bool step() {
    switch (state_) {
      case State::between_members: return skip_padding();
      case State::magic: return read_magic();
      case State::header: return read_header();
      case State::extra_length: return read_extra_length();
      case State::extra: return skip_extra();
      case State::name: return skip_text(State::comment);
      case State::comment: return skip_text(State::header_check);
      case State::header_check: return verify_header();
      case State::block: return read_block_header();
      case State::stored_length: return read_stored_length();
      case State::stored: return copy_stored();
      case State::counts: return read_counts();
      case State::precode_lengths: return read_precode_lengths();
      case State::code_lengths: return read_code_lengths();
      case State::symbols: return decode_symbols();
      case State::check: return verify_check();
      case State::size: return verify_size();
    }
    return false;
  }

  // The member's header.

  /// Tapes and some tools fill up with zeros; anything else must be the next member.
  bool skip_padding() {
    if (!reader_.has(8)) return false;
    if ((reader_.bits() & 0xff) == 0) {
      reader_.drop(8);
    } else {
      state_ = State::magic;
    }
    return true;
  }

  /// A field of the header, which has a checksum of its own.
  std::uint64_t take_field(unsigned bytes) {
    const std::uint64_t value = reader_.bits() & ((1ULL << (bytes * 8)) - 1);
    reader_.drop(bytes * 8);
    crc_ = ::libdeflate_crc32(crc_, &value, bytes);
    return value;
  }

  bool read_magic() {
    if (!reader_.has(32)) return false;
    crc_ = 0;
    if (take_field(2) != 0x8b1f) refuse("incorrect header check");
    if (take_field(1) != 8) refuse("unknown compression method");
    flags_ = static_cast<unsigned>(take_field(1));
    if ((flags_ & reserved) != 0) refuse("unknown header flags set");
    state_ = State::header;
    return true;
  }

  /// Time, extra flags, system: nobody needs them.
  bool read_header() {
    if (!reader_.has(48)) return false;
    take_field(6);
    state_ = State::extra_length;
    return true;
  }

  bool read_extra_length() {
    left_ = 0;
    if ((flags_ & has_extra) != 0) {
      if (!reader_.has(16)) return false;
      left_ = static_cast<std::uint32_t>(take_field(2));
    }
    state_ = State::extra;
    return true;
  }

  bool skip_extra() {
    for (; left_ > 0; --left_) {
      if (!reader_.has(8)) return false;
      take_field(1);
    }
    state_ = State::name;
    return true;
  }

  /// A name or a comment, to its zero.
  bool skip_text(State next) {
    const unsigned flag = state_ == State::name ? has_name : has_comment;
    if ((flags_ & flag) != 0) {
      do {
        if (!reader_.has(8)) return false;
      } while (take_field(1) != 0);
    }
    state_ = next;
    return true;
  }

  bool verify_header() {
    if ((flags_ & has_check) != 0) {
      if (!reader_.has(16)) return false;
      if (reader_.take(16) != (crc_ & 0xffff)) refuse("header crc mismatch");
    }
    crc_ = 0;
    size_ = 0;
    window_.forget();
    state_ = State::block;
    return true;
  }

  // Blocks.

  bool read_block_header() {
    if (!reader_.has(3)) return false;
    last_block_ = reader_.take(1) != 0;
    switch (reader_.take(2)) {
      case 0:
        reader_.drop_to_byte();
        state_ = State::stored_length;
        break;
      case 1:
        use_fixed_codes();
        state_ = State::symbols;
        break;
      case 2: state_ = State::counts; break;
      default: refuse("invalid block type");
    }
    return true;
  }

  bool read_stored_length() {
    if (!reader_.has(32)) return false;
    left_ = reader_.take(16);
    if ((left_ ^ reader_.take(16)) != 0xffff) refuse("invalid stored block lengths");
    state_ = State::stored;
    return true;
  }

  bool copy_stored() {
    char* const start = window_.next();
    std::size_t size = std::min<std::size_t>(left_, window_.room());
    std::size_t done = 0;
    for (; done < size && reader_.count() > 0; ++done) {
      start[done] = static_cast<char>(reader_.take(8));
    }
    done += reader_.take_bytes(start + done, size - done);
    note_output(start, done);
    window_.advance(done);
    left_ -= static_cast<std::uint32_t>(done);
    if (left_ == 0) end_block();
    return left_ == 0 && state_ != State::stored;
  }

  void end_block() {
    if (last_block_) {
      reader_.drop_to_byte();
      state_ = State::check;
    } else {
      state_ = State::block;
    }
  }

  void use_fixed_codes() {
    if (fixed_codes_) return;
    std::array<std::uint8_t, 288> lengths;
    std::fill_n(lengths.begin(), 144, 8);
    std::fill_n(lengths.begin() + 144, 112, 9);
    std::fill_n(lengths.begin() + 256, 24, 7);
    std::fill_n(lengths.begin() + 280, 8, 8);
    (void)literals_->build(lengths, k_literal_symbols.data());
    std::array<std::uint8_t, 32> distances;
    distances.fill(5);
    (void)distances_->build(distances, k_distance_symbols.data());
    fixed_codes_ = true;
  }

  bool read_counts() {
    if (!reader_.has(14)) return false;
    literal_count_ = reader_.take(5) + 257;
    distance_count_ = reader_.take(5) + 1;
    precode_count_ = reader_.take(4) + 4;
    if (literal_count_ > k_most_literals || distance_count_ > k_most_distances) {
      refuse("too many length or distance symbols");
    }
    read_ = 0;
    precode_lengths_.fill(0);
    state_ = State::precode_lengths;
    return true;
  }

  bool read_precode_lengths() {
    for (; read_ < precode_count_; ++read_) {
      if (!reader_.has(3)) return false;
      precode_lengths_[k_precode_order[read_]] = static_cast<std::uint8_t>(reader_.take(3));
    }
    // Unlike the other codes, this one must be complete.
    const bool brief =
        std::ranges::all_of(precode_lengths_, [](auto length) { return length <= 1; });
    if (precodes_.build(precode_lengths_, k_precode_symbols.data()) !=
            PrecodeTable::Problem::none ||
        (brief && std::ranges::count(precode_lengths_, 1) != 2)) {
      refuse("invalid code lengths set");
    }
    read_ = 0;
    state_ = State::code_lengths;
    return true;
  }

  bool read_code_lengths() {
    const unsigned wanted = literal_count_ + distance_count_;
    while (read_ < wanted) {
      reader_.fill();
      const HuffmanEntry entry = precodes_.first(reader_.bits());
      if (entry.is(HuffmanEntry::invalid)) refuse("invalid code lengths set");
      const unsigned symbol = entry.value();
      // Repeats have 2, 3 and 7 bits more.
      const unsigned extra = symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
      if (reader_.count() < entry.all_bits() + extra) return false;
      reader_.drop(entry.all_bits());
      if (symbol < 16) {
        code_lengths_[read_++] = static_cast<std::uint8_t>(symbol);
        continue;
      }
      if (symbol == 16 && read_ == 0) refuse("invalid bit length repeat");
      const std::uint8_t length = symbol == 16 ? code_lengths_[read_ - 1] : std::uint8_t{0};
      const unsigned times = reader_.take(extra) + (symbol == 18 ? 11 : 3);
      if (times > wanted - read_) refuse("invalid bit length repeat");
      std::fill_n(code_lengths_.begin() + read_, times, length);
      read_ += times;
    }
    build_codes();
    state_ = State::symbols;
    return true;
  }

  void build_codes() {
    if (code_lengths_[256] == 0) refuse("invalid code -- missing end-of-block");
    const std::span<const std::uint8_t> all(code_lengths_);
    if (literals_->build(all.first(literal_count_), k_literal_symbols.data()) !=
        LiteralTable::Problem::none) {
      refuse("invalid literal/lengths set");
    }
    if (distances_->build(all.subspan(literal_count_, distance_count_),
                          k_distance_symbols.data()) != DistanceTable::Problem::none) {
      refuse("invalid distances set");
    }
    fixed_codes_ = false;
  }

  // Symbols.

  bool decode_symbols() {
    char* const start = window_.next();
    copy_pending();
    decode_fast();
    const bool goes_on = state_ != State::symbols || decode_careful();
    note_output(start, static_cast<std::size_t>(window_.next() - start));
    return goes_on;
  }

  /// Until the block ends, or the edge of the input or the window is near.
  void decode_fast() {
    // A look at 8 bytes moves at most 7; three of them in a turn.
    constexpr std::ptrdiff_t k_input_margin = 32;
    constexpr std::size_t k_output_margin = k_longest_match + 8;
    if (reader_.end() - reader_.position() <= k_input_margin || window_.room() <= k_output_margin) {
      return;
    }
    const char* in = reader_.position();
    const char* const in_limit = reader_.end() - k_input_margin;
    char* out = window_.next();
    const char* const out_limit = out + (window_.room() - k_output_margin);
    const char* const history = out - window_.history();
    std::uint64_t bits = reader_.bits();
    unsigned count = reader_.count();
    const LiteralTable& literals = *literals_;
    const DistanceTable& distances = *distances_;

    // At least 56 bits afterwards. Bytes that do not fit as a whole are read again.
    const auto refill = [&] {
      std::uint64_t more = 0;
      ::memcpy(&more, in, sizeof more);
      bits |= more << count;
      in += (63 - count) >> 3;
      count |= 56;
    };
    const auto drop = [&](HuffmanEntry entry) {
      bits >>= entry.all_bits();
      count -= entry.all_bits();
    };

    const char* problem = nullptr;
    while (in < in_limit && out < out_limit) {
      refill();
      HuffmanEntry entry = literals.first(bits);
      // Of literals without further bits three fit into what is there, and leave enough to look up
      // what follows.
      if (entry.is(HuffmanEntry::literal)) {
        drop(entry);
        *out++ = static_cast<char>(entry.value());
        entry = literals.first(bits);
        if (entry.is(HuffmanEntry::literal)) {
          drop(entry);
          *out++ = static_cast<char>(entry.value());
          entry = literals.first(bits);
          if (entry.is(HuffmanEntry::literal)) {
            drop(entry);
            *out++ = static_cast<char>(entry.value());
            continue;
          }
        }
        refill();
      }
      if (entry.is_special()) [[unlikely]] {
        if (entry.is(HuffmanEntry::subtable)) entry = literals.further(entry, bits);
        if (entry.is(HuffmanEntry::literal)) {
          drop(entry);
          *out++ = static_cast<char>(entry.value());
          continue;
        }
        if (entry.is(HuffmanEntry::end)) {
          drop(entry);
          ended_ = true;
          break;
        }
        if (entry.is(HuffmanEntry::invalid)) {
          problem = "invalid literal/length code";
          break;
        }
      }
      // Length and distance have 48 bits at most.
      const std::uint32_t length = entry.value_in(bits);
      drop(entry);
      entry = distances.first(bits);
      if (entry.is_special()) [[unlikely]] {
        if (entry.is(HuffmanEntry::subtable)) entry = distances.further(entry, bits);
        if (entry.is(HuffmanEntry::invalid)) {
          problem = "invalid distance code";
          break;
        }
      }
      const std::uint32_t distance = entry.value_in(bits);
      drop(entry);
      if (distance > static_cast<std::size_t>(out - history)) [[unlikely]] {
        problem = "invalid distance too far back";
        break;
      }
      copy_match(out, distance, length);
      out += length;
    }
    if (problem != nullptr) refuse(problem);
    reader_.resume(in, bits, count);
    window_.advance_to(out);
    if (ended_) {
      ended_ = false;
      end_block();
    }
  }

  /// One symbol after the other, each when all its bits are there.
  /// @returns false when it needs more input, or room
  bool decode_careful() {
    while (window_.room() > 0) {
      reader_.fill();
      HuffmanEntry entry = literals_->first(reader_.bits());
      if (entry.is(HuffmanEntry::subtable)) entry = literals_->further(entry, reader_.bits());
      if (entry.is(HuffmanEntry::invalid)) {
        if (reader_.count() < k_max_code_bits) return false;
        refuse("invalid literal/length code");
      }
      if (reader_.count() < entry.all_bits()) return false;
      if (entry.is(HuffmanEntry::literal)) {
        reader_.drop(entry.all_bits());
        *window_.next() = static_cast<char>(entry.value());
        window_.advance(1);
      } else if (entry.is(HuffmanEntry::end)) {
        reader_.drop(entry.all_bits());
        end_block();
        return true;
      } else if (!read_match(entry)) {
        return false;
      }
      // Where it is no longer near the edge there is a faster way.
      if (reader_.end() - reader_.position() > 64 && window_.room() > 2 * k_longest_match) {
        return true;
      }
    }
    return false;
  }

  /// Length and distance together, or nothing.
  bool read_match(HuffmanEntry length) {
    const std::uint64_t behind = reader_.bits() >> length.all_bits();
    HuffmanEntry distance = distances_->first(behind);
    if (distance.is(HuffmanEntry::subtable)) distance = distances_->further(distance, behind);
    if (distance.is(HuffmanEntry::invalid)) {
      if (reader_.count() < length.all_bits() + k_max_code_bits) return false;
      refuse("invalid distance code");
    }
    if (reader_.count() < length.all_bits() + distance.all_bits()) return false;
    pending_length_ = length.value_in(reader_.bits());
    pending_distance_ = distance.value_in(behind);
    if (pending_distance_ > window_.history()) refuse("invalid distance too far back");
    reader_.drop(length.all_bits() + distance.all_bits());
    copy_pending();
    return true;
  }

  /// As much of a match as there is room for. The rest comes first, when there is room again.
  void copy_pending() {
    if (pending_length_ == 0) return;
    const std::size_t size = std::min<std::size_t>(pending_length_, window_.room());
    copy_match(window_.next(), pending_distance_, size);
    window_.advance(size);
    pending_length_ -= static_cast<std::uint32_t>(size);
  }

  // The member's end.

  void note_output(const char* data, std::size_t size) {
    crc_ = ::libdeflate_crc32(crc_, data, size);
    size_ += static_cast<std::uint32_t>(size);
  }

  bool verify_check() {
    if (!reader_.has(32)) return false;
    if (reader_.take(32) != crc_) refuse("incorrect data check");
    state_ = State::size;
    return true;
  }

  bool verify_size() {
    if (!reader_.has(32)) return false;
    if (reader_.take(32) != size_) refuse("incorrect length check");
    state_ = State::between_members;
    return true;
  }

  State state_ = State::magic;
  BitReader reader_;
  InflateWindow window_;
  std::unique_ptr<LiteralTable> literals_ = std::make_unique<LiteralTable>();
  std::unique_ptr<DistanceTable> distances_ = std::make_unique<DistanceTable>();
  PrecodeTable precodes_;
  bool fixed_codes_ = false;  ///< the tables hold those
  unsigned flags_ = 0;
  std::uint32_t left_ = 0;  ///< bytes of a field or a stored block
  bool last_block_ = false;
  bool ended_ = false;
  unsigned literal_count_ = 0;
  unsigned distance_count_ = 0;
  unsigned precode_count_ = 0;
  unsigned read_ = 0;  ///< how many of them
  std::array<std::uint8_t, k_precodes> precode_lengths_{};
  std::array<std::uint8_t, k_most_literals + k_most_distances> code_lengths_{};
  std::uint32_t pending_length_ = 0;  ///< of a match that reaches over the window's edge
  std::uint32_t pending_distance_ = 0;
  std::uint32_t crc_ = 0;
  std::uint32_t size_ = 0;  ///< modulo 2^32, as the trailer has it
};

}  // namespace

std::unique_ptr<Decoder> make_gzip_decoder() {
  return std::make_unique<GzipDecoder>();
}

}  // namespace coracle::archive
