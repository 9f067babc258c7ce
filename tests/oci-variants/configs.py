# SPDX-License-Identifier: Apache-2.0
"""Configurations to start from, and edits of them. An edit is a function that changes a configuration in place.

What differs from run to run stands in for itself: @ID@ is the container's name, @RUN@ a directory of the run alone, which
is its bundle, @GIVEN@ one with what all runs share, @GROUP@ a control group of the runtime.
"""
import copy

PROGRAM = "/bin/probe"
CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
     "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
     "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
]


def of_root():
    return {
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "hostname": "inside",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": [PROGRAM],
            "env": ["PATH=/usr/bin:/bin", "HOME=/root"],
            "cwd": "/",
            "capabilities": {kind: list(CAPABILITIES) for kind in ("bounding", "effective", "permitted")},
            "noNewPrivileges": True,
        },
        "mounts": copy.deepcopy(MOUNTS),
        "linux": {
            "cgroupsPath": "@GROUP@",
            "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount")],
        },
    }


def of_user(uid, gid):
    """For one who maps only their own ids."""
    config = of_root()
    linux = config["linux"]
    del linux["cgroupsPath"]
    linux["namespaces"].append({"type": "user"})
    linux["uidMappings"] = [{"containerID": 0, "hostID": uid, "size": 1}]
    linux["gidMappings"] = [{"containerID": 0, "hostID": gid, "size": 1}]
    return config


def together(*edits):
    def edit(config):
        for each in edits:
            each(config)
    return edit


def nothing(_config):
    pass


def put(path, value):
    """Sets "process.user.uid"; objects on the way there are made."""
    def edit(config):
        *parents, last = path.split(".")
        for name in parents:
            config = config.setdefault(name, {})
        config[last] = copy.deepcopy(value)
    return edit


def drop(path):
    def edit(config):
        *parents, last = path.split(".")
        for name in parents:
            config = config.get(name, {})
        config.pop(last, None)
    return edit


def add(path, *elements):
    """Appends to "linux.devices"."""
    def edit(config):
        *parents, last = path.split(".")
        for name in parents:
            config = config.setdefault(name, {})
        config.setdefault(last, []).extend(copy.deepcopy(list(elements)))
    return edit


def ask(*questions):
    """What else the probe tells."""
    return add("process.args", *questions)


def mount(destination, kind="", source="", *options, **more):
    entry = {"destination": destination, "type": kind, "source": source, "options": list(options), **more}
    return add("mounts", {name: value for name, value in entry.items() if value})


def drop_mount(destination):
    def edit(config):
        config["mounts"] = [entry for entry in config["mounts"] if entry["destination"] != destination]
    return edit


def drop_namespace(kind):
    def edit(config):
        linux = config["linux"]
        linux["namespaces"] = [entry for entry in linux["namespaces"] if entry["type"] != kind]
    return edit


def namespace(kind, path=None):
    """A new one, or that at the path."""
    entry = {"type": kind} if path is None else {"type": kind, "path": path}
    return together(drop_namespace(kind), add("linux.namespaces", entry))


def capable(*names):
    """The capabilities on top of those that it has."""
    return together(*(add(f"process.capabilities.{kind}", *names) for kind in ("bounding", "effective", "permitted")))
