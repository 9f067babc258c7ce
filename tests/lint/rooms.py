#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks every #include against the tables of docs/architecture.md: which room may use which, and
where each outside library is at home.

    rooms.py SOURCE_ROOT
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
SOURCE_SUFFIXES = {'.cpp', '.hpp', '.c', '.h'}


def read_table(text, first_heading):
    """The rows of the table whose first column has this heading, as lists of cells."""
    rows = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if not line.startswith('|'):
            inside = False
        elif cells[0] == first_heading:
            inside = True
        elif inside and not set(cells[0]) <= {'-', ' '}:
            rows.append(cells)
    if not rows:
        sys.exit(f'docs/architecture.md has no table of {first_heading}')
    return rows


def names(cell):
    return [name.strip() for name in cell.split(',')]


def is_inside(path, folder):
    return path == folder or path.startswith(folder + '/')


class Floors:
    """The parts of one folder, lowest first; what lies in the folder itself is above them all."""

    def __init__(self, folder, cell):
        self.folder = folder
        self.floors = {}
        for number, parts in enumerate(cell.split(';')):
            for part in names(parts):
                self.floors[f'{folder}/{part}'] = number

    def part_of(self, place):
        return next((part for part in self.floors if is_inside(place, part)), None)

    def problem(self, place, target):
        if not is_inside(place, self.folder) or not is_inside(target, self.folder):
            return None
        using, used = self.part_of(place), self.part_of(target)
        if using is None or using == used:
            return None
        if used is None or self.floors[used] >= self.floors[using]:
            return f'is not on a lower floor than {using}'
        return None


class Rules:
    def __init__(self, text):
        self.houses = [Floors(row[0], row[1]) for row in read_table(text, 'floors of')]
        self.rooms = {row[0]: names(row[-1]) for row in read_table(text, 'room')}
        self.libraries = {header: names(row[-1]) for row in read_table(text, 'headers')
                          for header in names(row[0])}

    def row_of(self, place):
        """The most special row for a place such as `runtime/child/mounts.cpp`."""
        fitting = [room for room in self.rooms if is_inside(place, room)]
        return max(fitting, key=len) if fitting else None

    def room_of(self, place):
        return place.split('/')[0]

    def problem_with_ours(self, place, header):
        """`header` is "coracle/room/x.hpp" or a private "room/x.hpp"."""
        public = header.startswith('coracle/')
        target = header.removeprefix('coracle/')
        if '/' not in target and not public:
            return None  # Beside the file itself.
        room = self.room_of(place)
        if self.room_of(target) not in self.rooms:
            return None
        if not public and self.room_of(target) != room:
            return 'is private to its room'
        for house in self.houses:
            if problem := house.problem(place, header):
                return problem
        row = self.row_of(place)
        if row == room and self.room_of(target) == room:
            return None
        if any(is_inside(target, allowed) for allowed in self.rooms[row]):
            return None
        # A part of a room with its own row may use the room's doors.
        if public and self.room_of(target) == room:
            return None
        return f'is not among what {row} may use'

    def problem_with_library(self, place, header):
        for prefix, homes in self.libraries.items():
            hit = header.startswith(prefix) if prefix.endswith('/') else header == prefix
            if hit and not any(is_inside(place, home) for home in homes):
                return f'is at home in {", ".join(homes)}'
        return None


def place_of(path, root):
    """`src/store/x.cpp` and `include/coracle/store/x.hpp` both belong to store; what is in no folder, to main."""
    relative = path.relative_to(root)
    parts = relative.parts[2:] if relative.parts[0] == 'include' else relative.parts[1:]
    return 'main' if len(parts) == 1 else '/'.join(parts)


def check(root):
    rules = Rules((root / 'docs/architecture.md').read_text(encoding='utf-8'))
    problems = []
    files = 0
    for folder in (root / 'src', root / 'include'):
        for path in sorted(folder.rglob('*')):
            if path.suffix not in SOURCE_SUFFIXES:
                continue
            files += 1
            place = place_of(path, root)
            if rules.row_of(place) is None:
                problems.append(f'{path.relative_to(root)}: no room of this name in the table')
                continue
            text = path.read_text(encoding='utf-8')
            for match in INCLUDE.finditer(text):
                quote, header = match.groups()
                problem = (rules.problem_with_ours(place, header) if quote == '"'
                           else rules.problem_with_library(place, header))
                if quote == '"' and header.startswith(('tests/', '../')):
                    problem = 'does not belong to the sources'
                if problem:
                    line = text.count('\n', 0, match.start()) + 1
                    problems.append(f'{path.relative_to(root)}:{line}: {header} {problem}')
    return files, problems


def main():
    files, problems = check(pathlib.Path(sys.argv[1]).resolve())
    for problem in problems:
        print(problem)
    print(f'{files} files, {len(problems)} forbidden includes')
    return 1 if problems or files == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
