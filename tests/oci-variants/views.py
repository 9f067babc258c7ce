# SPDX-License-Identifier: Apache-2.0
"""Brings what a probe saw into a form that can be compared: values by path, without what differs from run to run."""
import json
import os
import re

# Of /proc/self/status.
STATUS = ("Uid", "Gid", "Groups", "NSpid", "NSpgid", "NSsid", "SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
          "NoNewPrivs", "Seccomp", "Seccomp_filters", "Cpus_allowed_list", "Mems_allowed_list", "Speculation_Store_Bypass",
          "THP_enabled")
FILES = ("uid_map", "gid_map", "setgroups", "timens_offsets", "oom_score_adj", "comm", "attr/current", "coredump_filter",
         "timerslack_ns")


class View:
    def __init__(self, names, given):
        # The longest first: one may begin with another.
        self._names = sorted(((str(value), name) for name, value in names.items()), key=lambda pair: -len(pair[0]))
        self._given = given
        self.values = {}

    def neutral(self, text):
        for value, name in self._names:
            text = text.replace(value, name)
        return text

    def add(self, path, value):
        self.values[path] = self.neutral(value) if isinstance(value, str) else value

    def add_all(self, path, values):
        for name, value in values.items():
            if isinstance(value, dict):
                self.add_all(f"{path}/{name}", value)
            else:
                self.add(f"{path}/{name}", value)

    def add_namespaces(self, links):
        for kind, link in links.items():
            host = os.readlink(f"/proc/self/ns/{kind}")
            self.add(f"namespaces/{kind}", "host" if link == host else self._given.get(link, "own"))

    def add_mounts(self, text):
        lines = [line.split(" ") for line in text.splitlines()]
        parents = {words[0]: (words[1], words[4]) for words in lines}

        def height(number, target):
            """How many mounts it covers at its own place: the kernel lists them in another order."""
            parent, _ = parents[number]
            return 0 if parent not in parents else height(parent, target) + (parents[parent][1] == target)
        for words in lines:
            dash = words.index("-")
            number, _, _, root, target, options, *optional = words[:dash]
            kind, source, superblock = (words[dash + 1:] + ["", ""])[:3]
            covered = height(number, target)
            name = self.neutral(target) + (f" #{covered + 1}" if covered else "")
            path = f"mounts/{name}"
            self.add(f"{path}/root", root)
            self.add(f"{path}/options", " ".join(sorted(options.split(","))))
            self.add(f"{path}/propagation", " ".join(sorted(tag.partition(":")[0] for tag in optional)))
            self.add(f"{path}/type", kind)
            self.add(f"{path}/source", source)
            self.add(f"{path}/superblock", " ".join(sorted(superblock.split(","))))

    def add_files(self, files):
        self.add_mounts(files["mountinfo"])
        status = dict(line.split(":", 1) for line in files["status"].splitlines() if ":" in line)
        for name in STATUS:
            self.add(f"status/{name}", " ".join(status.get(name, "absent").split()))
        for name in FILES:
            value = files[name]
            self.add(f"proc/{name}", " ".join(value.split()) if isinstance(value, str) else json.dumps(value))
        for line in files["cgroup"].splitlines():
            _, controllers, group = line.split(":", 2)
            self.add(f"groups/{controllers}", group)
        self.add("environment", "\n".join(files["environ"].split("\0")))
        self.add("arguments", "\n".join(files["cmdline"].split("\0")))

    def add_document(self, document):
        self.add_namespaces(document.pop("namespaces"))
        self.add_files(document.pop("proc"))
        # The keyring's number and permissions are the kernel's.
        keyring = document["process"]["keyring"].split(";")
        document["process"]["keyring"] = keyring[-1]
        for name, text in document["asked"].items():
            # The kernel lists rules in the order in which they came.
            if name.startswith("devices/") and isinstance(text, str):
                document["asked"][name] = "\n".join(sorted(text.splitlines()))
        # A hook may still be about to write it.
        document["root"].pop("record", None)
        self.add_all("", document)


def _record(text):
    """What hooks have written: states are documents."""
    lines = []
    for line in text.splitlines():
        start = line.find("{")
        if start >= 0:
            try:
                state = json.loads(line[start:])
                state["pid"] = "a process" if state.get("pid", 0) > 0 else state.get("pid")
                line = line[:start] + json.dumps(state, sort_keys=True)
            except ValueError:
                pass
        lines.append(line)
    return "\n".join(lines)


def view_of(result, names, given):
    """Values by path; "outcome" alone, where no program ran."""
    view = View(names, given)
    if result.record is not None:
        view.add("hooks", _record(result.record))
    view.add("host", result.host)
    start = result.output.find("{")
    if start < 0:
        view.add("outcome", "refuses" if result.code > 0 and result.code < 128 and result.errors.strip() else
                 f"ends with {result.code}" + ("" if result.errors.strip() or result.code >= 128 else " without a word"))
        return view.values
    try:
        document = json.loads(result.output[start:])
    except ValueError:
        view.add("outcome", f"breaks off with {result.code}")
        return view.values
    view.add("outcome", f"runs with {result.code}")
    view.add_document(document)
    return {re.sub("^/", "", path): value for path, value in view.values.items()}
