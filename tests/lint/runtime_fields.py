#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the runtime looks at every property of config.json that the schema of the OCI runtime specification has.

usage: runtime_fields.py SOURCE_ROOT

The table says which file carries out, or refuses, what begins with a path; the longest path counts. The file has to
mention the member that holds the property: its name in snake_case, unless MEMBERS has another.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import oci_schema

root = pathlib.Path(sys.argv[1])
# The parser knows versions, and whoever calls the runtime has made the control group.
NOT_FOR_THE_RUNTIME = {"ociVersion", "linux.cgroupsPath"}
# config-linux.md: both have no meaning any more, as the kernel has one behaviour only.
IGNORED = {"linux.resources.memory.kernel", "linux.resources.memory.useHierarchy"}

FILES = {
    "annotations": "src/runtime/parent/conversation.cpp",
    "domainname": "src/runtime/plan/container.cpp",
    "hostname": "src/runtime/plan/container.cpp",
    "hooks": "src/runtime/parent/hooks.cpp",
    "root": "src/runtime/plan/container.cpp",
    "mounts": "src/runtime/plan/mounts.cpp",
    "process": "src/runtime/plan/process.cpp",
    "process.scheduler": "src/runtime/plan/scheduling.cpp",
    "process.ioPriority": "src/runtime/plan/scheduling.cpp",
    "process.execCPUAffinity": "src/runtime/parent/exec.cpp",
    "linux": "src/runtime/plan/container.cpp",
    "linux.devices": "src/runtime/plan/devices.cpp",
    "linux.uidMappings": "src/runtime/parent/id_ranges.hpp",
    "linux.gidMappings": "src/runtime/parent/id_ranges.hpp",
    "linux.mountLabel": "src/runtime/plan/container.cpp",
    "linux.netDevices": "src/runtime/plan/check.cpp",
    "linux.intelRdt": "src/runtime/resctrl/group.cpp",
    "linux.memoryPolicy": "src/runtime/plan/scheduling.cpp",
    "linux.personality": "src/runtime/plan/process.cpp",
    "linux.timeOffsets": "src/runtime/plan/check.cpp",
    "linux.seccomp": "src/runtime/seccomp/compile.cpp",
    "linux.seccomp.defaultErrnoRet": "src/runtime/seccomp/export.cpp",
    "linux.seccomp.architectures": "src/runtime/seccomp/export.cpp",
    "linux.seccomp.syscalls": "src/runtime/seccomp/export.cpp",
    "linux.resources.cpu": "src/runtime/cgroup/settings_legacy.cpp",
    "linux.resources.cpu.cpus": "src/runtime/cgroup/settings.cpp",
    "linux.resources.cpu.mems": "src/runtime/cgroup/settings.cpp",
    "linux.resources.memory": "src/runtime/cgroup/settings_legacy.cpp",
    "linux.resources.memory.checkBeforeUpdate": "src/runtime/cgroup/group_limits.cpp",
    "linux.resources.blockIO": "src/runtime/cgroup/settings_legacy.cpp",
    "linux.resources.devices": "src/runtime/cgroup/device_rules.cpp",
    "linux.resources": "src/runtime/cgroup/settings.cpp",
}
# Parts of names that are not what snake_case makes of them.
MEMBERS = {
    "process.noNewPrivileges": "no_new_privileges",
    "process.ioPriority.class": "priority_class",
    "process.consoleSize.height": "console_size->height",
    "process.consoleSize.width": "console_size->width",
    "linux.devices[].fileMode": "file_mode",
    "linux.resources.memory.disableOOMKiller": "disable_oom_killer",
    "linux.resources.memory.kernelTCP": "kernel_tcp",
    "linux.resources.network.classID": "class_id",
    "linux.resources.pids.limit": "pids_limit",
    "linux.intelRdt.closID": "clos_id",
    "linux.intelRdt.l3CacheSchema": "l3_cache_schema",
    "linux.netDevices{}.name": "net_devices",
    "linux.timeOffsets.boottime.secs": "boottime_offset",
    "linux.timeOffsets.boottime.nanosecs": "nanosecs",
    "linux.timeOffsets.monotonic.secs": "monotonic_offset",
    "linux.timeOffsets.monotonic.nanosecs": "nanosecs",
    "linux.personality.domain": "personality.domain",
    "linux.personality.flags": "personality.flags",
    # Structured bindings.
    **{f"linux.resources.blockIO.throttle{kind}Device[].rate": "[major, minor, rate]"
       for kind in ("ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS")},
    "linux.resources.hugepageLimits[].pageSize": "[size, limit]",
    "linux.resources.hugepageLimits[].limit": "[size, limit]",
    "linux.resources.network.priorities[].name": "[name, priority]",
    "linux.resources.network.priorities[].priority": "[name, priority]",
    "mounts[].uidMappings[].containerID": "uid_mappings",
    "mounts[].uidMappings[].hostID": "uid_mappings",
    "mounts[].uidMappings[].size": "uid_mappings",
    "mounts[].gidMappings[].containerID": "gid_mappings",
    "mounts[].gidMappings[].hostID": "gid_mappings",
    "mounts[].gidMappings[].size": "gid_mappings",
}


def member_of(path):
    if path in MEMBERS:
        return MEMBERS[path]
    name = re.sub(r"(?<=[a-z])([A-Z]+)", lambda m: "_" + m[1].lower(), path.split(".")[-1]).lower()
    return name.removesuffix("[]").removesuffix("{}")


def mentions(text, member):
    """Whether the member is used; words in messages do not count."""
    if re.fullmatch(r"\w+", member):
        return re.search(rf"(?:\.|->|::){member}\b", text)
    return member in text


def file_of(path):
    plain = re.sub(r"\[\]|\{\}", "", path)
    fitting = [prefix for prefix in FILES if plain == prefix or plain.startswith(prefix + ".")]
    return FILES[max(fitting, key=len)] if fitting else None


def main():
    failures = []
    properties = oci_schema.properties()
    if len(properties) < 150:
        failures.append(f"only {len(properties)} properties were found")
    for path in sorted(set(properties) - NOT_FOR_THE_RUNTIME - IGNORED):
        name = file_of(path)
        if name is None:
            failures.append(f"{path}: no file carries it out")
        elif not mentions((root / name).read_text(), member_of(path)):
            failures.append(f"{path}: {name} does not mention '{member_of(path)}'")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


sys.exit(main())
