# SPDX-License-Identifier: Apache-2.0
"""The properties of config.json that the schema of the OCI runtime specification has."""
import json
import pathlib
import re

DIRECTORY = pathlib.Path(__file__).resolve().parent.parent / "data" / "oci" / "schema" / "runtime"
OTHER_PLATFORMS = {"solaris", "windows", "vm", "zos", "freebsd", "process.commandLine", "process.user.username"}


def _load(name):
    return json.loads((DIRECTORY / name).read_text())


def _resolved(node, file):
    while "$ref" in node:
        name, _, pointer = node["$ref"].partition("#")
        file = name or file
        node = _load(file)
        for part in filter(None, pointer.split("/")):
            node = node[part]
    return node, file


def _choices(node, file):
    """The values that a property, or an element of it, is one of; none where it is free."""
    node, file = _resolved(node, file)
    if "enum" in node:
        return node["enum"]
    # "^[cbup]$"
    letters = re.fullmatch(r"\^\[(\w+)\]\$", node.get("pattern", ""))
    if letters:
        return list(letters[1])
    if node.get("type") == "boolean":
        return [True, False]
    return _choices(node["items"], file) if isinstance(node.get("items"), dict) else []


def _leaves(node, file, path=""):
    node, file = _resolved(node, file)
    found = {}
    for part in node.get("allOf", []) + node.get("anyOf", []):
        if "properties" in str(_resolved(part, file)):
            found.update(_leaves(part, file, path))
    for key, value in node.get("properties", {}).items():
        name = f"{path}.{key}" if path else key
        if name not in OTHER_PLATFORMS:
            found.update(_leaves(value, file, name) or {name: _choices(value, file)})
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(node.get(keyword), dict):
            found.update(_leaves(node[keyword], file, path + mark))
    return found


def properties():
    """Each property that has none below it, "linux.devices[].path", with the values that it is one of."""
    return _leaves(_load("config-schema.json"), "config-schema.json")


def values_at(config, path):
    """What a configuration has at a path of properties()."""
    found = [config]
    for part in re.findall(r"[^.\[\]{}]+|\[\]|\{\}", path):
        if part == "[]":
            found = [element for value in found if isinstance(value, list) for element in value]
        elif part == "{}":
            found = [element for value in found if isinstance(value, dict) for element in value.values()]
        else:
            found = [value[part] for value in found if isinstance(value, dict) and part in value]
    return found
