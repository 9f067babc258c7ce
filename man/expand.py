#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds a manual page from scdoc source. A line `@@option NAME` stands for man/options/NAME.scd, so
that what several commands share is written once.

    expand.py PAGE.scd                          print the expanded source
    expand.py PAGE.scd OUTPUT DEPFILE SCDOC     write the page, and what it was made from
"""
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r'^@@option (\S+)$')


def expand_lines(file, options, sources):
    """The lines of a file, fragments and those within them put in."""
    if not file.exists():
        sys.exit(f'{sources[-1]}: there is no {file}')
    sources.append(file)
    for line in file.read_text(encoding='utf-8').rstrip('\n').splitlines():
        if match := OPTION.match(line):
            yield from expand_lines(options / (match[1] + '.scd'), options, sources)
        else:
            yield line


def expand(page):
    """The page's text with its fragments, and the files that it was read from."""
    sources = []
    lines = list(expand_lines(page, page.parent / 'options', sources))
    return '\n'.join(lines) + '\n', sources


def main():
    text, sources = expand(pathlib.Path(sys.argv[1]))
    if len(sys.argv) == 2:
        sys.stdout.write(text)
        return
    output, depfile, scdoc = sys.argv[2:]
    page = subprocess.run([scdoc], input=text, capture_output=True, text=True, check=False)
    if page.returncode != 0:
        sys.exit(f'{sys.argv[1]}: {page.stderr.strip()}')
    pathlib.Path(output).write_text(page.stdout, encoding='utf-8')
    dependencies = ' '.join(str(source) for source in sources)
    pathlib.Path(depfile).write_text(f'{output}: {dependencies}\n', encoding='utf-8')


if __name__ == '__main__':
    main()
