# SPDX-License-Identifier: Apache-2.0
"""Values for every property of config.json: what the schema cannot know.

VALUES has for each path of oci_schema.properties() configurations that set it, by a name each; a path with [value] in its
edit, a function, is for those whose values the schema lists: it is called with each of them. What has no value here has
its reason in WITHOUT_VALUE.
"""
from configs import (ask, add, capable, drop, drop_namespace, mount, namespace, nothing, put, together)

WITHOUT_VALUE = {}

# The kernel's device of memory that is always there, and a block device that has no users: see runs.py.
NULL = {"path": "/dev/other-null", "type": "c", "major": 1, "minor": 3}


# Whoever obeys sets what is set already.
with open("/proc/sys/vm/overcommit_memory") as file:
    OVERCOMMIT = file.read().strip()


def groups(*questions):
    """Has the probe read files of its control group: "memory:memory.limit_in_bytes"."""
    return together(mount("/cgroup", "bind", "/sys/fs/cgroup", "rbind", "ro"),
                    ask(*(f"group:{question}" for question in questions)))


def resource(path, value, *files):
    return together(put(f"linux.resources.{path}", value), groups(*files))


SCRIPT = 'f=$1; shift; { echo "$0 $@"; busybox env | busybox sort; busybox cat; echo; } >>"$f"'


def hook(kind, **more):
    """One that writes what it gets to the run's directory."""
    inside = kind == "startContainer"
    words = ["hook", "-c", SCRIPT, "name", "/record" if inside else "@RUN@/rootfs/record", "one", "two words"]
    entry = {"path": "/bin/sh" if inside else "/usr/bin/busybox", "args": words, "env": ["PATH=/usr/bin:/bin"]}
    if not inside:
        entry["args"] = ["sh", *words[1:]]
    if kind == "createContainer":
        entry["args"][4] = "@RUN@/rootfs/record"
    return add(f"hooks.{kind}", {**entry, **more})


def hooks(kind):
    return {
        f"hooks.{kind}[].path": {
            "runs": hook(kind),
            "relative": hook(kind, path="bin/sh"),
            "missing": hook(kind, path="/absent/program"),
            "fails": hook(kind, args=["sh", "-c", "exit 3"]),
            "twice": together(hook(kind), hook(kind, env=["PATH=/usr/bin:/bin", "SECOND=1"])),
        },
        f"hooks.{kind}[].args": {"runs": hook(kind)},
        f"hooks.{kind}[].env": {"several": hook(kind, env=["PATH=/usr/bin:/bin", "A=b", "C="])},
        f"hooks.{kind}[].timeout": {"is enough": hook(kind, timeout=30)},
    }


def user_namespace(*ranges):
    """Of root: (inside, outside, number) each."""
    maps = [{"containerID": inside, "hostID": outside, "size": size} for inside, outside, size in ranges]
    return together(namespace("user"), put("linux.uidMappings", maps), put("linux.gidMappings", maps))


MAPPED = user_namespace((0, 100000, 65536))
ID_MAPS = [{"containerID": 0, "hostID": 5000, "size": 100}]


def mapped_mount(uids=ID_MAPS, gids=ID_MAPS, options=("rbind",), kind="bind"):
    return together(mount("/mnt", kind, "@GIVEN@/tree", *options, uidMappings=uids, gidMappings=gids),
                    ask("path:/mnt", "path:/mnt/file"))


def terminal(height=24, width=80):
    return together(put("process.terminal", True), put("process.consoleSize", {"height": height, "width": width}))


def capability_set(kind):
    """Beside the others as they are."""
    path = f"process.capabilities.{kind}"
    return {
        path: {
            "one": put(path, ["CAP_CHOWN"]),
            "none": put(path, []),
            "absent": drop(path),
            "unknown": put(path, ["CAP_NONSENSE", "CAP_KILL"]),
            "without prefix": put(path, ["kill"]),
            "lower case": put(path, ["cap_kill"]),
            "new": put(path, ["CAP_KILL", "CAP_CHECKPOINT_RESTORE", "CAP_BPF"]),
            "of another user": together(put("process.user.uid", 1000), put(path, ["CAP_KILL"])),
        }
    }


def throttle(name, file):
    path = f"linux.resources.blockIO.throttle{name}Device"
    entries = {"one": [{"major": 1, "minor": 0, "rate": 1048576}], "no device": [{"major": 900, "minor": 0, "rate": 1}],
               "none": [{"major": 1, "minor": 0, "rate": 0}]}
    edits = {label: together(put(path, entry), groups(f"blkio:{file}")) for label, entry in entries.items()}
    return {f"{path}[].{part}": edits for part in ("major", "minor", "rate")}


def device(**more):
    return together(add("linux.devices", {**NULL, **more}), ask(f"path:{more.get('path', NULL['path'])}"))


def device_rules(*rules):
    denial = {"allow": False, "access": "rwm"}
    return together(put("linux.resources.devices", [denial, *rules]), capable("CAP_MKNOD"), groups("devices:devices.list"),
                    ask("node:c:1:3", "node:c:1:5", "node:c:1:11", "node:c:5:2", "node:c:10:200", "node:b:1:0", "node:b:7:0"))


def seccomp(*rules, action="SCMP_ACT_ALLOW", asks=(), **more):
    filters = {"defaultAction": action, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": list(rules), **more}
    return together(put("linux.seccomp", filters), ask("call:getppid", "call:sysinfo", "call:getcpu", *asks))


def rule(names, action="SCMP_ACT_ERRNO", **more):
    return {"names": names.split(), "action": action, **more}


# What the runtimes and the probe need: the probe's questions are not among them.
ORDINARY_CALLS = """
access arch_prctl brk capget capset chdir clock_gettime clone clone3 close close_range connect dup dup2 dup3 epoll_create1
epoll_ctl epoll_pwait epoll_wait execve execveat exit exit_group faccessat faccessat2 fchdir fchown fcntl fstat fstatfs
futex get_mempolicy get_robust_list getcwd getdents getdents64 getegid geteuid getgid getpgid getpgrp getpid getrandom
getrlimit getsid getsockname getsockopt gettid getuid getxattr ioctl ioprio_get keyctl lseek lstat madvise mkdir mknod mmap
mprotect mremap munmap nanosleep newfstatat open openat openat2 personality pipe pipe2 poll ppoll prctl pread64 prlimit64
pselect6 read readlink readlinkat recvfrom recvmsg restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn
sched_getaffinity sched_getattr sched_yield seccomp sendmsg sendto set_robust_list set_tid_address setgid setgroups
setresgid setresuid setrlimit setsid setuid setxattr sigaltstack socket socketpair stat statfs statx tgkill umask uname
unlink unlinkat wait4 waitid write writev
"""


def compared(op, value=5, second=None):
    """How getpriority(2) fares by its first argument."""
    argument = {"index": 0, "value": value, "op": op}
    if second is not None:
        argument["valueTwo"] = second
    return seccomp(rule("getpriority", args=[argument], errnoRet=13),
                   asks=[f"call:getpriority:{number}" for number in (0, 1, 2, 4, 5, 6, 7, 13, 2**32, 2**32 + 5, 2**63)])


def setting(name, value):
    """Of /proc/sys."""
    return together(put("linux.sysctl", {name: value}), ask("file:/proc/sys/" + name.replace(".", "/")))


def masked(*paths):
    return together(put("linux.maskedPaths", list(paths)), ask(*(f"path:{path}" for path in paths)))


def read_only(*paths):
    return together(put("linux.readonlyPaths", list(paths)), ask(*(f"path:{path}" for path in paths)))


def clock(**offsets):
    return together(namespace("time"), put("linux.timeOffsets", offsets))


def cpu(name, value, *files):
    return resource(f"cpu.{name}", value, *(f"cpu:cpu.{file}" for file in files))


def memory(name, value, *files):
    return resource(f"memory.{name}", value, *(f"memory:memory.{file}" for file in files))


def scheduler(policy, **more):
    return together(put("process.scheduler", {"policy": policy, **more}), capable("CAP_SYS_NICE"))


def memory_policy(mode, nodes="0", *flags):
    return put("linux.memoryPolicy", {"mode": mode, "nodes": "" if mode in ("MPOL_DEFAULT", "MPOL_LOCAL") else nodes,
                                      **({"flags": list(flags)} if flags else {})})


def rlimit(kind, soft, hard):
    return put("process.rlimits", [{"type": kind, "soft": soft, "hard": hard}])


RLIMITS = ("CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME").split()
NO_NAMESPACES = put("linux.namespaces", [{"type": "mount"}])
FOREVER = 2**64 - 1

VALUES = {
    "ociVersion": {version: put("ociVersion", version)
                   for version in ("1.0.0", "1.0.2-dev", "1.1.0", "1.2.0", "1.2.1+dev", "2.0.0", "0.9.0", "nonsense", "")},
    **hooks("prestart"), **hooks("createRuntime"), **hooks("createContainer"), **hooks("startContainer"),
    **hooks("poststart"), **hooks("poststop"),
    "annotations": {
        "a few": together(put("annotations", {"org.example.a": "b", "org.example.empty": ""}), hook("createRuntime")),
        "keep groups": put("annotations", {"run.oci.keep_original_groups": "1"}),
    },
    "hostname": {
        "short": put("hostname", "other"),
        "longest": put("hostname", "h" * 64),
        "too long": put("hostname", "h" * 65),
        "absent": drop("hostname"),
        "empty": put("hostname", ""),
        "of the host": drop_namespace("uts"),
        "absent, of the host": together(drop("hostname"), drop_namespace("uts")),
        "of a given namespace": namespace("uts", "@GIVEN@/ns/uts"),
    },
    "domainname": {
        "short": put("domainname", "example.org"),
        "too long": put("domainname", "d" * 65),
        "of the host": together(drop("hostname"), drop_namespace("uts"), put("domainname", "example.org")),
    },
    "mounts[].source": {
        "a directory": mount("/mnt", "bind", "@GIVEN@/tree", "bind"),
        "a file": mount("/mnt/file", "bind", "@GIVEN@/tree/file", "bind"),
        "a link": mount("/mnt", "bind", "@GIVEN@/link", "bind"),
        "relative": mount("/mnt", "bind", "rootfs/etc", "bind"),
        "missing": mount("/mnt", "bind", "@GIVEN@/absent", "bind"),
        "a fifo": together(mount("/mnt/fifo", "bind", "@GIVEN@/fifo", "bind"), ask("path:/mnt/fifo")),
        "a socket": together(mount("/mnt/socket", "bind", "@GIVEN@/socket", "bind"), ask("path:/mnt/socket")),
        "a device": together(mount("/dev/given", "bind", "/dev/zero", "bind"), ask("path:/dev/given")),
        "/": mount("/mnt", "bind", "/", "bind", "ro"),
    },
    "mounts[].destination": {
        "not there": together(mount("/new/deep/er", "tmpfs", "tmpfs"), ask("path:/new", "path:/new/deep", "path:/new/deep/er")),
        "a file not there": together(mount("/new/file", "bind", "@GIVEN@/tree/file", "bind"), ask("path:/new/file")),
        "relative": mount("mnt", "tmpfs", "tmpfs"),
        "dots": mount("/mnt/../tmp/./x", "tmpfs", "tmpfs"),
        "out of the root": mount("/../../mnt", "tmpfs", "tmpfs"),
        "through a link": together(mount("/to-mnt", "tmpfs", "tmpfs"), ask("path:/to-mnt")),
        "through a link outside": together(mount("/to-outside/x", "tmpfs", "tmpfs"), ask("path:/etc")),
        "twice": together(mount("/mnt", "tmpfs", "one"), mount("/mnt", "tmpfs", "two")),
        "below another": together(mount("/mnt", "tmpfs", "one"), mount("/mnt/below", "tmpfs", "two")),
        "above another": together(mount("/mnt/below", "tmpfs", "two"), mount("/mnt", "tmpfs", "one")),
        "spaces": mount("/mnt/a b", "tmpfs", "tmpfs"),
        "/": mount("/", "tmpfs", "tmpfs"),
        "empty": mount("", "tmpfs", "tmpfs"),
        "of the kernel": mount("/proc/sys", "tmpfs", "tmpfs"),
        "in the kernel's own": mount("/proc/self/attr", "tmpfs", "tmpfs"),
        "a directory on a file": mount("/etc/passwd", "bind", "@GIVEN@/tree", "bind"),
        "a file on a directory": mount("/mnt", "bind", "@GIVEN@/tree/file", "bind"),
    },
    # The options one by one are in mounts.py.
    "mounts[].options": {"none": mount("/mnt", "tmpfs", "tmpfs")},
    "mounts[].type": {
        "tmpfs": mount("/mnt", "tmpfs", "tmpfs"),
        "bind without an option": mount("/mnt", "bind", "@GIVEN@/tree"),
        "none, with bind": mount("/mnt", "none", "@GIVEN@/tree", "bind"),
        "absent, with rbind": mount("/mnt", "", "@GIVEN@/tree", "rbind"),
        "absent": mount("/mnt", "", "tmpfs"),
        "unknown": mount("/mnt", "nonsense", "nonsense"),
        "proc again": mount("/mnt", "proc", "proc"),
        "ramfs": mount("/mnt", "ramfs", "ramfs"),
        "cgroup": mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev", "relatime"),
        "cgroup, writable": mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev"),
        "cgroup with a namespace": together(
            namespace("cgroup"), mount("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev", "relatime")),
        "cgroup2": mount("/mnt", "cgroup2", "cgroup2", "ro"),
        "devpts without an instance": mount("/mnt", "devpts", "devpts"),
        "none but proc": together(put("mounts", []), mount("/proc", "proc", "proc")),
        "bind of dev": together(put("mounts", []), mount("/proc", "proc", "proc"), mount("/dev", "bind", "@GIVEN@/dev", "rbind")),
    },
    "mounts[].uidMappings[].containerID": {"a range": mapped_mount(), "with a user namespace": together(MAPPED, mapped_mount()),
                                           "not a bind mount": mapped_mount(kind="tmpfs", options=())},
    "mounts[].uidMappings[].hostID": {"idmap": mapped_mount(options=("bind", "idmap")),
                                      "ridmap": mapped_mount(options=("rbind", "ridmap"))},
    "mounts[].uidMappings[].size": {"no gids": mapped_mount(gids=[])},
    "mounts[].gidMappings[].containerID": {"a range": mapped_mount()},
    "mounts[].gidMappings[].hostID": {"the same": mapped_mount(uids=[{"containerID": 0, "hostID": 0, "size": 100}])},
    "mounts[].gidMappings[].size": {"no uids": mapped_mount(uids=[])},
    "root.path": {
        "absolute": put("root.path", "@RUN@/rootfs"),
        "slashes": put("root.path", "./rootfs//"),
        "a link": put("root.path", "to-rootfs"),
        "missing": put("root.path", "absent"),
        "a file": put("root.path", "config.json"),
        "empty": put("root.path", ""),
    },
    "root.readonly": lambda value: together(put("root.readonly", value), ask("path:/tmp", "path:/dev", "path:/")),
    "process.args": {
        "by PATH": put("process.args", ["probe"]),
        "a name of its own": put("process.args", ["/bin/../bin/probe", "", "two words", "\u00e9\n"]),
        "missing": put("process.args", ["/absent"]),
        "missing in PATH": put("process.args", ["absent"]),
        "a directory": put("process.args", ["/etc"]),
        "no program": put("process.args", ["/etc/passwd"]),
        "text that may be executed": put("process.args", ["/bin/text"]),
        "a script": put("process.args", ["/bin/script"]),
        "relative": together(put("process.args", ["./probe"]), put("process.cwd", "/bin")),
        "none": put("process.args", []),
        "absent": drop("process.args"),
        "empty": put("process.args", [""]),
    },
    "process.consoleSize.height": {"given": terminal(), "without a terminal": put("process.consoleSize", {"height": 1, "width": 2})},
    "process.consoleSize.width": {"wide": terminal(width=300)},
    "process.cwd": {
        "a directory": put("process.cwd", "/tmp"),
        "missing": together(put("process.cwd", "/absent/deep"), ask("path:/absent/deep")),
        "missing, of another user": together(put("process.cwd", "/absent"), put("process.user.uid", 1000)),
        "relative": put("process.cwd", "tmp"),
        "empty": put("process.cwd", ""),
        "a file": put("process.cwd", "/etc/passwd"),
        "a link": put("process.cwd", "/to-mnt"),
        "in a mount": put("process.cwd", "/dev/shm"),
        "where the user may not go": together(put("process.cwd", "/closed"), put("process.user.uid", 1000)),
        "a descriptor": put("process.cwd", "/proc/self/fd/7"),
    },
    "process.env": {
        "several": put("process.env", ["PATH=/bin", "A=b", "A=c", "EMPTY=", "WITH=a=b c"]),
        "no value": put("process.env", ["PATH=/bin", "NOTHING"]),
        "no name": put("process.env", ["PATH=/bin", "=x"]),
        "no home": put("process.env", ["PATH=/bin"]),
        "no home, of another user": together(put("process.env", ["PATH=/bin"]), put("process.user.uid", 1000)),
        "an empty home": put("process.env", ["PATH=/bin", "HOME="]),
        "none": put("process.env", []),
        "absent": drop("process.env"),
        "no PATH": together(put("process.env", ["A=b"]), put("process.args", ["probe"])),
    },
    "process.terminal": lambda value: put("process.terminal", value),
    "process.user.uid": {
        "another": put("process.user.uid", 1000),
        "mapped": together(MAPPED, put("process.user.uid", 1000)),
        "not mapped": together(MAPPED, put("process.user.uid", 70000)),
        "with capabilities": together(put("process.user.uid", 1000), put("process.capabilities.ambient", ["CAP_KILL"]),
                                      put("process.capabilities.inheritable", ["CAP_KILL"])),
        "nobody's": put("process.user.uid", 2**32 - 1),
    },
    "process.user.gid": {"another": put("process.user.gid", 1000), "both": put("process.user", {"uid": 5, "gid": 6})},
    "process.user.umask": {"strict": put("process.user.umask", 0o077), "none": put("process.user.umask", 0),
                           "too many bits": put("process.user.umask", 0o10022)},
    "process.user.additionalGids": {
        "two": put("process.user.additionalGids", [10, 20]),
        "the same twice": put("process.user.additionalGids", [20, 10, 20]),
        "mapped": together(MAPPED, put("process.user.additionalGids", [10])),
        "not mapped": together(MAPPED, put("process.user.additionalGids", [70000])),
    },
    **capability_set("bounding"), **capability_set("permitted"), **capability_set("effective"),
    **capability_set("inheritable"), **capability_set("ambient"),
    "process.apparmorProfile": {"unconfined": put("process.apparmorProfile", "unconfined"),
                                "unknown": put("process.apparmorProfile", "nonsense")},
    "process.oomScoreAdj": {"lower": put("process.oomScoreAdj", 100), "higher": put("process.oomScoreAdj", -500),
                            "most": put("process.oomScoreAdj", 1000), "zero": put("process.oomScoreAdj", 0),
                            "too much": put("process.oomScoreAdj", 1001)},
    "process.selinuxLabel": {"one": put("process.selinuxLabel", "system_u:system_r:container_t:s0:c1,c2")},
    "process.ioPriority.class": lambda value: put("process.ioPriority", {"class": value, "priority": 0}),
    "process.ioPriority.priority": {"4": put("process.ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 4}),
                                    "8": put("process.ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 8})},
    "process.noNewPrivileges": lambda value: put("process.noNewPrivileges", value),
    "process.scheduler.policy": lambda value: scheduler(value),
    "process.scheduler.nice": {"5": scheduler("SCHED_OTHER", nice=5), "of batches": scheduler("SCHED_BATCH", nice=-5)},
    "process.scheduler.priority": {"10": scheduler("SCHED_RR", priority=10)},
    "process.scheduler.flags": lambda value: scheduler("SCHED_FIFO", priority=1, flags=[value]),
    "process.scheduler.runtime": {"of other policies": scheduler("SCHED_OTHER", runtime=10000000)},
    "process.scheduler.deadline": {"all": scheduler("SCHED_DEADLINE", runtime=10**7, deadline=3 * 10**7, period=3 * 10**7)},
    "process.scheduler.period": {"all": scheduler("SCHED_DEADLINE", runtime=10**7, deadline=3 * 10**7, period=3 * 10**7)},
    "process.rlimits[].type": {
        **{name: rlimit(f"RLIMIT_{name}", 1 << 30, 1 << 30) if name in ("AS", "DATA", "STACK", "FSIZE")
           else rlimit(f"RLIMIT_{name}", 10, 20) for name in RLIMITS if name != "NOFILE"},
        "NOFILE": rlimit("RLIMIT_NOFILE", 100, 200),
        "unknown": rlimit("RLIMIT_NONSENSE", 1, 2),
        "lower case": rlimit("rlimit_nofile", 100, 200),
        "twice": put("process.rlimits", [{"type": "RLIMIT_NOFILE", "soft": 100 + i, "hard": 200} for i in (0, 1)]),
    },
    "process.rlimits[].hard": {"below soft": rlimit("RLIMIT_NPROC", 20, 10), "more than there is": rlimit("RLIMIT_NOFILE", 100, 2**40),
                               "for ever": rlimit("RLIMIT_CPU", 100, FOREVER)},
    "process.rlimits[].soft": {"for ever": rlimit("RLIMIT_CORE", 0, FOREVER), "zero": rlimit("RLIMIT_CORE", 0, 0)},
    "process.execCPUAffinity.initial": {"one": put("process.execCPUAffinity", {"initial": "0"})},
    "process.execCPUAffinity.final": {"one": put("process.execCPUAffinity", {"final": "0", "initial": "0"})},
    "linux.devices[].type": lambda value: device(type=value, path=f"/dev/of-{value}", **({"major": 1, "minor": 0} if value == "b" else {})),
    "linux.devices[].path": {
        "below a directory": device(path="/dev/deep/null"),
        "elsewhere": device(path="/mnt/null"),
        "a default one": device(path="/dev/null", fileMode=0o600, uid=5),
        "relative": device(path="null"),
        "twice": together(device(), device()),
        "there already": device(path="/bin/text"),
        "without permission": device(major=1, minor=11),
    },
    "linux.devices[].fileMode": {"strict": device(fileMode=0o600), "none": device(fileMode=0),
                                 "with a type": device(fileMode=0o20666)},
    "linux.devices[].major": {"0": device(type="c", major=0, minor=0)},
    "linux.devices[].minor": {"large": device(type="c", major=1, minor=300)},
    "linux.devices[].uid": {"another": device(uid=1000)},
    "linux.devices[].gid": {"another": device(gid=1000), "mapped": together(MAPPED, device(gid=1000))},
    "linux.netDevices{}.name": {"the same": put("linux.netDevices", {"variant0": {"name": "variant0"}})},
    "linux.uidMappings[].containerID": {
        "many": MAPPED,
        "two ranges": user_namespace((0, 100000, 1000), (1000, 200000, 1000)),
        "not root": user_namespace((1000, 100000, 1000)),
        "overlapping": user_namespace((0, 100000, 1000), (500, 200000, 1000)),
        "without a namespace": together(drop_namespace("user"), put("linux.uidMappings", ID_MAPS)),
        "absent": together(namespace("user"), drop("linux.uidMappings"), drop("linux.gidMappings")),
    },
    "linux.uidMappings[].hostID": {"the same": user_namespace((0, 0, 4294967295))},
    "linux.uidMappings[].size": {"one": user_namespace((0, 100000, 1)), "zero": user_namespace((0, 100000, 0))},
    "linux.gidMappings[].containerID": {"many": MAPPED, "others": together(
        MAPPED, put("linux.gidMappings", [{"containerID": 0, "hostID": 300000, "size": 10}]))},
    "linux.gidMappings[].hostID": {"other": together(MAPPED, put("linux.gidMappings", [{"containerID": 0, "hostID": 300000, "size": 10}])), "absent": together(MAPPED, drop("linux.gidMappings"))},
    "linux.gidMappings[].size": {"one": together(MAPPED, put("linux.gidMappings", [{"containerID": 0, "hostID": 0, "size": 1}]))},
    "linux.namespaces[].type": lambda value: together(
        namespace(value), MAPPED if value == "user" else nothing),
    "linux.namespaces[].path": {
        **{f"a given {kind}": namespace(kind, f"@GIVEN@/ns/{kind}") for kind in ("pid", "network", "ipc", "uts", "cgroup", "time")},
        "a given mount": namespace("mount", "@GIVEN@/ns/mount"),
        "missing": namespace("ipc", "@GIVEN@/absent"),
        "of another kind": namespace("ipc", "@GIVEN@/ns/uts"),
        "no namespace": namespace("ipc", "@GIVEN@/tree/file"),
        "empty": namespace("ipc", ""),
    },
    "linux.resources.unified": {"with v1": resource("unified", {"memory.high": "10000000"}, "memory:memory.limit_in_bytes"),
                                "hugetlb": resource("unified", {"hugetlb.2MB.max": "4194304"}, ":hugetlb.2MB.max"),
                                "unknown": resource("unified", {"nonsense.max": "1"}, ":hugetlb.2MB.max"),
                                "of a path": resource("unified", {"../x": "1"}, ":hugetlb.2MB.max")},
    "linux.resources.devices[].allow": lambda value: device_rules({"allow": value, "type": "c", "major": 1, "minor": 3, "access": "rwm"}),
    "linux.resources.devices[].type": {
        "all": put("linux.resources.devices", [{"allow": True, "type": "a", "access": "rwm"}]),
        "all, after a denial": device_rules({"allow": True, "type": "a", "access": "rwm"}),
        "block": device_rules({"allow": True, "type": "b", "major": 7, "access": "rwm"}),
        "characters": device_rules({"allow": True, "type": "c", "access": "rw"}),
    },
    "linux.resources.devices[].major": {"tun": device_rules({"allow": True, "type": "c", "major": 10, "minor": 200, "access": "rwm"}),
                                        "wild": device_rules({"allow": True, "type": "c", "major": 10, "minor": -1, "access": "rwm"})},
    "linux.resources.devices[].minor": {"any": device_rules({"allow": True, "type": "c", "major": 1, "access": "rwm"}),
                                        "but one": device_rules({"allow": True, "type": "c", "major": 1, "access": "rwm"},
                                                                {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "rwm"})},
    "linux.resources.devices[].access": {"read": device_rules({"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"}),
                                         "make": device_rules({"allow": True, "type": "b", "major": 7, "minor": 0, "access": "m"}),
                                         "absent": device_rules({"allow": True, "type": "c", "major": 1, "minor": 11})},
    "linux.resources.pids.limit": {str(value): resource("pids", {"limit": value}, "pids:pids.max") for value in (20, 0, -1, 10**9)},
    "linux.resources.blockIO.weight": {"200": resource("blockIO.weight", 200, "blkio:blkio.bfq.weight"),
                                       "too much": resource("blockIO.weight", 5000, "blkio:blkio.bfq.weight")},
    "linux.resources.blockIO.leafWeight": {"200": resource("blockIO.leafWeight", 200, "blkio:blkio.leaf_weight")},
    **throttle("ReadBps", "blkio.throttle.read_bps_device"), **throttle("WriteBps", "blkio.throttle.write_bps_device"),
    **throttle("ReadIOPS", "blkio.throttle.read_iops_device"), **throttle("WriteIOPS", "blkio.throttle.write_iops_device"),
    **{f"linux.resources.blockIO.weightDevice[].{part}": {
        "one": resource("blockIO.weightDevice", [{"major": 1, "minor": 0, "weight": 300, "leafWeight": 300}], "blkio:blkio.bfq.weight_device")}
       for part in ("major", "minor", "weight", "leafWeight")},
    "linux.resources.cpu.cpus": {"one": resource("cpu.cpus", "0", "cpuset:cpuset.cpus"), "absent": resource("cpu.cpus", "900", "cpuset:cpuset.cpus")},
    "linux.resources.cpu.mems": {"one": resource("cpu.mems", "0", "cpuset:cpuset.mems")},
    "linux.resources.cpu.period": {"alone": cpu("period", 50000, "cfs_period_us", "cfs_quota_us"),
                                   "too long": cpu("period", 50000000, "cfs_period_us")},
    "linux.resources.cpu.quota": {"alone": cpu("quota", 20000, "cfs_period_us", "cfs_quota_us"),
                                  "both": together(put("linux.resources.cpu.period", 40000), cpu("quota", 20000, "cfs_period_us", "cfs_quota_us")),
                                  "none": cpu("quota", -1, "cfs_quota_us"), "zero": cpu("quota", 0, "cfs_quota_us"),
                                  "too little": cpu("quota", 10, "cfs_quota_us")},
    "linux.resources.cpu.burst": {"5000": together(put("linux.resources.cpu.quota", 20000), cpu("burst", 5000, "cfs_burst_us"))},
    "linux.resources.cpu.realtimePeriod": {"alone": cpu("realtimePeriod", 500000, "rt_period_us")},
    "linux.resources.cpu.realtimeRuntime": {"alone": cpu("realtimeRuntime", 1000, "rt_runtime_us")},
    "linux.resources.cpu.shares": {str(value): cpu("shares", value, "shares") for value in (512, 2, 1, 0, 262144, 10**7)},
    "linux.resources.cpu.idle": {"idle": cpu("idle", 1, "idle")},
    **{f"linux.resources.hugepageLimits[].{part}": {
        "2MB": resource("hugepageLimits", [{"pageSize": "2MB", "limit": 4194304}], ":hugetlb.2MB.max"),
        "unknown": resource("hugepageLimits", [{"pageSize": "3MB", "limit": 4194304}], ":hugetlb.2MB.max")} for part in ("pageSize", "limit")},
    "linux.resources.memory.kernel": {"64m": memory("kernel", 64 << 20, "kmem.limit_in_bytes")},
    "linux.resources.memory.kernelTCP": {"64m": memory("kernelTCP", 64 << 20, "kmem.tcp.limit_in_bytes")},
    "linux.resources.memory.limit": {"64m": memory("limit", 64 << 20, "limit_in_bytes"), "none": memory("limit", -1, "limit_in_bytes"),
                                     "zero": memory("limit", 0, "limit_in_bytes"), "tiny": memory("limit", 4096, "limit_in_bytes")},
    "linux.resources.memory.reservation": {"32m": memory("reservation", 32 << 20, "soft_limit_in_bytes")},
    "linux.resources.memory.swap": {
        "alone": memory("swap", 128 << 20, "memsw.limit_in_bytes"),
        "with a limit": together(put("linux.resources.memory.limit", 64 << 20), memory("swap", 128 << 20, "limit_in_bytes", "memsw.limit_in_bytes")),
        "less than the limit": together(put("linux.resources.memory.limit", 64 << 20), memory("swap", 32 << 20, "memsw.limit_in_bytes")),
        "none": together(put("linux.resources.memory.limit", 64 << 20), memory("swap", -1, "limit_in_bytes", "memsw.limit_in_bytes")),
    },
    "linux.resources.memory.swappiness": {str(value): memory("swappiness", value, "swappiness") for value in (0, 30, 100, 101)},
    "linux.resources.memory.disableOOMKiller": lambda value: memory("disableOOMKiller", value, "oom_control"),
    "linux.resources.memory.useHierarchy": lambda value: memory("useHierarchy", value, "use_hierarchy"),
    "linux.resources.memory.checkBeforeUpdate": lambda value: together(
        put("linux.resources.memory.limit", 64 << 20), memory("checkBeforeUpdate", value, "limit_in_bytes")),
    "linux.resources.network.classID": {"one": resource("network.classID", 1048577, "net_cls:net_cls.classid")},
    **{f"linux.resources.network.priorities[].{part}": {
        "lo": resource("network.priorities", [{"name": "lo", "priority": 5}], "net_prio:net_prio.ifpriomap")} for part in ("name", "priority")},
    **{f"linux.resources.rdma{{}}.{part}": {
        "no such device": resource("rdma", {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}}, "rdma:rdma.max")}
       for part in ("hcaHandles", "hcaObjects")},
    "linux.cgroupsPath": {
        "absolute": put("linux.cgroupsPath", "@GROUP@-above/@ID@"), "absent": drop("linux.cgroupsPath"),
        # An empty one is not tried: crun takes the root of all groups for it, and kills who is there.
        "relative": put("linux.cgroupsPath", "relative-@ID@-above/@ID@"),
        "dots": put("linux.cgroupsPath", "@GROUP@/../@ID@-dots"), "without a namespace": drop_namespace("cgroup"),
    },
    "linux.rootfsPropagation": lambda value: put("linux.rootfsPropagation", value),
    "linux.seccomp.defaultAction": lambda value: seccomp(
        rule(ORDINARY_CALLS, "SCMP_ACT_ALLOW") if value != "SCMP_ACT_ALLOW" else rule("getppid"), action=value),
    "linux.seccomp.defaultErrnoRet": {"38": seccomp(action="SCMP_ACT_ALLOW", defaultErrnoRet=38),
                                      "too large": seccomp(action="SCMP_ACT_ALLOW", defaultErrnoRet=5000)},
    "linux.seccomp.flags": lambda value: seccomp(rule("getppid"), flags=[value]),
    "linux.seccomp.listenerPath": {"nobody there": seccomp(rule("getppid", "SCMP_ACT_NOTIFY"), listenerPath="@RUN@/absent"),
                                   "not needed": seccomp(rule("getppid"), listenerPath="@RUN@/absent")},
    "linux.seccomp.listenerMetadata": {"without a path": seccomp(rule("getppid"), listenerMetadata="text")},
    "linux.seccomp.architectures": lambda value: seccomp(rule("getppid"), architectures=["SCMP_ARCH_X86_64", value]),
    "linux.seccomp.syscalls[].names": {
        "unknown": seccomp(rule("nonsense getppid")), "several": seccomp(rule("getppid sysinfo")),
        "in two rules": seccomp(rule("getppid"), rule("getppid sysinfo", "SCMP_ACT_ERRNO", errnoRet=13)),
        "as the default": seccomp(rule("getppid", "SCMP_ACT_ALLOW")),
        "none": seccomp(rule("")),
    },
    "linux.seccomp.syscalls[].action": lambda value: seccomp(rule("getppid", value)),
    "linux.seccomp.syscalls[].errnoRet": {"13": seccomp(rule("getppid", errnoRet=13)), "0": seccomp(rule("getppid", errnoRet=0)),
                                          "5000": seccomp(rule("getppid", errnoRet=5000)),
                                          "of another action": seccomp(rule("getppid", "SCMP_ACT_TRACE", errnoRet=5)),
                                          "of one that takes none": seccomp(rule("getppid", "SCMP_ACT_KILL_PROCESS", errnoRet=5))},
    "linux.seccomp.syscalls[].args[].index": {
        "0": compared("SCMP_CMP_EQ"), "6": seccomp(rule("getpriority", args=[{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}])),
        "the same twice": seccomp(rule("getpriority", args=[{"index": 0, "value": value, "op": "SCMP_CMP_EQ"} for value in (1, 2)]),
                                  asks=["call:getpriority:0", "call:getpriority:1", "call:getpriority:2"]),
        "two": seccomp(rule("getpriority", args=[{"index": index, "value": 1, "op": "SCMP_CMP_EQ"} for index in (0, 1)]),
                       asks=["call:getpriority:1:1", "call:getpriority:1:2", "call:getpriority:2:1"]),
    },
    "linux.seccomp.syscalls[].args[].value": {"large": compared("SCMP_CMP_EQ", 2**63), "beyond 32 bits": compared("SCMP_CMP_GT", 2**32)},
    "linux.seccomp.syscalls[].args[].valueTwo": {"a mask": compared("SCMP_CMP_MASKED_EQ", 0b101, 0b101)},
    "linux.seccomp.syscalls[].args[].op": lambda value: compared(value, 7 if value == "SCMP_CMP_MASKED_EQ" else 5,
                                                                 5 if value == "SCMP_CMP_MASKED_EQ" else None),
    "linux.sysctl": {
        "net": setting("net.ipv4.ip_forward", "1"), "slashes": together(put("linux.sysctl", {"net/ipv4/ip_forward": "1"}), ask("file:/proc/sys/net/ipv4/ip_forward")),
        "ipc": setting("kernel.msgmax", "10000"), "mqueue": setting("fs.mqueue.msg_max", "20"),
        "unprivileged ports": setting("net.ipv4.ip_unprivileged_port_start", "0"),
        "host name": setting("kernel.hostname", "other"), "domain name": setting("kernel.domainname", "other"),
        "host name alone": together(drop("hostname"), setting("kernel.hostname", "other")),
        "of the machine": put("linux.sysctl", {"vm.overcommit_memory": OVERCOMMIT}),
        "unknown": put("linux.sysctl", {"net.nonsense": "1"}),
        "out of /proc/sys": put("linux.sysctl", {"net/../../self/oom_score_adj": "1"}),
        "net of the host": together(drop_namespace("network"), put("linux.sysctl", {"net.ipv4.ip_default_ttl": "63"})),
        "ipc of the host": together(drop_namespace("ipc"), put("linux.sysctl", {"kernel.msgmax": "8192"})),
        "wrong value": put("linux.sysctl", {"net.ipv4.ip_forward": "nonsense"}),
    },
    "linux.maskedPaths": {"files": masked("/proc/kcore", "/proc/timer_list", "/etc/passwd"), "directories": masked("/proc/acpi", "/sys/firmware", "/etc"),
                          "missing": masked("/absent"), "relative": masked("etc"), "a link": masked("/to-mnt"),
                          "out of the root": masked("/../../etc")},
    "linux.readonlyPaths": {"directories": read_only("/proc/sys", "/proc/bus", "/etc"), "files": read_only("/proc/sysrq-trigger", "/etc/passwd"),
                            "missing": read_only("/absent"), "a mount": together(mount("/mnt", "tmpfs", "tmpfs", "noexec"), read_only("/mnt")),
                            "a link": read_only("/to-mnt"), "relative": read_only("etc")},
    "linux.mountLabel": {"one": put("linux.mountLabel", "system_u:object_r:container_file_t:s0:c1,c2")},
    "linux.intelRdt.closID": {"one": put("linux.intelRdt", {"closID": "variant"})},
    "linux.intelRdt.schemata": {"one": put("linux.intelRdt", {"schemata": ["L3:0=f"]})},
    "linux.intelRdt.l3CacheSchema": {"one": put("linux.intelRdt", {"l3CacheSchema": "L3:0=f"})},
    "linux.intelRdt.memBwSchema": {"one": put("linux.intelRdt", {"memBwSchema": "MB:0=50"})},
    "linux.intelRdt.enableMonitoring": lambda value: put("linux.intelRdt", {"enableMonitoring": value}),
    "linux.memoryPolicy.mode": lambda value: memory_policy(value),
    "linux.memoryPolicy.nodes": {"missing": memory_policy("MPOL_BIND", "900"), "nonsense": memory_policy("MPOL_BIND", "x")},
    "linux.memoryPolicy.flags": lambda value: memory_policy("MPOL_BIND", "0", value),
    "linux.personality.domain": lambda value: put("linux.personality", {"domain": value}),
    "linux.personality.flags": {"none": put("linux.personality", {"domain": "LINUX", "flags": []}),
                                "one": put("linux.personality", {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]})},
    "linux.timeOffsets.boottime.secs": {"a day": clock(boottime={"secs": 86400}), "without a namespace": put("linux.timeOffsets", {"boottime": {"secs": 5}})},
    "linux.timeOffsets.boottime.nanosecs": {"a bit": clock(boottime={"secs": 1, "nanosecs": 500}), "too many": clock(boottime={"secs": 1, "nanosecs": 10**9})},
    "linux.timeOffsets.monotonic.secs": {"a day": clock(monotonic={"secs": 86400}), "back": clock(monotonic={"secs": -1000})},
    "linux.timeOffsets.monotonic.nanosecs": {"a bit": clock(monotonic={"secs": 0, "nanosecs": 500})},
}
