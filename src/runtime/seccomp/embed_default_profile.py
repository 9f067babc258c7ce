#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the default seccomp profile as a C++ source file: its text without white space, an id that
changes with it, and the capabilities it asks for as a bit set.

usage: embed_default_profile.py PROFILE.json OUTPUT.cpp"""

import hashlib
import json
import re
import sys

TEMPLATE = '''// Made by embed_default_profile.py.
#include "runtime/seccomp/default_profile_internal.hpp"

#include <linux/capability.h>

namespace coracle::runtime::seccomp {{

const std::string_view k_default_profile_text =
{text};
const std::string_view k_default_profile_id = "{id}";

linux::CapabilitySet default_profile_capabilities() noexcept {{
  return {bits};
}}

}}  // namespace coracle::runtime::seccomp
'''
CHUNK = 90


def capabilities_of(profile):
    names = set()
    for rule in profile["syscalls"]:
        for condition in ("includes", "excludes"):
            names.update(rule.get(condition, {}).get("caps", []))
    return sorted(names)


def literal(text):
    chunks = re.findall(r".{1,%d}" % CHUNK, text)
    return "\n".join('    R"json({})json"'.format(chunk) for chunk in chunks)


def main():
    source, output = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        profile = json.load(file)
    text = json.dumps(profile, separators=(",", ":"))
    bits = " |\n         ".join(f"linux::CapabilitySet{{1}} << {name}"
                                for name in capabilities_of(profile))
    with open(output, "w", encoding="utf-8") as file:
        file.write(TEMPLATE.format(text=literal(text), bits=bits,
                                   id=hashlib.sha256(text.encode()).hexdigest()[:16]))


if __name__ == "__main__":
    main()
