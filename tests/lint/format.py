#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the sources are as clang-format writes them. Its results differ between versions, so
it is the one of Debian 12 that counts; elsewhere the test is skipped.

    format.py SOURCE_ROOT
"""
import pathlib
import re
import shutil
import subprocess
import sys

VERSION = 14
SKIPPED = 77


def main():
    program = shutil.which(f'clang-format-{VERSION}') or shutil.which('clang-format')
    if program is None:
        print('clang-format is not installed')
        return SKIPPED
    version = subprocess.run([program, '--version'], capture_output=True, text=True, check=True).stdout
    if not re.search(rf'version {VERSION}\.', version):
        print(f'not version {VERSION}: {version.strip()}')
        return SKIPPED
    root = pathlib.Path(sys.argv[1])
    files = [path for folder in ('src', 'include', 'tests') for path in sorted((root / folder).rglob('*'))
             if path.suffix in {'.cpp', '.hpp'}]
    result = subprocess.run([program, '--dry-run', '-Werror', '--', *files], timeout=100)
    print(f'{len(files)} files checked')
    if result.returncode != 0:
        print('to mend: git ls-files "*.cpp" "*.hpp" | xargs clang-format -i')
    return result.returncode


sys.exit(main())
