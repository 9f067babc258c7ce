# SPDX-License-Identifier: Apache-2.0
"""What is measured: one function a row of the tables, each gives a Row."""

import dataclasses
import os
import subprocess
import time

import bridges
import builds
import peers
import runtimes
import transfers
from measure import command_name, interleave, owner, processes, proportional_memory, run


@dataclasses.dataclass
class Row:
    title: str
    unit: str
    samples: dict
    #: [(contender, reference, factor, "≤" or "≥")]: what is asked for.
    budgets: list = dataclasses.field(default_factory=list)
    note: str = ""


class Bench:
    """Everything that a row needs to know."""

    def __init__(self, settings, account, stopwatch):
        self.settings = settings
        self.account = account
        self.stopwatch = stopwatch
        self.engines = {}   # name -> Engine
        self.variants = {}  # name -> Engine with another storage driver, for work inside alone
        self.bundles = {}   # name -> Bundle
        self.runtimes = {}  # name -> Bundle: the same for all
        self.limit = None   # argv up to the directories
        self.rootfs = ""
        self.work = ""
        self.cache = ""     # where images and programs are kept between runs
        self.skipped = {}   # name -> reason

    def timer(self, argv, account=None):
        """A contender that takes this time, the same in each round."""
        return lambda number: self.stopwatch.time(account or self.account, argv)

    def engine_timers(self, make_argv):
        return {engine.name: self.timer(make_argv(engine), engine.account)
                for engine in self.engines.values()}

    def limit_timer(self, *options):
        return self.timer(self.limit + list(options) + [self.rootfs, self.work, "true"])

    def measure(self, title, contenders, budgets=(), note="", unit="ms", heavy=False):
        rounds = self.settings.heavy_rounds if heavy else self.settings.rounds
        samples = interleave(contenders, rounds)
        return Row(title, unit, samples, list(budgets), note)


def run_without_network(bench):
    contenders = {"limit": bench.limit_timer(), "limit, one id": bench.limit_timer("--one-id")}
    contenders.update(bench.engine_timers(
        lambda engine: engine.run_once(peers.IMAGE, "true")))
    for bundle in bench.bundles.values():
        contenders[bundle.name] = lambda number, it=bundle: bench.stopwatch.time(
            bench.account, it.run_once(number))
    if "bwrap" not in bench.skipped:
        contenders["bwrap"] = bench.timer(
            ["bwrap", "--unshare-all", "--ro-bind", bench.rootfs, "/", "--proc", "/proc", "--dev",
             "/dev", "true"])
    return bench.measure("`run --rm --network=none IMAGE true`", contenders,
                         [("coracle", "limit", 1.4, "≤"), ("coracle", "crun", 0.9, "≤"),
                          ("coracle", "podman", 1 / 12, "≤")],
                         "crun, runc and bwrap: a ready root file system and a one-id mapping")


def run_bundle(bench):
    """All three on the configuration that coracle writes."""
    contenders = {name: (lambda number, it=bundle: bench.stopwatch.time(
        bench.account, it.run_once(number))) for name, bundle in bench.runtimes.items()}
    return bench.measure("`oci run` of a bundle", contenders,
                         [("coracle", "crun", 0.5, "≤"), ("coracle", "runc", 0.2, "≤")],
                         "an ordinary user, a one-id mapping, one configuration")


def run_beside_another(bench):
    """With a container running already, whose user namespace can be joined."""
    name = "bench-beside"
    started = []
    try:
        for engine in bench.engines.values():
            engine.remove(name)
            engine.start(name)
            started.append(engine)
        contenders = bench.engine_timers(lambda engine: engine.run_once(peers.IMAGE, "true"))
        for bundle in bench.bundles.values():
            if bundle.name == "crun":
                contenders["crun"] = lambda number, it=bundle: bench.stopwatch.time(
                    bench.account, it.run_once(number))
        return bench.measure("the same, with another container running", contenders,
                             [("coracle", "crun", 0.65, "≤")])
    finally:
        for engine in started:
            engine.remove(name)


def run_with_own_ids(bench):
    """User namespaces of a container's own, with the engine's ids shifted."""
    maps = {
        "": (),
        ", keep-id": ("--userns=keep-id",),
        ", auto": ("--userns=auto",),
        ", --uidmap": ("--uidmap=0:1:500", "--uidmap=500:0:1"),
    }
    contenders = {}
    for name in ("coracle", "podman"):
        engine = bench.engines.get(name)
        if engine is None:
            continue
        for title, options in maps.items():
            if name == "podman" and title not in ("", ", keep-id"):
                continue
            contenders[name + title] = bench.timer(
                engine.run_once(peers.IMAGE, "true", options=options), engine.account)
    return bench.measure("`run --rm --network=none` with ids of its own", contenders,
                         [(f"coracle{title}", "coracle", 2, "≤") for title in maps if title],
                         "by fuse-overlayfs: the kernel lets no ordinary user shift the ids of a layer")


def run_default_network(bench):
    contenders = {engine.name: bench.timer(engine.run_once(peers.IMAGE, "true", network=None),
                                           engine.account)
                  for engine in bench.engines.values() if engine.name != "docker"}
    return bench.measure("`run --rm IMAGE true`, default network", contenders,
                         [("coracle", "podman", 1 / 6, "≤")])


def run_published(bench):
    contenders = {engine.name: bench.timer(
        engine.run_once(peers.IMAGE, "true", network=None, options=("-p", "18099:80")), engine.account)
                  for engine in bench.engines.values() if engine.name != "docker"}
    return bench.measure("`run --rm -p 18099:80 IMAGE true`, default network", contenders,
                         [("coracle", "podman", 1 / 6, "≤")])


def exec_true(bench):
    name = "bench-exec"
    try:
        for engine in bench.engines.values():
            engine.remove(name)
            engine.start(name)
        return bench.measure("`exec CTR true`",
                             bench.engine_timers(lambda engine: engine.command("exec", name, "true")),
                             [("coracle", "podman", 1 / 15, "≤")])
    finally:
        for engine in bench.engines.values():
            engine.remove(name)


def listings(bench):
    """ps and inspect with containers running, images, version: the commands that only read."""
    names = [f"bench-ps{number}" for number in range(bench.settings.listed)]
    try:
        for engine in bench.engines.values():
            engine.remove(*names)
            for name in names:
                engine.start(name)
        budget = [("coracle", "podman", 1 / 12, "≤")]
        yield bench.measure(f"`ps`, {len(names)} running",
                            bench.engine_timers(lambda engine: engine.command("ps")), budget)
        yield bench.measure("`inspect CTR`", bench.engine_timers(
            lambda engine: engine.command("inspect", names[0])), budget)
        yield bench.measure("`images`",
                            bench.engine_timers(lambda engine: engine.command("images")), budget)
        yield bench.measure("`version`", version_timers(bench), [("coracle", None, 1.5, "≤")])
    finally:
        for engine in bench.engines.values():
            engine.remove(*names)


def version_timers(bench):
    contenders = bench.engine_timers(lambda engine: engine.command("version"))
    contenders["/bin/true"] = bench.timer(["/bin/true"])
    return contenders


def memory(bench):
    """PSS of whatever an engine leaves running beside the containers' own processes."""
    count = bench.settings.listed
    names = [f"bench-mem{number}" for number in range(count)]

    def kept(engine):
        engine.remove(*names)
        before = processes()
        try:
            for name in names:
                engine.start(name)
            time.sleep(0.5)
            helpers = [pid for pid in processes() - before if belongs_to(engine, pid)]
            return sum(proportional_memory(pid) for pid in helpers) / count
        finally:
            engine.remove(*names)

    samples = interleave({engine.name: lambda number, it=engine: kept(it)
                          for engine in bench.engines.values()}, 1)
    return Row("memory kept per running container besides its own processes (PSS)", "KiB", samples,
               [("coracle", None, 400, "≤")])


def belongs_to(engine, pid):
    """Whether an engine keeps the process for its containers: not theirs, not somebody else's."""
    name = command_name(pid)
    if engine.name == "docker":
        return name.startswith("containerd-shim")
    return name != "sleep" and owner(pid) == engine.account.uid


def many_at_once(bench):
    """All started at the same moment, then one more with all of them running."""
    count = bench.settings.many
    names = [f"bench-many{number}" for number in range(count)]
    samples, ratio = {}, {}
    for engine in bench.engines.values():
        engine.remove(*names)
        argv = engine.run_once(peers.IMAGE, "true")
        single = interleave({"first": bench.timer(argv, engine.account)}, bench.settings.rounds)
        try:
            samples.update(interleave(
                {engine.name: lambda number, it=engine: start_all(it, names, number)}, 1))
            crowded = interleave({"last": bench.timer(argv, engine.account)},
                                 bench.settings.rounds)
            first, last = single["first"].median, crowded["last"].median
            if first and last:
                ratio[engine.name] = last / first
        finally:
            engine.remove(*names)
    yield Row(f"{count} × `run -d` at once, until all run", "ms", samples)
    yield Row(f"`run` with {count} running, against none running", "×",
              interleave({name: lambda number, it=value: it for name, value in ratio.items()}, 1),
              [("coracle", None, 1.2, "≤")])


def start_all(engine, names, number):
    if number < 0:
        return 0  # One warm-up is enough for all rows.
    start = time.monotonic()
    running = [subprocess.Popen(
        engine.command("run", "-d", "--network=none", "--name", name, peers.IMAGE, "sleep",
                       "100000"),
        env=engine.account.environment(), cwd="/", user=engine.account.uid,
        group=engine.account.gid, extra_groups=[], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in names]
    failed = 0
    for process in running:
        process.communicate()
        failed += process.returncode != 0
    if failed:
        raise RuntimeError(f"{failed} of {len(names)} did not start")
    return (time.monotonic() - start) * 1000


def stop(bench):
    """Of a program that obeys SIGTERM, which ends it within a millisecond."""
    name = "bench-stop"

    def stopped(engine):
        engine.call("run", "-d", "--network=none", "--name", name, peers.IMAGE, "sh", "-c",
                    "trap 'exit 0' TERM; sleep 100000 & echo ready; wait")
        try:
            deadline = time.monotonic() + 10
            while "ready" not in engine.call("logs", name) and time.monotonic() < deadline:
                time.sleep(0.01)
            return bench.stopwatch.time(engine.account, engine.command("stop", name))
        finally:
            engine.remove(name)

    for engine in bench.engines.values():
        engine.remove(name)
    return bench.measure("`stop` of a program that ends on SIGTERM",
                         {engine.name: lambda number, it=engine: stopped(it)
                          for engine in bench.engines.values()},
                         [("coracle", None, 10, "≤"), ("coracle", "podman", 1 / 12, "≤")])


def thousand(bench):
    """Commands on one container must not feel how many others there are."""
    engine = bench.engines["coracle"]
    few, running, count = bench.settings.few, bench.settings.many, bench.settings.thousand
    names = [f"bench-of-{number}" for number in range(count)]
    commands = {
        "run --rm": engine.run_once(peers.IMAGE, "true"),
        "create, rm": ["sh", "-c", " ".join(engine.command("create", "--name", "bench-one", peers.IMAGE, "true")) +
                       " && " + " ".join(engine.command("rm", "bench-one"))],
        "exec": engine.command("exec", names[0], "true"),
        "inspect": engine.command("inspect", names[0]),
        "logs": engine.command("logs", names[0]),
        "container exists": engine.command("container", "exists", names[0]),
    }

    def measured():
        return interleave({name: bench.timer(argv, engine.account)
                           for name, argv in commands.items()}, bench.settings.rounds)

    try:
        engine.remove(*names)
        for name in names[:few]:
            engine.start(name)
        before = measured()
        for name in names[few:running]:
            engine.start(name)
        for name in names[running:]:
            engine.call("create", "--network=none", "--name", name, peers.IMAGE, "true")
        crowd = f"{count:,} containers, {running} of them running"
        yield bench.measure(f"`ps -a`, {crowd}",
                            {"coracle": bench.timer(engine.command("ps", "-a"), engine.account),
                             "coracle, ps": bench.timer(engine.command("ps"), engine.account)},
                            [("coracle", None, 60, "≤")])
        after = measured()
        ratios = {name: after[name].median / before[name].median for name in commands
                  if after[name].median and before[name].median}
        yield Row(f"commands with {crowd}, against {few} running", "×",
                  interleave({name: lambda number, it=value: it for name, value in ratios.items()}, 1),
                  [(name, None, 1.5, "≤") for name in commands])
    finally:
        for start in range(0, count, 100):
            engine.remove(*names[start:start + 100])


def throughput(bench):
    size = bench.settings.stream_bytes
    source = f"head -c {size} /dev/zero | "
    bare = {"bare pipe": bench.timer(["sh", "-c", source + "cat > /dev/null"])}
    title = f"{size >> 20} MiB through `run -i IMAGE cat`"
    for log in ("none", "json-file"):
        contenders = dict(bare)
        for engine in bench.engines.values():
            # podman's nearest to docker's json-file.
            driver = "k8s-file" if engine.name == "podman" and log == "json-file" else log
            words = " ".join(engine.run_once(
                peers.IMAGE, "cat", options=["-i", f"--log-driver={driver}"]))
            contenders[engine.name] = bench.timer(
                ["sh", "-c", f"{source}{words} > /dev/null"], engine.account)
        budgets = ([("coracle", "bare pipe", 2, "≤")] if log == "none"
                   else [("coracle", "podman", 1, "≤")])
        yield bench.measure(f"{title}, log driver {log}", contenders, budgets, heavy=True)


def work_script(files, megabytes, directory):
    """Prints the milliseconds that it took, without the start of the container."""
    return f"""
set -e
mkdir -p {directory}; cd {directory}
start=$(date +%s%N)
i=0; while [ $i -lt {files} ]; do echo $i > f$i; i=$((i+1)); done
find . -type f | xargs cat > /dev/null
tar cf ../bench.tar . ; rm -r ../bench.tar
find . -type f | xargs rm
middle=$(date +%s%N)
head -c {megabytes}M /dev/zero | sha256sum > /dev/null
end=$(date +%s%N)
echo $(( (middle - start) / 1000 )) $(( (end - middle) / 1000 ))
"""


def work_inside(bench):
    files, megabytes = bench.settings.files, bench.settings.hashed_megabytes
    image = peers.DEBIAN
    parts = {"files": {}, "cpu": {}}

    def contender(account, make_argv):
        cache = {}

        def both(number):
            if number not in cache:
                text = run(account, make_argv(number))
                cache[number] = [int(word) / 1000 for word in text.split()[-2:]]
            return cache[number]
        return both

    def add(name, account, make_argv):
        both = contender(account, make_argv)
        parts["files"][name] = lambda number: both(number)[0]
        parts["cpu"][name] = lambda number: both(number)[1]

    directory = os.path.join(bench.account.home, "bench-native")
    add("native", bench.account, lambda number: [
        "sh", "-c", work_script(files, megabytes, f"{directory}/work")])
    for engine in list(bench.engines.values()) + list(bench.variants.values()):
        if image in engine.images:
            add(engine.name, engine.account, lambda number, it=engine: it.run_once(
                image, "sh", "-c", work_script(files, megabytes, "/bench/work")))
    for part, title in (("files", f"{files} files written, read, packed, removed"),
                        ("cpu", f"{megabytes} MiB hashed")):
        yield bench.measure(f"inside a container: {title}", parts[part],
                            [("coracle", "native", 1 / 0.99, "≤")], heavy=True)


ROWS = {
    "run": run_without_network,
    "bundle": run_bundle,
    "bundle-memory": runtimes.memory_of_a_run,
    "under-podman": runtimes.under_podman,
    "under-containerd": runtimes.under_containerd,
    "beside": run_beside_another,
    "ids": run_with_own_ids,
    "network": run_default_network,
    "published": run_published,
    "bridge": bridges.starts,
    "traffic": bridges.traffic,
    "names": bridges.names,
    "exec": exec_true,
    "listings": listings,
    "memory": memory,
    "many": many_at_once,
    "stop": stop,
    "thousand": thousand,
    "throughput": throughput,
    "work": work_inside,
    "build": builds.build,
    "pull": transfers.pulls,
    "push": transfers.pushes,
}
