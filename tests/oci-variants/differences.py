# SPDX-License-Identifier: Apache-2.0
"""In what runtimes differ, and which of that is known."""
import dataclasses
import fnmatch
import json
import os
import pathlib
import re

TABLE = json.loads((pathlib.Path(__file__).resolve().parent / "differences.json").read_text())
# Those that the table is about.
VERSIONS = TABLE["versions"]


@dataclasses.dataclass
class Difference:
    """What one runtime, or several, do otherwise than the rest."""
    variant: str
    path: str
    seen: dict

    def __str__(self):
        return f"{self.variant}\n    {self.path}\n" + "".join(f"      {name:8}{value!r}\n" for name, value in self.seen.items())


def differences(name, found):
    """What is not the same under all: found has by the name of each runtime its values by path."""
    if not found:
        return
    outcomes = {runtime: view["outcome"] for runtime, view in found.items()}
    if len(set(outcomes.values())) > 1:
        yield Difference(name, "outcome", outcomes)
    ran = {runtime: view for runtime, view in found.items() if view["outcome"].startswith("runs")}
    if not ran:
        ran = found
    for path in sorted({path for view in ran.values() for path in view if path != "outcome"}):
        seen = {runtime: view.get(path) for runtime, view in ran.items()}
        if len(set(map(str, seen.values()))) > 1:
            yield Difference(name, path, seen)


class Known:
    """The differences that there may be: differences.json."""

    def __init__(self, part):
        user = "root" if os.geteuid() == 0 else "user"
        entries = TABLE[part]
        if part == "configurations" and pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists():
            entries = entries + TABLE["control groups v2"]
        self.entries = [entry for entry in entries if entry.get("user", user) == user]
        self.matches = [0] * len(self.entries)

    def explains(self, difference):
        rest = dict(difference.seen)
        for index, entry in enumerate(self.entries):
            if not any(fnmatch.fnmatchcase(difference.path, one) for one in entry["paths"]):
                continue
            if not any(re.search(one, difference.variant) for one in entry["configurations"]):
                continue
            odd = [name for name in entry["who"] if name in difference.seen]
            others = {str(value) for name, value in difference.seen.items() if name not in odd}
            # An entry that names those who agree with the rest explains nothing.
            if not any(str(difference.seen[name]) not in others for name in odd) and others:
                continue
            self.matches[index] += 1
            for name in odd:
                rest.pop(name, None)
        return len(set(map(str, rest.values()))) <= 1 and len(rest) < len(difference.seen)

    def unseen(self):
        return [entry for entry, count in zip(self.entries, self.matches) if count == 0 and not entry.get("seldom")]
