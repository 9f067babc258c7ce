# SPDX-License-Identifier: Apache-2.0
"""Times commands, one round of all after the other, so that whatever else the machine does hits all
alike."""

import dataclasses
import os
import statistics
import subprocess

TIMEOUT = 600  # Seconds for one command.


@dataclasses.dataclass
class Account:
    """Who a command runs as, and with what environment."""

    name: str
    uid: int
    gid: int
    home: str
    runtime_directory: str

    def environment(self):
        return {"HOME": self.home, "USER": self.name, "LOGNAME": self.name, "LANG": "C.UTF-8",
                "XDG_RUNTIME_DIR": self.runtime_directory,
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


@dataclasses.dataclass
class Sample:
    """What one contender of a row came to."""

    values: list = dataclasses.field(default_factory=list)
    failure: str = ""  # Why there are none.

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def least(self):
        return min(self.values) if self.values else None


def run(account, argv, check=True, **options):
    """Runs a command as the account; returns its standard output."""
    result = subprocess.run(argv, env=account.environment(), cwd="/", user=account.uid,
                            group=account.gid, extra_groups=[], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
                            check=False, **options)
    if check and result.returncode != 0:
        raise RuntimeError(f"{' '.join(argv[:4])} …: exit code {result.returncode}: "
                           f"{last_line(result.stderr)}")
    return result.stdout.decode(errors="replace")


def last_line(text):
    lines = text.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


class Stopwatch:
    """Wraps the stopwatch program."""

    def __init__(self, program):
        self.program = program

    def time(self, account, argv):
        """Milliseconds."""
        return self._run(account, argv)[0] / 1e6

    def memory(self, account, argv):
        """KiB that the largest of the processes had at its peak."""
        return self._run(account, argv)[2]

    def _run(self, account, argv):
        command = [self.program, str(account.uid), str(account.gid)] + argv
        result = subprocess.run(command, env=account.environment(), cwd="/",
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
        fields = result.stdout.split()
        if len(fields) != 3 or fields[1] != b"0":
            raise RuntimeError(last_line(result.stderr) or f"exit code {fields[-1:]}")
        return [int(field) for field in fields]


def interleave(contenders, rounds, warm_up=True):
    """Calls each contender in turn, `rounds` times, by default after a first round that does not count.

    contenders: {name: callable(round number) -> value}. One that raises is out, with the reason.
    """
    samples = {name: Sample() for name in contenders}
    for number in range(-1 if warm_up else 0, rounds):
        for name, measure in contenders.items():
            sample = samples[name]
            if sample.failure:
                continue
            try:
                value = measure(number)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                sample.values, sample.failure = [], str(error)
                continue
            if number >= 0:
                sample.values.append(value)
    return samples


def processes():
    """The ids of all processes."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def command_name(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def owner(pid):
    """The user id of a process, whatever its own /proc directory says (it may not be dumpable)."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("Uid:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return -1


def proportional_memory(pid):
    """PSS in KiB: pages that processes share count in part for each."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def end(daemon):
    """Ends a daemon that we have started, one that does not listen too."""
    daemon.terminate()
    try:
        daemon.wait(30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
