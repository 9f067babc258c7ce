// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

#include "archive/pax_records_internal.hpp"
#include "archive/pax_writer_internal.hpp"
#include "archive/ustar_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Octal digits and a NUL. False if the number does not fit.
template <std::size_t Size>
bool put_number(char (&field)[Size], std::int64_t value) {
  const std::string digits = value < 0 ? std::string() : fmt::format("{:0{}o}", value, Size - 1);
  const bool fits = !digits.empty() && digits.size() < Size;
  ::memcpy(field, fits ? digits.c_str() : std::string(Size - 1, '0').c_str(), Size);
  return fits;
}

/// False if it had to be cut.
template <std::size_t Size>
bool put_text(char (&field)[Size], std::string_view text) {
  ::memcpy(field, text.data(), std::min(Size, text.size()));
  return text.size() <= Size;
}

/// Whole, or divided at a slash between prefix and name. False if it does not fit.
bool put_path(UstarHeader& header, std::string_view path) {
  if (path.size() <= sizeof header.name) return put_text(header.name, path);
  for (auto slash = path.rfind('/', sizeof header.prefix);
       slash != std::string_view::npos && slash > 0; slash = path.rfind('/', slash - 1)) {
    const std::string_view rest = path.substr(slash + 1);
    if (rest.size() > sizeof header.name) break;
    if (rest.empty()) continue;
    put_text(header.name, rest);
    return put_text(header.prefix, path.substr(0, slash));
  }
  put_text(header.name, path);
  return false;
}

/// Where tools that do not know pax put the extension header as a file ("dir/PaxHeaders.0/name").
std::string insert_directory(std::string_view path, std::string_view name) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  const std::string_view parent = slash == std::string_view::npos ? "" : path.substr(0, slash + 1);
  const std::string_view base = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return fmt::format("{}{}/{}", parent, name, base);
}

/// The map of GNU's sparse format 1.0, which stands before the content.
std::string format_sparse_map(const EntryHeader& entry) {
  const bool ends_in_hole =
      entry.extents.empty() || static_cast<std::uint64_t>(entry.extents.back().offset +
                                                          entry.extents.back().size) < entry.size;
  std::string map = fmt::format("{}\n", entry.extents.size() + (ends_in_hole ? 1 : 0));
  for (const auto& extent : entry.extents)
    map += fmt::format("{}\n{}\n", extent.offset, extent.size);
  if (ends_in_hole) map += fmt::format("{}\n0\n", entry.size);
  map.resize(map.size() + padding_of(map.size()));
  return map;
}

}  // namespace

void PaxWriter::begin(const EntryHeader& entry) {
  pad();
  const bool directory = entry.type == EntryType::directory;
  const std::string path = directory && !entry.path.ends_with('/') ? entry.path + "/" : entry.path;
  Records records;
  for (const auto& [name, value] : entry.attributes) records["SCHILY.xattr." + name] = value;
  if (!entry.sparse) {
    write_block(path, entry, static_cast<char>(entry.type), entry.size, records);
    left_ = entry.size;
    return;
  }
  const std::string map = format_sparse_map(entry);
  records["GNU.sparse.major"] = "1";
  records["GNU.sparse.minor"] = "0";
  records["GNU.sparse.name"] = path;
  records["GNU.sparse.realsize"] = std::to_string(entry.size);
  const std::uint64_t content =
      std::accumulate(entry.extents.begin(), entry.extents.end(), std::uint64_t{map.size()},
                      [](std::uint64_t sum, const Extent& extent) {
                        return sum + static_cast<std::uint64_t>(extent.size);
                      });
  write_block(insert_directory(path, "GNUSparseFile.0"), entry, static_cast<char>(entry.type),
              content, records);
  left_ = content;
  data(map.data(), map.size());
}

/// The header of an entry, after one with the records and with what does not fit into ustar.
void PaxWriter::write_block(std::string_view path, const EntryHeader& entry, char type,
                            std::uint64_t size, Records& records) {
  UstarHeader header{};
  if (!put_path(header, path) || !is_ascii(path)) records["path"] = path;
  if (!put_text(header.link_target, entry.link_target) || !is_ascii(entry.link_target)) {
    records["linkpath"] = entry.link_target;
  }
  put_number(header.mode, entry.mode & 07777);
  if (!put_number(header.uid, entry.uid)) records["uid"] = std::to_string(entry.uid);
  if (!put_number(header.gid, entry.gid)) records["gid"] = std::to_string(entry.gid);
  if (!put_number(header.size, static_cast<std::int64_t>(size)))
    records["size"] = std::to_string(size);
  if (!put_number(header.mtime, entry.mtime.tv_sec) || entry.mtime.tv_nsec != 0) {
    records["mtime"] = format_pax_time(entry.mtime);
  }
  header.type = type;
  ::memcpy(header.magic, "ustar", sizeof header.magic);
  ::memcpy(header.version, "00", sizeof header.version);
  put_number(header.device_major, ::major(entry.device));
  put_number(header.device_minor, ::minor(entry.device));
  if (!records.empty()) write_records(std::string(path), records);
  write_header({reinterpret_cast<const char*>(&header), sizeof header});
}

void PaxWriter::write_records(const std::string& path, const Records& records) {
  std::string text;
  for (const auto& [key, value] : records) text += format_pax_record(key, value);
  UstarHeader header{};
  put_path(header, insert_directory(path, "PaxHeaders.0"));
  put_number(header.mode, 0);
  put_number(header.uid, 0);
  put_number(header.gid, 0);
  put_number(header.size, static_cast<std::int64_t>(text.size()));
  put_number(header.mtime, 0);
  header.type = 'x';
  ::memcpy(header.magic, "ustar", sizeof header.magic);
  ::memcpy(header.version, "00", sizeof header.version);
  write_header({reinterpret_cast<const char*>(&header), sizeof header});
  text.resize(text.size() + padding_of(text.size()));
  sink_.write(text);
}

void PaxWriter::write_header(std::string_view block) {
  UstarHeader header;
  ::memcpy(&header, block.data(), sizeof header);
  const std::string digits = fmt::format("{:06o}", header_checksum(header));
  ::memcpy(header.checksum, digits.c_str(), digits.size() + 1);
  header.checksum[digits.size() + 1] = ' ';
  sink_.write(&header, sizeof header);
}

void PaxWriter::data(const void* data, std::size_t size) {
  if (size > left_)
    throw Error(ErrorClass::internal, "an archive entry got more content than its size");
  left_ -= size;
  written_ += size;
  sink_.write(data, size);
}

void PaxWriter::pad() {
  if (left_ != 0)
    throw Error(ErrorClass::internal, "an archive entry lacks {} bytes of content", left_);
  static constexpr std::array<char, k_block> k_zeros{};
  sink_.write(k_zeros.data(), padding_of(written_));
  written_ = 0;
}

void PaxWriter::finish() {
  pad();
  static constexpr std::array<char, 2 * k_block> k_end{};
  sink_.write(k_end.data(), k_end.size());
}

}  // namespace coracle::archive
