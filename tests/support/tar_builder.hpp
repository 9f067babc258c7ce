// SPDX-License-Identifier: Apache-2.0
// Archives byte by byte, hostile ones too: no library would write those.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace coracle::test {

struct TarItem {
  std::string name;
  char type = '0';
  std::string content;
  std::string link;
  unsigned mode = 0644;
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::int64_t mtime = 1'000'000'000;
  unsigned device_major = 0;
  unsigned device_minor = 0;
  std::map<std::string, std::string> pax = {};  ///< records of an extension header before it
};

class TarBuilder {
 public:
  TarBuilder& add(const TarItem& item) {
    if (!item.pax.empty()) add_extension('x', format_records(item.pax));
    header(item, item.content.size());
    return raw_content(item.content);
  }
  TarBuilder& file(const std::string& name, const std::string& content = "", unsigned mode = 0644) {
    return add({.name = name, .content = content, .mode = mode});
  }
  TarBuilder& directory(const std::string& name, unsigned mode = 0755) {
    return add({.name = name, .type = '5', .mode = mode});
  }
  TarBuilder& symlink(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '2', .link = target, .mode = 0777});
  }
  TarBuilder& hard_link(const std::string& name, const std::string& target) {
    return add({.name = name, .type = '1', .link = target});
  }
  /// An extension header: 'x' or 'g' with pax records, 'L' or 'K' with a long name of GNU's.
  TarBuilder& add_extension(char type, const std::string& text) {
    header({.name = "extension", .type = type}, text.size());
    return raw_content(text);
  }
  /// A header that promises `size` bytes; what follows is up to the caller.
  TarBuilder& header(const TarItem& item, std::uint64_t size) {
    std::string block(512, '\0');
    put(block, 0, 100, item.name);
    put_octal(block, 100, 8, item.mode);
    put_number(block, 108, 8, item.uid);
    put_number(block, 116, 8, item.gid);
    put_number(block, 124, 12, static_cast<std::int64_t>(size));
    put_number(block, 136, 12, item.mtime);
    block[156] = item.type;
    put(block, 157, 100, item.link);
    put(block, 257, 8,
        std::string_view("ustar\0"
                         "00",
                         8));
    put_octal(block, 329, 8, item.device_major);
    put_octal(block, 337, 8, item.device_minor);
    put_checksum(block);
    text_ += block;
    return *this;
  }
  TarBuilder& raw_content(std::string_view content) {
    text_ += content;
    text_.resize((text_.size() + 511) / 512 * 512);
    return *this;
  }
  TarBuilder& raw(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  /// With the two blocks that end an archive.
  std::string finish() const { return text_ + std::string(1024, '\0'); }
  const std::string& unfinished() const { return text_; }

  static std::string format_record(const std::string& key, const std::string& value) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (rest + std::to_string(length).size() != length) ++length;
    return std::to_string(length) + " " + key + "=" + value + "\n";
  }
  static std::string format_records(const std::map<std::string, std::string>& records) {
    std::string text;
    for (const auto& [key, value] : records) text += format_record(key, value);
    return text;
  }

 private:
  static void put(std::string& block, std::size_t at, std::size_t size, std::string_view text) {
    block.replace(at, std::min(size, text.size()), text.substr(0, size));
  }
  static void put_octal(std::string& block, std::size_t at, std::size_t size, std::uint64_t value) {
    for (std::size_t i = size - 1; i-- > 0; value >>= 3)
      block[at + i] = static_cast<char>('0' + (value & 7));
  }
  /// GNU's base-256 for what octal digits cannot say.
  static void put_number(std::string& block, std::size_t at, std::size_t size, std::int64_t value) {
    if (value >= 0 && value < (std::int64_t{1} << (3 * (size - 1)))) {
      put_octal(block, at, size, static_cast<std::uint64_t>(value));
      return;
    }
    for (std::size_t i = size; i-- > 0; value >>= 8)
      block[at + i] = static_cast<char>(value & 0xff);
    block[at] = static_cast<char>(block[at] | '\x80');
  }
  static void put_checksum(std::string& block) {
    put(block, 148, 8, "        ");
    unsigned sum = 0;
    for (const char byte : block) sum += static_cast<unsigned char>(byte);
    put_octal(block, 148, 7, sum);
    block[154] = '\0';
  }

  std::string text_;
};

}  // namespace coracle::test
