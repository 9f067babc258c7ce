# SPDX-License-Identifier: Apache-2.0
"""Pulls from and pushes to a registry on the loopback interface: images of one large layer, of a few,
of many small ones, and one compressed with zstd, made of this machine's own files."""

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time

from measure import TIMEOUT, interleave, last_line, run

MEBIBYTE = 1 << 20
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
#: Where layers are made of; a machine with less of it gets smaller layers.
SOURCES = ["/usr/share", "/usr/lib", "/usr/bin", "/usr/include"]


@dataclasses.dataclass
class Image:
    name: str
    title: str
    sizes: list  #: of the layers, MiB
    compression: str = "gzip"


IMAGES = [
    Image("one", "one layer of 550 MB", [524]),
    Image("five", "five layers of 880 MB", [300, 220, 180, 90, 50]),
    Image("sixty", "60 small layers", [1] * 60),
    Image("zstd", "one layer of 550 MB, zstd", [524], "zstd"),
]


def regular_files():
    for source in SOURCES:
        for directory, below, names in os.walk(source):
            below.sort()
            for name in sorted(names):
                path = os.path.join(directory, name)
                if not os.path.islink(path) and os.path.isfile(path):
                    yield path, os.path.getsize(path)


def write_layer(path, size, files):
    """A tar with about so many bytes of files, and the directories that they are in."""
    seen, total = set(), 0
    with tarfile.open(path, "w") as tar:
        for file, length in files:
            if length > size // 4:
                continue
            parents = []
            directory = os.path.dirname(file)
            while directory not in ("/", "") and directory not in seen:
                seen.add(directory)
                parents.append(directory)
                directory = os.path.dirname(directory)
            for name in reversed(parents):
                tar.add(name, arcname=name.lstrip("/"), recursive=False)
            tar.add(file, arcname=file.lstrip("/"), recursive=False)
            total += length
            if total >= size:
                return


def digest_of(path):
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(MEBIBYTE):
            hasher.update(block)
    return hasher.hexdigest()


def make_layout(image, directory, tars):
    blobs = os.path.join(directory, "blobs/sha256")
    os.makedirs(blobs)
    programs = {"gzip": ["gzip", "-6", "-n", "-c"], "zstd": ["zstd", "-3", "-q", "-c"]}

    def add(data):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as file:
            file.write(data)
        return {"digest": "sha256:" + digest, "size": len(data)}

    layers = []
    for tar in tars:
        part = os.path.join(blobs, "part")
        with open(part, "wb") as file:
            subprocess.run(programs[image.compression] + [tar], stdout=file, check=True)
        digest = digest_of(part)
        layers.append({"mediaType": f"application/vnd.oci.image.layer.v1.tar+{image.compression}",
                       "digest": "sha256:" + digest, "size": os.path.getsize(part)})
        os.rename(part, os.path.join(blobs, digest))
    config = add(json.dumps({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest_of(tar) for tar in tars]},
        "history": [{"created_by": "bench"} for _ in tars]}).encode())
    manifest = add(json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
        "layers": layers}).encode())
    with open(os.path.join(directory, "index.json"), "w", encoding="utf-8") as file:
        json.dump({"schemaVersion": 2, "manifests": [{
            "mediaType": MANIFEST, **manifest,
            "annotations": {"org.opencontainers.image.ref.name": "x"}}]}, file)
    with open(os.path.join(directory, "oci-layout"), "w", encoding="utf-8") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')


def ensure_images(cache):
    """Layouts and tars of all images; a second run takes those of the first."""
    os.makedirs(cache, exist_ok=True)
    for image in IMAGES:
        directory = os.path.join(cache, image.name)
        if os.path.exists(os.path.join(directory, "oci-layout")):
            continue
        shutil.rmtree(directory, ignore_errors=True)
        files = regular_files()
        tars = []
        for number, size in enumerate(image.sizes):
            tars.append(os.path.join(cache, f"{image.name}-{number}.tar"))
            write_layer(tars[-1], size * MEBIBYTE, files)
        make_layout(image, directory, tars)


class Registry:
    """Debian's docker-registry, on a port of its own with nothing in it."""

    def __init__(self, directory):
        self.directory = directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        config = os.path.join(self.directory, "config.yml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"version": "0.1", "log": {"level": "error"},
                       "storage": {"filesystem": {"rootdirectory": self.directory + "/data"}},
                       "http": {"addr": self.host}}, file)
        self.server = subprocess.Popen(["docker-registry", "serve", config], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise RuntimeError("docker-registry does not start")

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def add(self, layout, name):
        subprocess.run(["skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{layout}:x",
                        f"docker://{self.host}/{name}:x"], check=True, capture_output=True)


class Scratch:
    """A new ext4 file system for each pull, as big as it takes: on an old one the same files cost
    another time each time. In the bench's own mount namespace; podman wants a short path."""

    def __init__(self, cache, account):
        self.image = os.path.join(cache, "scratch.img")
        self.path = "/mnt"
        self.account = account

    def __enter__(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.image)
        with open(self.image, "wb") as file:
            file.truncate(8 << 30)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "nodiscard", self.image], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True)
        os.chown(self.path, self.account.uid, self.account.gid)
        os.sync()
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)
        os.remove(self.image)


def timed(account, argv):
    """Seconds, and MB of memory at most, of a command."""
    start = time.monotonic()
    process = subprocess.Popen(argv, env=account.environment(), cwd="/", user=account.uid,
                               group=account.gid, extra_groups=[], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(argv[:4])} …: {last_line(complaint)}")
    if time.monotonic() - start > TIMEOUT:
        raise RuntimeError("it takes too long")
    return time.monotonic() - start, usage.ru_maxrss / 1000


def stores_of(engine, place):
    words = [f"--root={place}/{engine.name}", f"--runroot={place}/{engine.name}-run"]
    return engine.program + words + (["--storage-driver=overlay"] if engine.name == "podman" else [])


def pull_contenders(bench, registry, image, scratch, memory):
    name = f"{registry.host}/{image.name}:x"

    def by_engine(engine):
        def pull(_):
            with scratch as place:
                argv = stores_of(engine, place) + ["pull", "-q", "--tls-verify=false", name]
                seconds, megabytes = timed(engine.account, argv)
                memory.setdefault(engine.name, []).append(megabytes)
                return seconds
        return pull

    def by_docker(engine):
        def pull(_):
            seconds, _ = timed(engine.account, engine.command("pull", "-q", name))
            engine.call("rmi", "-f", name)
            return seconds
        return pull

    def by_skopeo(_):
        with scratch as place:
            start = time.monotonic()
            run(bench.account, ["skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{name}",
                                f"oci:{place}/layout:x"])
            run(bench.account, ["umoci", "unpack", "--rootless", "--image", f"{place}/layout:x", f"{place}/bundle"])
            return time.monotonic() - start

    contenders = {}
    for engine in bench.engines.values():
        contenders[engine.name] = by_docker(engine) if engine.name == "docker" else by_engine(engine)
    if shutil.which("skopeo") and shutil.which("umoci"):
        contenders["skopeo and umoci"] = by_skopeo
    return contenders


def memory_note(memory):
    most = ", ".join(f"{name} {max(values):.0f} MB" for name, values in sorted(memory.items()))
    return f"memory at most in all of these: {most}" if memory else ""


def pulls(bench):
    from rows import Row
    cache = os.path.join(bench.cache, "transfers")
    ensure_images(cache)
    scratch = Scratch(cache, bench.account)
    memory = {}
    found = []
    with Registry(os.path.join(cache, "registry")) as registry:
        for image in IMAGES:
            registry.add(os.path.join(cache, image.name), image.name)
            contenders = pull_contenders(bench, registry, image, scratch, memory)
            found.append(Row(f"`pull`, {image.title}", "s",
                             interleave(contenders, bench.settings.transfer_rounds, warm_up=False),
                             [("coracle", "podman", 1 / 3, "≤")]))
    found[-1].note = memory_note(memory)
    return found


def provision(engine, cache, image, name):
    """The image in the engine's store. The first as it was imported, so that its layer has to be
    compressed; the others as they were pulled: compressed once already, where the engine keeps that."""
    engine.call("rmi", "-f", name, check=False)
    if image is IMAGES[0]:
        engine.call("import", os.path.join(cache, f"{image.name}-0.tar"), name)
        return
    options = [] if engine.name == "docker" else ["--tls-verify=false"]
    with Registry(os.path.join(cache, "registry")) as registry:
        registry.add(os.path.join(cache, image.name), image.name)
        source = f"{registry.host}/{image.name}:x"
        engine.call("pull", "-q", *options, source)
        engine.call("tag", source, name)
        engine.call("rmi", source)


def push_contenders(bench, cache, image, name, memory):
    """To a registry that has nothing."""

    def by_engine(engine):
        options = [] if engine.name == "docker" else ["--tls-verify=false"]

        def push(_):
            with Registry(os.path.join(cache, "push-registry")) as registry:
                target = f"{registry.host}/pushed:x"
                engine.call("tag", name, target)
                try:
                    seconds, megabytes = timed(engine.account, engine.command("push", "-q", *options, target))
                    if engine.name != "docker":
                        memory.setdefault(engine.name, []).append(megabytes)
                    return seconds
                finally:
                    engine.call("rmi", target)
        return push

    def unable(reason):
        def push(_):
            raise RuntimeError(reason)
        return push

    contenders = {}
    for engine in bench.engines.values():
        try:
            provision(engine, cache, image, name)
            contenders[engine.name] = by_engine(engine)
        except RuntimeError as error:  # docker 20.10 reads no zstd.
            contenders[engine.name] = unable(str(error))
    return contenders


def pushes(bench):
    from rows import Row
    cache = os.path.join(bench.cache, "transfers")
    ensure_images(cache)
    found, memory = [], {}
    for image in IMAGES:
        name = f"localhost/bench-push-{image.name}:x"
        origin = "imported" if image is IMAGES[0] else "pulled before"
        try:
            found.append(Row(f"`push`, {image.title}, {origin}", "s",
                             interleave(push_contenders(bench, cache, image, name, memory),
                                        bench.settings.transfer_rounds, warm_up=False),
                             [("coracle", "podman", 1 / 2, "≤")]))
        finally:
            for engine in bench.engines.values():
                engine.call("rmi", "-f", name, check=False)
    found[0].note = "gzip at each one's usual level, to an empty registry"
    found[-1].note = memory_note(memory)
    return found
