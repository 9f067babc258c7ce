# SPDX-License-Identifier: Apache-2.0
"""The configurations that are tried: values.py and mounts.py one after the other, and by chance together."""
import dataclasses
import hashlib
import os
import pathlib
import sys
import typing

import configs
import mounts
import values

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import oci_schema

SEED = 20
RANDOM_CONFIGURATIONS = 100


@dataclasses.dataclass
class Variant:
    name: str
    edit: typing.Callable
    path: str = ""


def of_values():
    """Every property of the schema, with every value that it may be one of."""
    found, failures = [], []
    known = oci_schema.properties()
    for path in sorted(set(values.VALUES) | set(values.WITHOUT_VALUE)):
        if path not in known:
            failures.append(f"{path}: the schema has no such property")
    for path, choices in known.items():
        edits = values.VALUES.get(path)
        if edits is None:
            if path not in values.WITHOUT_VALUE:
                failures.append(f"{path}: values.py has no value, nor a reason for that")
            continue
        if callable(edits):
            if not choices:
                failures.append(f"{path}: the schema lists no values")
            edits = {str(choice): edits(choice) for choice in choices}
        made = [Variant(f"{path}: {name}", edit, path) for name, edit in edits.items()]
        if not any(is_set(variant) for variant in made):
            failures.append(f"{path}: no edit of it sets it")
        found += made
    return found, failures


def is_set(variant):
    config = base()
    before = oci_schema.values_at(config, variant.path)
    variant.edit(config)
    after = oci_schema.values_at(config, variant.path)
    return bool(after) and (after != before or bool(before))


def of_mounts():
    return [Variant(f"mount: {name}", edit) for name, edit in mounts.options().items()]


def by_chance(candidates, refused):
    """Several at once, drawn by a fixed seed: nothing twice, and not what somebody refuses alone, which would say no more."""
    found = []
    for number in range(RANDOM_CONFIGURATIONS):
        # By hash, so that a further candidate changes a few of them only.
        drawn = sorted(candidates, key=lambda one: hashlib.sha256(f"{SEED} {number} {one.name}".encode()).digest())
        chosen, taken = [], set()
        for one in drawn[:3 + number % 6]:
            part = ".".join(one.path.split(".")[:2])
            if one.name not in refused and (not part or part not in taken):
                taken.add(part)
                chosen.append(one)
        found.append(Variant(f"random {number}: " + " + ".join(one.name for one in chosen),
                             configs.together(*(one.edit for one in chosen))))
    return found


def base():
    return configs.of_root() if os.geteuid() == 0 else configs.of_user(os.geteuid(), os.getegid())
