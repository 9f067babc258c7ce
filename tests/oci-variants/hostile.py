# SPDX-License-Identifier: Apache-2.0
"""Configurations that make no sense: coracle refuses them with a word, or runs what they may mean, and leaves nothing."""
import copy
import dataclasses
import json
import random
import subprocess

import configs
import runs
from values import ORDINARY_CALLS, hook, rule

SEED = 30
NUMBER = 300
DEEP = 100_000
VALUES = (None, True, False, 0, 1, -1, 2**31, 2**32, 2**63, 2**64, -2**63, -2**63 - 1, 10**400, 1.5, -0.0, 1e308, "", " ", "x", "\0",
          "a\0b", "a\nb", "../x", "NONSENSE", "\ud800", "%s%n", "x" * 100_000, [], {}, [None], [[]], [{}], {"": None}, {"a": 1},
          ["x"] * 10_000, {str(number): {} for number in range(1000)})


def rich():
    """One with something of everything."""
    config = configs.of_root()
    configs.together(
        hook("createRuntime"), hook("poststop"),
        configs.put("annotations", {"a": "b"}), configs.put("domainname", "example.org"),
        configs.put("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]),
        configs.put("process.user", {"uid": 1, "gid": 2, "umask": 18, "additionalGids": [3]}),
        configs.put("process.oomScoreAdj", 100), configs.put("process.apparmorProfile", ""),
        configs.put("process.scheduler", {"policy": "SCHED_OTHER", "nice": 1, "flags": []}),
        configs.put("process.ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 4}),
        configs.put("process.execCPUAffinity", {"initial": "0", "final": "0"}),
        configs.mount("/mnt", "bind", "@GIVEN@/tree", "rbind", "ro"), configs.mount("/etc", "tmpfs", "tmpfs", "tmpcopyup"),
        configs.add("linux.devices", {"path": "/dev/x", "type": "c", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0}),
        configs.put("linux.sysctl", {"net.ipv4.ip_forward": "1"}), configs.put("linux.maskedPaths", ["/proc/kcore"]),
        configs.put("linux.readonlyPaths", ["/proc/sys"]), configs.put("linux.rootfsPropagation", "slave"),
        configs.put("linux.personality", {"domain": "LINUX"}),
        configs.put("linux.resources", {
            "devices": [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"}],
            "pids": {"limit": 100}, "cpu": {"shares": 512, "cpus": "0", "mems": "0"}, "memory": {"limit": 1 << 28, "swappiness": 10},
            "network": {}, "hugepageLimits": [], "unified": {}, "rdma": {}}),
        configs.put("linux.seccomp", {
            "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "flags": [],
            "syscalls": [rule("getppid sync", args=[{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}], errnoRet=5), rule(ORDINARY_CALLS, "SCMP_ACT_ALLOW")]}),
    )(config)
    return config


def places(value, path=()):
    """The way to each member and element."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*path, key)
        yield from places(inner, (*path, key))


def _parent(config, place):
    for key in place[:-1]:
        config = config[key]
    return config


def _mutated(source, config):
    place = source.choice(list(places(config)))
    parent, key = _parent(config, place), place[-1]
    kind = source.random()
    if kind < 0.15 and isinstance(parent, dict):
        del parent[key]
    elif kind < 0.25 and isinstance(parent, list):
        parent.extend(copy.deepcopy(parent) * source.choice((1, 100)))
    elif kind < 0.35 and isinstance(parent, dict):
        parent[str(key) + "x"] = parent.pop(key)
    elif kind < 0.4:
        parent[key] = copy.deepcopy(config)
    else:
        parent[key] = source.choice(VALUES)
    return place


def _damaged(source, text):
    """The text itself made wrong."""
    ways = (
        lambda: text[:source.randrange(len(text))],
        lambda: text.replace('"process"', '"linux"', 1),
        lambda: text[:-1] + ', "process": {"cwd": "/", "args": []}}',
        lambda: text[:-1] + ', "linux": 1, "linux": {}}',
        lambda: "[" * DEEP,
        lambda: '{"a":' * DEEP,
        lambda: text[:-1] + ', "annotations": ' + "[" * DEEP + "]" * DEEP + "}",
        lambda: text.replace("1", "NaN", 1),
        lambda: text.replace(":", "=", 1),
        lambda: "",
        lambda: "\ufeff" + text,
        lambda: text + text,
        lambda: text.replace('"/proc"', '"\udcff\udcfe"', 1),
        lambda: "\0" + text,
        lambda: text.replace("{", "{/* */", 1),
    )
    return source.choice(ways)()


def texts():
    """The texts of the configurations, with a name each."""
    for number in range(NUMBER):
        source = random.Random(f"{SEED}-{number}")
        config = rich()
        changed = [_mutated(source, config) for _ in range(source.choice((1, 1, 1, 2, 4)))]
        text = json.dumps(config)
        name = " and ".join(".".join(map(str, place)) for place in changed)
        if number % 6 == 0:
            text, name = _damaged(source, text), "the text"
        yield f"hostile {number}: {name}", text


@dataclasses.dataclass
class Case:
    name: str
    text: str


def failures_of(runtime, place, name, text, group):
    """What coracle does wrong with it."""
    with place.bundle(name) as directory:
        for word, value in {"@ID@": name, "@RUN@": directory, "@GIVEN@": place.given, "@GROUP@": group}.items():
            text = text.replace(word, str(value))
        (directory / "config.json").write_bytes(text.encode("utf-8", "surrogateescape" if "\udcff" in text else "surrogatepass"))
        log = directory / "log"
        command = runtime.command(place.top / f"states-{runtime.name}", "--log", log, "run", "--bundle", directory, name)
        try:
            result = subprocess.run(command, input=b"", capture_output=True, timeout=runs.PATIENCE, cwd=directory)
        except subprocess.TimeoutExpired:
            return ["it hangs"]
        has_run = result.stdout.startswith(b"{")
        if result.returncode < 0:
            return [f"it dies of signal {-result.returncode}"]
        if has_run or result.returncode == 0 or result.returncode >= 128:
            return []  # What the program does is its business.
        found = [] if result.returncode == 1 else [f"it ends with {result.returncode}"]
        if not result.stderr.strip() or b"internal error" in result.stderr:
            found.append(f"it says {result.stderr[:200]!r}")
        if not log.exists() or b"level=error" not in log.read_bytes():
            found.append("the log has no error")
        return found
