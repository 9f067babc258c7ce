#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validates what coracle writes against the JSON schemas of the OCI specifications.

usage: check_schemas.py PRINT_DOCUMENTS DATA_DIRECTORY

Besides validity it checks that the full runtime specification in the test data, once read and
written, still has every property that the schema knows for Linux: a field that nobody implements
fails here.
"""
import json
import pathlib
import subprocess
import sys
import warnings

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

warnings.simplefilter("ignore", DeprecationWarning)  # RefResolver: the only resolver in 4.10

SCHEMAS = {
    "manifest": "image/image-manifest-schema.json",
    "index": "image/image-index-schema.json",
    "config": "image/config-schema.json",
    "layout": "image/image-layout-schema.json",
    "runtime": "runtime/config-schema.json",
    "state": "runtime/state-schema.json",
}
# Not for Linux: other platforms, and Windows' way to give a command and a user.
OTHER_PLATFORMS = {"solaris", "windows", "vm", "zos", "freebsd", "commandLine", "username"}


class Schema:
    """One schema file and those beside it that it refers to."""

    def __init__(self, path):
        self.directory = path.parent
        self.root = self.load(path.name)
        # The files refer to each other by name; the URL before it is of no use here.
        load = lambda url: self.load(url.rsplit("/", 1)[-1])
        resolver = jsonschema.RefResolver(
            path.as_uri(), self.root, handlers={"file": load, "https": load})
        self.validator = jsonschema.Draft4Validator(self.root, resolver=resolver)
        self.resolver = resolver

    def load(self, name):
        return json.loads((self.directory / name).read_text())

    def errors(self, document):
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
                for error in self.validator.iter_errors(document)]


def missing(schema, node, document, path=""):
    """Paths of properties that `node` of the schema names and the document has nowhere."""
    if "$ref" in node:
        with schema.resolver.resolving(node["$ref"]) as target:
            yield from missing(schema, target, document, path)
        return
    for part in node.get("allOf", []) + node.get("anyOf", []):
        yield from missing(schema, part, document, path)
    for name, inner in node.get("properties", {}).items():
        if name in OTHER_PLATFORMS:
            continue
        values = [value[name] for value in document if isinstance(value, dict) and name in value]
        if not values:
            yield f"{path}/{name}"
        else:
            yield from missing(schema, inner, values, f"{path}/{name}")
    if "items" in node:
        elements = [element for value in document if isinstance(value, list) for element in value]
        yield from missing(schema, node["items"], elements, path + "[]")
    if isinstance(node.get("additionalProperties"), dict):
        members = [member for value in document for member in value.values()]
        yield from missing(schema, node["additionalProperties"], members, path + "/*")


def main():
    program, data = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    files = sorted(str(path) for path in data.glob("*.json"))
    output = subprocess.run([program, *files], check=True, capture_output=True, text=True).stdout
    schemas = {kind: Schema(data / "schema" / name) for kind, name in SCHEMAS.items()}
    failures = 0
    for line in output.splitlines():
        kind, name, text = line.split("\t", 2)
        document = json.loads(text)
        problems = schemas[kind].errors(document)
        if name == "runtime-full.json":
            gone = missing(schemas[kind], schemas[kind].root, [document])
            problems += [f"{path}: in the schema, not written" for path in gone]
        for problem in problems:
            print(f"{name}: {problem}")
        failures += len(problems)
        if not problems:
            print(f"{name}: valid")
    sys.exit(1 if failures else 0)


main()
