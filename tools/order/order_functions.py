#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/used_functions.ld: which functions the commands that people wait for use, for the linker to put
beside each other. A process then touches fewer pages of the binary: starts are faster, and take less memory.

usage, as root, in a build directory of this version, static and linked by GNU ld:
    tools/order/order_functions.py BUILD USER

It links the binary once more for a map, runs the commands as USER, an ordinary user with subordinate ids, notes the
functions that they enter (entries.c), and finds the sections in the map that these lie in. Names that are no longer
there do no harm, so this needs to be done again only when `tests/bench` shows more page faults or memory than
before."""

import bisect
import json
import os
import pwd
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
OUTPUT = os.path.join(HERE, "../../src/used_functions.ld")
PATIENCE = 300  # seconds, of one command


def run(command, **more):
    return subprocess.run(command, check=True, timeout=PATIENCE, **more)


def link_with_map(build, binary, table):
    commands = run(["ninja", "-C", build, "-t", "commands", "src/coracle"], capture_output=True, text=True).stdout
    link = commands.splitlines()[-1].replace(" -o src/coracle ", f" -o {binary} -Wl,-Map,{table} ")
    run(link, shell=True, cwd=build, capture_output=True)


def read_map(table):
    """Sections of code by address: (address, size, name, object)."""
    sections, name, started = [], None, False
    with open(table) as lines:
        for line in lines:
            started = started or line.startswith("Linker script and memory map")
            if not started:
                continue
            alone = re.match(r"^ (\.text\S*)$", line.rstrip())
            whole = re.match(r"^ (\.text\S*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", line)
            rest = re.match(r"^\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", line) if name else None
            if alone:
                name = alone.group(1)
                continue
            if whole:
                sections.append((int(whole[2], 16), int(whole[3], 16), whole[1], whole[4].strip()))
            elif rest:
                sections.append((int(rest[1], 16), int(rest[2], 16), name, rest[3].strip()))
            name = None
    return sorted(section for section in sections if section[0] and section[1])


def pattern(name, origin):
    """How a linker script names an input section. Those of our own functions have names of their own, unless the
    compiler has made a variant for one file."""
    if name.startswith(".text._Z") and not re.search(r"\.(isra|constprop|part|cold)", name):
        return f"*({name})"
    member = re.search(r"([^/]+\.a)\(([^)]+)\)$", origin)
    return f"*{member[1]}:{member[2]}({name})" if member else f"*{os.path.basename(origin)}({name})"


def as_user(user):
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--init-groups"]


def environment_of(user, store):
    return {"HOME": pwd.getpwnam(user).pw_dir, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "CORACLE_ROOT": f"{store}/root",
            "CORACLE_RUNROOT": f"{store}/run", "STORAGE_DRIVER": "overlay"}


def functions_of(binary):
    table = run(["readelf", "--wide", "--symbols", binary], capture_output=True, text=True).stdout
    found = re.findall(r"^ *\d+: ([0-9a-f]+) +\d+ I?FUNC +\w+ +\w+ +\d+ ", table, re.MULTILINE)
    return "".join(f"{address}\n" for address in found)


def entries(program, binary, functions, user, store, arguments):
    print("functions of:", *arguments, file=sys.stderr)
    result = run([program, binary, *as_user(user), binary, *arguments], input=functions, stdout=subprocess.PIPE,
                 text=True, cwd=store, env=environment_of(user, store))
    return [int(line, 16) for line in result.stdout.split()]


def make_store(store, binary, user):
    """An image of busybox, and a bundle of it."""
    root = f"{store}/bundle/rootfs"
    for directory in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        os.makedirs(f"{root}/{directory}")
    run(["cp", "/bin/busybox", f"{root}/bin/busybox"])
    for name in ("sh", "sleep", "true"):
        os.symlink("busybox", f"{root}/bin/{name}")
    run(["tar", "-C", root, "-cf", f"{store}/image.tar", "."])
    run(["chown", "-R", f"{user}:", store])
    # A first run fills caches.
    for command in (["import", "image.tar", "image"], ["oci", "spec", "--rootless", "--bundle", "bundle"],
                    ["run", "--rm", "--network=none", "image", "true"]):
        run([*as_user(user), binary, *command], cwd=store, env=environment_of(user, store), capture_output=True)
    with open(f"{store}/bundle/config.json") as file:
        config = json.load(file)
    config["process"].update(terminal=False, args=["true"])
    with open(f"{store}/bundle/config.json", "w") as file:
        json.dump(config, file)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build, user = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as store:
        os.chmod(store, 0o755)
        binary, table, program = f"{store}/coracle", f"{store}/map", f"{store}/entries"
        run(["cc", "-O2", "-o", program, os.path.join(HERE, "entries.c")])
        link_with_map(build, binary, table)
        sections = read_map(table)
        functions = functions_of(binary)
        make_store(store, binary, user)
        commands = [["run", "--rm", "--network=none", "image", "true"],
                    ["oci", "run", "--root", f"{store}/states", "--bundle", "bundle", "one"],
                    ["run", "-d", "--name", "two", "--network=none", "image", "sleep", "1000"],
                    ["exec", "two", "true"], ["ps"], ["images"], ["inspect", "two"], ["stop", "-t", "0", "two"],
                    ["rm", "two"], ["version"]]
        try:
            taken = [entries(program, binary, functions, user, store, command) for command in commands]
        finally:
            run([*as_user(user), binary, "system", "reset", "--force"], env=environment_of(user, store))
        starts = [section[0] for section in sections]
        users = {}
        for number, address in ((number, address) for number, found in enumerate(taken) for address in found):
            section = sections[bisect.bisect_right(starts, address) - 1]
            if address < section[0] + section[1]:
                users.setdefault(pattern(section[2], section[3]), set()).add(number)
        # What all use comes first, so that none has to step over what only others use.
        patterns = sorted(users, key=lambda one: -len(users[one]))
        with open(OUTPUT, "w") as output:
            output.write("/* SPDX-License-Identifier: Apache-2.0\n"
                         " * Made by tools/order/order_functions.py: the functions that most commands enter come first, and each\n"
                         " * beside those that it is entered with. */\n"
                         "SECTIONS {\n  .text.used : {\n")
            output.writelines(f"    {line}\n" for line in patterns)
            output.write("  }\n} INSERT BEFORE .text;\n")
        print(len(patterns), "sections in", os.path.relpath(OUTPUT), file=sys.stderr)


main()
