#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what OCI runtimes make of configurations, and what they answer.

usage: compare.py --coracle PROGRAM --probe PROGRAM --work DIRECTORY [--only PATTERN] [--verbose] [--json FILE] PART

configurations  what containers see: first what values.py and mounts.py have, each by itself, then some of that by chance
                together
verbs           exit codes and words of commands
hostile         coracle alone, with configurations that make no sense

A difference that differences.json does not list, or one listed that does not occur any more, is a failure. As root it
needs a mount and a network namespace of its own: tests/system/172-oci-variants.bats.
"""
import argparse
import concurrent.futures
import copy
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import hostile
import runs
import variants
import verbs
import views
from differences import VERSIONS, Known, differences

WORKERS = 3
OF_SHARED_MOUNTS = "shared|private|slave|bindable"
# crun refuses everything where control groups v1 and v2 are beside each other. An ordinary user can hide them only in
# a user namespace, where they stay who they are.
WITHOUT_GROUPS = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "sh", "-c",
                  'mount -t tmpfs tmpfs /sys/fs/cgroup && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"', "sh"]


def make_interface():
    """What a configuration moves is gone with its container's namespace."""
    if os.geteuid() == 0:
        subprocess.run(["ip", "link", "add", "variant0", "type", "veth", "peer", "name", "variant1"], capture_output=True)


class Comparison:
    def __init__(self, runtimes, place, given):
        self.runtimes = runtimes
        self.place = place
        self.given = given

    def __call__(self, number, variant):
        """What each runtime did, by its name: values by path, and what it said."""
        found, said = {}, {}
        for runtime in self.runtimes:
            config = copy.deepcopy(variants.base())
            variant.edit(config)
            name = f"v{number}-{runtime.name}-{os.getpid()}"
            prepare = make_interface if "netDevices" in config["linux"] else None
            result, names = runs.run(runtime, self.place, name, config, f"/variants-{os.getpid()}/{name}", prepare)
            found[runtime.name] = views.view_of(result, names, self.given)
            said[runtime.name] = result
        return found, said


def leftovers(place, runtimes):
    """What coracle, and whoever is compared with it, must not leave."""
    coracle = runtimes[0].name
    states = place.top / f"states-{coracle}"
    found = [f"state {name}" for name in (os.listdir(states) if states.exists() else []) if not name.startswith(".")]
    found += [f"mount {line}" for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
              if f"-{coracle}-{os.getpid()}" in line]
    for directory, names, _ in os.walk("/sys/fs/cgroup"):
        found += [f"group {directory}/{name}" for name in names if name.endswith(f"-{coracle}-{os.getpid()}")]
    return found


def remove_groups():
    """The directory that the groups of this run were in, in each hierarchy."""
    for directory, names, _ in os.walk("/sys/fs/cgroup", topdown=False):
        for name in names:
            if name == f"variants-{os.getpid()}" or f"-{os.getpid()}" in name:
                try:
                    os.rmdir(os.path.join(directory, name))
                except OSError:
                    pass


def peers(coracle):
    found = [runs.Runtime("coracle", [coracle, "oci"])]
    for name in ("crun", "runc"):
        program = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if program and f"{name} version {VERSIONS[name]}" in subprocess.run(
                [program, "--version"], capture_output=True, text=True).stdout:
            is_confused = name == "crun" and os.geteuid() != 0 and os.path.exists("/sys/fs/cgroup/unified")
            found.append(runs.Runtime(name, [*(WITHOUT_GROUPS if is_confused else []), program]))
    return found


class Trial:
    """Goes through variants, and keeps what was found."""

    def __init__(self, options, runtimes, known):
        self.options, self.runtimes, self.known = options, runtimes, known
        self.count, self.unlisted, self.seen, self.refused = 0, [], [], set()

    def go_through(self, ones, work):
        """@param work  from number and variant to what was found and said, by runtimes' names"""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            numbers = range(self.count, self.count + len(ones))
            for variant, (found, said) in zip(ones, pool.map(work, numbers, ones)):
                self.count += 1
                self._judge(variant, found, said)

    def _judge(self, variant, found, said):
        if any(not view["outcome"].startswith("runs") for view in found.values()):
            self.refused.add(variant.name)
        for difference in differences(variant.name, found):
            self.seen.append(dataclasses.asdict(difference) | {"said": {name: one.errors[-300:] for name, one in said.items()}})
            if not self.known.explains(difference):
                self.unlisted.append(difference)
        if self.options.verbose:
            for name, result in said.items():
                print(f"{variant.name}: {name}: {found[name]['outcome']}: {result.errors.strip()[:300]}")


def try_configurations(trial, place, given):
    of_values, failures = variants.of_values()
    # Nobody has delegated a control group to this user.
    beyond = r"linux\.resources\.|linux\.cgroupsPath|: cgroup" if os.geteuid() != 0 else "^$"
    each = [variant for variant in of_values + variants.of_mounts()
            if re.search(trial.options.only, variant.name) and not re.search(beyond, variant.name)]
    work = Comparison(trial.runtimes, place, given)
    trial.go_through(each, work)
    if not trial.options.only:
        # What is shared with the host stays there, and others would see it.
        trial.go_through(variants.by_chance([one for one in each if not re.search(OF_SHARED_MOUNTS, one.name)], trial.refused), work)
    return failures


def try_verbs(trial, place, _given):
    config = verbs.config_of_one_that_stays(variants.base)

    def work(number, case):
        found, said = {}, {}
        for runtime in trial.runtimes:
            name = f"v{number}-{runtime.name}-{os.getpid()}"
            found[runtime.name], said[runtime.name] = verbs.answer(
                runtime, place, name, case.state, case.words, config, f"/variants-{os.getpid()}/{name}")
        return found, said
    trial.go_through([verbs.Case(*case) for case in verbs.cases(os.geteuid() == 0) if re.search(trial.options.only, case[0])], work)
    return []


def try_hostile(trial, place, _given):
    failures = []

    def work(number, case):
        name = f"h{number}-coracle-{os.getpid()}"
        failures.extend(f"{case.name}: {failure}\n    {case.text[:500]}" for failure in hostile.failures_of(
            trial.runtimes[0], place, name, case.text, f"/variants-{os.getpid()}/{name}"))
        return {}, {}
    trial.go_through([hostile.Case(*case) for case in hostile.texts() if re.search(trial.options.only, case[0])], work)
    return failures


PARTS = {"configurations": try_configurations, "verbs": try_verbs, "hostile": try_hostile}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coracle", required=True)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("part", choices=PARTS)
    options = parser.parse_args()

    runtimes = peers(options.coracle)
    place = runs.Place(options.work, options.probe)
    known = Known(options.part)
    trial = Trial(options, runtimes, known)
    try:
        given = place.make_namespaces() if os.geteuid() == 0 else {}
        failures = PARTS[options.part](trial, place, given)
        failures += [f"left: {what}" for what in leftovers(place, runtimes)]
    finally:
        place.close()
        remove_groups()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(trial.seen, indent=1))
    if not options.only:
        failures += [f"listed, but no difference any more: {json.dumps(entry)}" for entry in known.unseen()]
    for difference in trial.unlisted:
        print(difference)
    for failure in failures:
        print(failure)
    print(f"{trial.count} under {', '.join(runtime.name for runtime in runtimes)}: {len(trial.seen)} differences, "
          f"{len(trial.unlisted)} of them not listed; {len(failures)} other failures")
    return 1 if trial.unlisted or failures else 0


if __name__ == "__main__":
    sys.exit(main())
