# SPDX-License-Identifier: Apache-2.0
"""Rows of the OCI runtimes: by themselves, and what an engine takes with each of them."""

import os
import shutil
import subprocess
import time

import peers
from measure import Account, end, run


def programs(bench):
    """{name: path} of those that take part; ours as a file of the name by which it is a runtime."""
    found = {name: shutil.which(name) for name in ("crun", "runc") if name not in bench.skipped and shutil.which(name)}
    if "coracle" in bench.engines:
        ours = os.path.join(bench.cache, "runtime", "coracle-oci")
        os.makedirs(os.path.dirname(ours), exist_ok=True)
        shutil.copy(bench.engines["coracle"].program[0], ours)
        found = {"coracle": ours, **found}
    return found


def under_podman(bench):
    """create, start and delete, and what podman does around them."""
    podman = bench.engines.get("podman")
    contenders = {}
    for name, path in programs(bench).items() if podman else ():
        argv = podman.program + ["--runtime", path, "run", "--rm", "--network=none", peers.IMAGE, "true"]
        contenders[name] = bench.timer(argv, podman.account)
    return bench.measure("`podman --runtime X run --rm --network=none IMAGE true`", contenders,
                         [("coracle", "crun", 1, "≤")])


class Containerd:
    """A daemon of root's own, started by us, with one image."""

    def __init__(self, bench):
        self.directory = os.path.join(bench.cache, "containerd")
        self.socket = f"{self.directory}/c.sock"
        self.account = Account("root", 0, 0, "/root", "/run")
        self.daemon = None

    def __enter__(self):
        os.makedirs(self.directory, exist_ok=True)
        config = f"{self.directory}/config.toml"
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'version = 2\nroot = "{self.directory}/root"\nstate = "{self.directory}/state"\n'
                       'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                       f'[grpc]\n  address = "{self.socket}"\n')
        with open(f"{self.directory}/log", "wb") as log:
            # Among the machine's mounts, which we have left: it wants the cgroups as they are.
            self.daemon = subprocess.Popen(
                ["nsenter", f"--mount=/proc/{os.getppid()}/ns/mnt", "containerd", "--config", config],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while subprocess.run(self.command("version"), capture_output=True, check=False).returncode != 0:
            if time.monotonic() > deadline or self.daemon.poll() is not None:
                self.__exit__()
                raise RuntimeError(f"containerd does not start, see {self.directory}/log")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        end(self.daemon)

    def command(self, *words):
        return ["ctr", "--address", self.socket, *words]

    def load(self, engine):
        """The engine's image; returns its name here."""
        archive = os.path.join(engine.account.home, "bench-image.tar")
        run(engine.account, ["rm", "-f", archive])
        engine.call("save", "--format", "oci-archive", "-o", archive, peers.IMAGE)
        run(self.account, self.command("image", "import", "--index-name", "bench/image:latest", archive))
        return "bench/image:latest"


def under_containerd(bench):
    """The same through containerd and runc's shim."""
    title = "`ctr run --rm --runc-binary X IMAGE ID true`"
    if shutil.which("containerd") is None or "coracle" not in bench.engines:
        bench.skipped["containerd"] = "not installed"
        return bench.measure(title, {})
    with Containerd(bench) as containerd:
        image = containerd.load(bench.engines["coracle"])

        def timer(path):
            return lambda number: bench.stopwatch.time(containerd.account, containerd.command(
                "run", "--rm", "--runc-binary", path, image, f"bench{os.getpid()}-{number + 1}", "true"))

        return bench.measure(title, {name: timer(path) for name, path in programs(bench).items()},
                             [("coracle", "crun", 1, "≤")])


def memory_of_a_run(bench):
    """What the largest process of a run has had at its peak, the runtime or what it starts."""
    contenders = {name: (lambda number, it=bundle: bench.stopwatch.memory(
        bench.account, it.run_once(number))) for name, bundle in bench.runtimes.items()}
    return bench.measure("peak memory of `oci run` of a bundle (RSS)", contenders, [("coracle", "crun", 1, "≤")],
                         "the largest of its processes", unit="KiB")
