#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a program as a C++ source file with its bytes.

usage: embed_reaper.py [PROGRAM]    without one, where there is none for this machine: no bytes"""

import pathlib
import sys

PER_LINE = 16


def main():
    data = pathlib.Path(sys.argv[1]).read_bytes() if len(sys.argv) > 1 else b""
    print("// Made by embed_reaper.py.")
    print('#include "runtime/init/reaper_image.hpp"\n')
    print("namespace coracle::runtime {\n")
    print("namespace {\n")
    print("constexpr unsigned char k_bytes[] = {")
    for start in range(0, len(data), PER_LINE):
        print("    " + " ".join(f"0x{byte:02x}," for byte in data[start:start + PER_LINE]))
    print("    0};\n")
    print("}  // namespace\n")
    print(f"const std::span<const unsigned char> k_reaper(k_bytes, {len(data)});\n")
    print("}  // namespace coracle::runtime")


main()
