#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints C++ that holds text files: embed.py HEADER NAMESPACE NAME=FILE..."""
import sys

CHUNK = 4000  # Compilers need accept string literals of 65536 bytes only; stay well below.


def literal(text):
    parts = [text[i:i + CHUNK] for i in range(0, len(text), CHUNK)] or ['']
    return '\n    '.join(f'R"__embed__({part})__embed__"' for part in parts)


def main():
    header, namespace, *files = sys.argv[1:]
    print(f'#include "{header}"\n\nnamespace {namespace} {{\n')
    for item in files:
        name, path = item.split('=', 1)
        with open(path, encoding='utf-8') as file:
            print(f'const std::string_view {name} =\n    {literal(file.read())};\n')
    print(f'}}  // namespace {namespace}')


main()
