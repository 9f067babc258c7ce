# SPDX-License-Identifier: Apache-2.0
"""Runs configurations, and knows the runtimes."""
import array
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess
import time

# Longer than anything takes on a loaded machine.
PATIENCE = 60


@dataclasses.dataclass
class Runtime:
    name: str
    words: list

    def command(self, root, *words):
        return [*self.words, "--root", str(root), *words]


@dataclasses.dataclass
class Result:
    """What a runtime did with a configuration."""
    code: int
    output: str
    errors: str
    record: str | None  # What hooks have written.
    log: str
    host: str  # What has changed of it.


def substituted(config, names):
    text = json.dumps(config)
    for name, value in names.items():
        text = text.replace(name, str(value))
    return text


class Place:
    """Where runs are, and what they have in common."""

    def __init__(self, top, probe):
        self.top = pathlib.Path(top)
        self.given = self.top / "given"
        self.probe = self.top / "probe"
        self.busybox = self.top / "busybox"
        shutil.copy(probe, self.probe)
        shutil.copy(shutil.which("busybox"), self.busybox)
        for file in (self.probe, self.busybox):
            file.chmod(0o755)
        self._make_given()
        self._namespaces = None

    def _make_given(self):
        for tree in (self.given / "tree", self.given / "shared"):
            (tree / "below").mkdir(parents=True)
            for file in (tree / "file", tree / "below" / "file"):
                file.write_text("given\n")
            if os.geteuid() == 0:
                # What is mounted in the one reaches those who share it: crun 1.8 lets mounts out there.
                subprocess.run(["mount", "--bind", tree, tree], check=True)
                subprocess.run(["mount", "--make-shared" if tree.name == "shared" else "--make-private", tree], check=True)
                subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tree / "below"], check=True)
        os.mkfifo(self.given / "fifo")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.given / "socket"))
        (self.given / "link").symlink_to("tree")
        devices = self.given / "dev"
        if os.geteuid() == 0:
            devices.mkdir()
            for name, minor in (("null", 3), ("zero", 5)):
                os.mknod(devices / name, 0o640 | stat.S_IFCHR, os.makedev(1, minor))
        else:
            devices.symlink_to("/dev")
        (self.given / "ns").mkdir()

    def make_namespaces(self):
        """Some that configurations may name, which a process of ours keeps."""
        holder = subprocess.Popen(["unshare", "--mount", "--uts", "--ipc", "--net", "--cgroup", "--time", "--pid", "--fork",
                                   "--kill-child", "sleep", "100000"], stdin=subprocess.DEVNULL)
        self._namespaces = holder
        children = pathlib.Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        deadline = time.monotonic() + PATIENCE
        while not children.read_text().split() and time.monotonic() < deadline:
            time.sleep(0.01)
        child = children.read_text().split()[0]
        for kind, name in (("mount", "mnt"), ("uts", "uts"), ("ipc", "ipc"), ("network", "net"), ("cgroup", "cgroup"),
                           ("time", "time"), ("pid", "pid")):
            (self.given / "ns" / kind).symlink_to(f"/proc/{child}/ns/{name}")
        return {os.readlink(f"/proc/{child}/ns/{name}"): "given" for name in ("mnt", "uts", "ipc", "net", "cgroup", "time", "pid")}

    def devices(self):
        """What a configuration that has the host's /dev must leave as it is."""
        if os.geteuid() != 0:
            return ""
        directory = self.given / "dev"
        return " ".join(f"{name} {os.lstat(directory / name).st_mode:o}" for name in sorted(os.listdir(directory)))

    def close(self):
        if self._namespaces is not None:
            self._namespaces.kill()
            self._namespaces.wait()

    def make_rootfs(self, root):
        for name in ("bin", "dev", "etc", "mnt", "proc", "sys", "root"):
            (root / name).mkdir(parents=True)
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        (root / "closed").mkdir(mode=0o700)
        os.link(self.probe, root / "bin" / "probe")
        os.link(self.busybox, root / "bin" / "busybox")
        (root / "bin" / "sh").symlink_to("busybox")
        (root / "bin" / "text").write_text("echo text\n")
        (root / "bin" / "script").write_text("#!/bin/sh\nexec /bin/probe\n")
        for name in ("text", "script"):
            (root / "bin" / name).chmod(0o755)
        (root / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\nsomebody:x:1000:1000::/home/somebody:/bin/sh\n")
        (root / "etc" / "group").write_text("root:x:0:\n")
        (root / "to-mnt").symlink_to("/mnt")
        (root / "to-outside").symlink_to("../../../../../../etc")

    @contextlib.contextmanager
    def bundle(self, name):
        directory = self.top / name
        self.make_rootfs(directory / "rootfs")
        (directory / "to-rootfs").symlink_to("rootfs")
        try:
            yield directory
        finally:
            # What a runtime has left mounted must not go with it.
            if not any(str(directory) + "/" in line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()):
                shutil.rmtree(directory, ignore_errors=True)


def received_terminal(listener, process):
    """Reads the terminal that the runtime sends until nobody has it any more."""
    listener.settimeout(0.05)
    while True:
        try:
            connection, _ = listener.accept()
            break
        except TimeoutError:
            if process.poll() is not None:
                return ""
    with connection:
        connection.settimeout(PATIENCE)
        _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        descriptors = array.array("i")
        for _, _, data in ancillary:
            descriptors.frombytes(data[:4])
    if not descriptors:
        return ""
    master, output = descriptors[0], b""
    with contextlib.suppress(OSError):
        while data := os.read(master, 65536):
            output += data
    os.close(master)
    return output.decode("utf-8", "replace").replace("\r\n", "\n")


def run_attached(command, directory):
    # Not the null device: runtimes give what they pass on to the container's user, and it is the host's.
    process = subprocess.run(command, input=b"", capture_output=True, timeout=PATIENCE, cwd=directory)
    return process.returncode, process.stdout, process.stderr


def run_in_terminal(runtime, root, directory, options, name):
    """Detached, as a terminal can be had without one of ours only so. Its exit code nobody sees."""
    address = directory / "console"
    with socket.socket(socket.AF_UNIX) as listener, open(directory / "errors", "w+b") as errors:
        listener.bind(str(address))
        listener.listen()
        command = runtime.command(root, *options, "run", "--bundle", str(directory), "--console-socket", str(address), "--detach", name)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd=directory)
        output = received_terminal(listener, process)
        code = process.wait(PATIENCE)
        subprocess.run(runtime.command(root, "delete", "--force", name), capture_output=True, timeout=PATIENCE)
        errors.seek(0)
        return code, output.encode(), errors.read()


def run(runtime, place, name, config, group, prepare=None):
    """Runs a configuration. Returns the result and what its own names stand for."""
    root = place.top / f"states-{runtime.name}"
    with place.bundle(name) as directory:
        names = {"@ID@": name, "@RUN@": directory, "@GIVEN@": place.given, "@GROUP@": group}
        (directory / "config.json").write_text(substituted(config, names))
        if prepare:
            prepare()
        devices = place.devices()
        log = directory / "log"
        options = ["--log", str(log), "--log-format", "json"]
        if config.get("process", {}).get("terminal") is True:
            code, output, errors = run_in_terminal(runtime, root, directory, options, name)
        else:
            code, output, errors = run_attached(
                runtime.command(root, *options, "run", "--bundle", str(directory), name), directory)
        record = directory / "rootfs" / "record"
        result = Result(code, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"),
                        record.read_text() if record.exists() else None, log.read_text() if log.exists() else "",
                        "" if place.devices() == devices else place.devices())
        return result, names
