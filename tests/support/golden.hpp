// SPDX-License-Identifier: Apache-2.0
// Expected output in files. CORACLE_TEST_ACCEPT=1 writes what came out instead of comparing: look
// at the difference before committing it.
#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <string>

#include "coracle/linux/file.hpp"

namespace coracle::test {

/// @param file  below tests/data: "engine/spec_default.json"
inline void check_golden(const std::string& file, const std::string& text) {
  const std::string path = std::string(CORACLE_TEST_DATA) + "/" + file;
  if (::getenv("CORACLE_TEST_ACCEPT") != nullptr) {
    linux::write_file_atomic(path, text, linux::Durability::crash_of_process, 0644);
    WARN("accepted: " << file);
    return;
  }
  INFO("expected output: " << path << "; CORACLE_TEST_ACCEPT=1 accepts what came out");
  CHECK(text == linux::read_file_if_exists(path).value_or("no such file"));
}

}  // namespace coracle::test
