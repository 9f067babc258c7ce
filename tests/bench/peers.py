# SPDX-License-Identifier: Apache-2.0
"""Who takes part: coracle, the limit, and whatever of the peers is installed."""

import json
import os
import shutil
import subprocess
import time

from measure import end, run

IMAGE = "bench-busybox"
DEBIAN = "bench-debian"
SUBORDINATE_FILE = "/etc/subuid"


def subordinate_ids(account):
    """FIRST:COUNT of the account in subuid(5)."""
    with open(SUBORDINATE_FILE, encoding="utf-8") as file:
        for line in file:
            name, first, count = line.strip().split(":")
            if name in (account.name, str(account.uid)):
                return f"{first}:{count}"
    raise RuntimeError(f"no line for '{account.name}' in {SUBORDINATE_FILE}")


class Engine:
    """One with docker's command line."""

    def __init__(self, name, program, account, detached_names=()):
        self.name = name
        self.account = account
        self.program = program if isinstance(program, list) else [program]
        self.images = set()

    def command(self, *words):
        return self.program + list(words)

    def run_once(self, image, *argv, network="none", options=()):
        words = ["run", "--rm", *options]
        if network:
            words.append(f"--network={network}")
        return self.command(*words, image, *argv)

    def call(self, *words, check=True):
        return run(self.account, self.command(*words), check=check)

    def load_images(self, archives):
        """archives: {image name: tar of a root file system}"""
        for image, archive in archives.items():
            if self.call("images", "-q", image, check=False).strip() == "":
                self.call("import", archive, image)
            self.images.add(image)

    def start(self, name, image=IMAGE):
        self.call("run", "-d", "--network=none", "--name", name, image, "sleep", "100000")

    def remove(self, *names):
        if names:
            self.call("rm", "-f", "-t", "0", *names, check=False)

    def version(self):
        return self.call("--version").strip()


class Docker(Engine):
    """A daemon of root's own, started by us; it takes no part in the cgroup and mount set-up."""

    def __init__(self, account, directory):
        self.directory = directory
        self.socket = f"unix://{directory}/docker.sock"
        super().__init__("docker", ["docker", "-H", self.socket], account)
        self.daemon = None

    def launch(self):
        os.makedirs(self.directory, exist_ok=True)
        log = open(os.path.join(self.directory, "dockerd.log"), "wb")
        self.daemon = subprocess.Popen(
            ["dockerd", "--iptables=false", "--bridge=none", "-H", self.socket,
             "--data-root", f"{self.directory}/data", "--exec-root", f"{self.directory}/exec",
             "--pidfile", f"{self.directory}/pid"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.daemon.poll() is None:
            if subprocess.run(self.command("info"), capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"dockerd does not start, see {self.directory}/dockerd.log")

    def remove(self, *names):
        if names:
            self.call("rm", "-f", *names, check=False)

    def stop(self):
        if self.daemon is None:
            return
        end(self.daemon)
        self.daemon = None


def configure_podman(account):
    """podman takes vfs on a first start where it cannot tell; the kernel's overlay is the fair
    one."""
    path = os.path.join(account.home, ".config/containers/storage.conf")
    if os.path.exists(path):
        return
    run(account, ["mkdir", "-p", os.path.dirname(path)])
    with open(path, "w", encoding="utf-8") as file:
        file.write('[storage]\ndriver = "overlay"\n')
    os.chown(path, account.uid, account.gid)


class Bundle:
    """An OCI bundle with a one-id mapping, which is all that crun and runc do by themselves."""

    def __init__(self, name, program, account, rootfs, directory, spec_program=None):
        self.name = name
        self.account = account
        self.directory = directory
        self.state = os.path.join(account.runtime_directory, "bench-" + name)
        self.program = [program, "--root", self.state]
        self.make(spec_program or program, rootfs)

    def make(self, program, rootfs):
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        os.chown(self.directory, self.account.uid, self.account.gid)
        run(self.account, ["sh", "-c", f"cd '{self.directory}' && {program} spec --rootless"])
        path = os.path.join(self.directory, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        # What the peers here know, too.
        config["ociVersion"] = "1.0.2"
        config["process"]["terminal"] = False
        config["process"]["args"] = ["true"]
        config["root"] = {"path": rootfs, "readonly": True}
        config["linux"]["namespaces"] = [{"type": kind} for kind in (
            "pid", "network", "ipc", "uts", "mount", "cgroup", "user")]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def run_once(self, number):
        return self.program + ["run", "--bundle", self.directory, f"bench{os.getpid()}-{number + 1}"]

    def exec_in(self, name):
        return self.program + ["exec", name, "true"]
