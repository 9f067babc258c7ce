# SPDX-License-Identifier: Apache-2.0
"""Mount options, each alone and in pairs (runtime-spec config.md, "Linux mount options")."""
import itertools

from configs import ask, drop_mount, mount, together

PER_MOUNT = ("ro rw nosuid suid nodev dev noexec exec noatime atime relatime norelatime strictatime nostrictatime nodiratime "
             "diratime nosymfollow symfollow").split()
OF_FILE_SYSTEMS = "sync async dirsync mand nomand lazytime nolazytime iversion noiversion silent loud defaults".split()
PROPAGATION = "private rprivate slave rslave shared rshared unbindable runbindable".split()
# The specification has no "r" form of the others.
RECURSIVE = ["r" + name for name in PER_MOUNT]
PAIRS = ["ro rw", "rw ro", "ro rro", "rro rw", "rro rrw", "rrw rro", "nosuid rsuid", "rnosuid suid", "rnosuid rsuid",
         "noatime relatime", "noatime strictatime", "rnoatime rrelatime", "rnoatime atime", "nodiratime rdiratime",
         "rnosuid rnodev", "rro rnoexec", "noexec rexec", "shared slave", "rslave shared", "private rshared", "ro rslave"]


def on_tmpfs(*options):
    return together(mount("/mnt", "tmpfs", "tmpfs", *options), ask("path:/mnt"))


def on_tree(*options):
    """A bind mount of what has a mount below it; of shared ones, where propagation is meant."""
    source = "@GIVEN@/shared" if set(options) & {"", *PROPAGATION} else "@GIVEN@/tree"
    named = [option for option in options if option]
    return together(mount("/mnt", "bind", source, *named), ask("path:/mnt", "path:/mnt/below"))


def options():
    """Edits by name."""
    found = {}
    for name in PER_MOUNT + OF_FILE_SYSTEMS + PROPAGATION + RECURSIVE:
        found[f"tmpfs {name}"] = on_tmpfs(name)
        found[f"rbind {name}"] = on_tree("rbind", name)
    for name in PER_MOUNT + PROPAGATION:
        found[f"bind {name}"] = on_tree("bind", name)
    found["bind of a shared mount"] = on_tree("bind", "")
    found["rbind of a shared mount"] = on_tree("rbind", "")
    for pair in PAIRS:
        found[f"rbind {pair}"] = on_tree("rbind", *pair.split())
    for size in ("size=1m", "size=50%", "mode=700", "mode=1777", "nr_inodes=100", "uid=5", "gid=6", "size=nonsense",
                 "nonsense", "size=1m,mode=711", ""):
        found[f"tmpfs {size}"] = on_tmpfs(size)
    for pair in itertools.permutations(("bind", "rbind"), 2):
        found[" ".join(pair)] = on_tree(*pair)
    found["bind nonsense"] = on_tree("bind", "nonsense")
    found["rbind defaults"] = on_tree("rbind", "defaults")
    found["tmpcopyup"] = together(mount("/etc", "tmpfs", "tmpfs", "tmpcopyup"), ask("path:/etc", "file:/etc/passwd"))
    found["tmpcopyup ro"] = together(mount("/etc", "tmpfs", "tmpfs", "tmpcopyup", "ro"), ask("path:/etc", "file:/etc/passwd"))
    found["tmpcopyup of nothing"] = together(mount("/new", "tmpfs", "tmpfs", "tmpcopyup"), ask("path:/new"))
    for names in ("ro", "rw", "hidepid=2", "subset=pid", "nosuid noexec nodev"):
        found[f"proc {names}"] = together(drop_mount("/proc"), mount("/proc", "proc", "proc", *names.split()))
        if "=" not in names:
            found[f"sysfs {names}"] = together(drop_mount("/sys"), mount("/sys", "sysfs", "sysfs", *names.split()))
    found["ro dev"] = together(drop_mount("/dev"), mount("/dev", "tmpfs", "tmpfs", "ro"), drop_mount("/dev/pts"),
                               drop_mount("/dev/shm"), drop_mount("/dev/mqueue"))
    return found
