# SPDX-License-Identifier: Apache-2.0
"""What the commands of a runtime answer: for containers in each state, and for those that are not there.

Engines go by exit codes, and by words that runc writes (containerd's shim: "does not exist", "container not running",
"process already finished"; docker: "executable file not found").
"""
import contextlib
import dataclasses
import json
import subprocess
import time

import configs
import runs

WORDS = ("does not exist", "container not running", "process already finished", "already exists", "cannot start a container",
         "that is not stopped", "executable file not found", "cannot exec in a")
STATES = ("created", "running", "paused", "stopped")
COMMANDS = {
    "state": ["state", "@ID@"],
    "start": ["start", "@ID@"],
    "kill": ["kill", "@ID@"],
    "kill KILL": ["kill", "@ID@", "KILL"],
    "kill 0": ["kill", "@ID@", "0"],
    "kill NONSENSE": ["kill", "@ID@", "NONSENSE"],
    "kill --all KILL": ["kill", "--all", "@ID@", "KILL"],
    "delete": ["delete", "@ID@"],
    "delete --force": ["delete", "--force", "@ID@"],
    "pause": ["pause", "@ID@"],
    "resume": ["resume", "@ID@"],
    "exec": ["exec", "@ID@", configs.PROGRAM],
    "exec of nothing": ["exec", "@ID@", "absent"],
    "exec of a directory": ["exec", "@ID@", "/etc"],
    "exec without a command": ["exec", "@ID@"],
    "ps": ["ps", "--format", "json", "@ID@"],
    "events": ["events", "--stats", "@ID@"],
    "update": ["update", "--pids-limit", "100", "@ID@"],
    "create": ["create", "--bundle", "@RUN@", "@ID@"],
    "run": ["run", "--detach", "--bundle", "@RUN@", "@ID@"],
}
# Words that are wrong whatever there is.
ELSEWHERE = {
    "an id with a slash": ["state", "a/b"],
    "an empty id": ["state", ""],
    "an id that leads out": ["state", ".."],
    "delete --force of an id that leads out": ["delete", "--force", "../x"],
    "create with an id that leads out": ["create", "--bundle", "@RUN@", "../x"],
    "create without config.json": ["create", "--bundle", "@RUN@/rootfs", "@ID@"],
    "create without a bundle": ["create", "--bundle", "@RUN@/absent", "@ID@"],
    "run without config.json": ["run", "--bundle", "@RUN@/rootfs", "@ID@"],
    "no id": ["state"],
    "two ids": ["state", "a", "b"],
    "an unknown option": ["state", "--nonsense", "@ID@"],
    "an unknown option of all": ["--nonsense", "state", "@ID@"],
    "an unknown command": ["nonsense"],
    "list": ["list", "--quiet"],
    "spec where one is": ["spec", "--bundle", "@RUN@"],
    "a console socket without a terminal": ["create", "--bundle", "@RUN@", "--console-socket", "/absent", "@ID@"],
    "a pid file that cannot be": ["run", "--detach", "--bundle", "@RUN@", "--pid-file", "/absent/file", "@ID@"],
}


@dataclasses.dataclass
class Case:
    name: str
    state: str
    words: list


def cases(is_root):
    """Names, states and words of all that is tried."""
    for name, words in COMMANDS.items():
        for state in ("absent", *STATES):
            if state == "paused" or name in ("pause", "resume", "update", "events", "ps", "kill --all KILL"):
                # They take a control group.
                if not is_root:
                    continue
            yield f"verb: {name}: {state}", state, words
    for name, words in ELSEWHERE.items():
        yield f"verb: {name}", "absent", words


class Container:
    """One of a runtime, in a state."""

    def __init__(self, runtime, place, name, directory):
        self.runtime, self.name, self.directory = runtime, name, directory
        self.root = place.top / f"states-{runtime.name}"

    def call(self, *words):
        # What is created keeps these: a pipe would stay open.
        with open(self.directory / "output", "w+b") as output, open(self.directory / "null") as none:
            code = subprocess.run(self.runtime.command(self.root, "--log", self.directory / "log", *words), stdin=none,
                                  stdout=output, stderr=subprocess.STDOUT, timeout=runs.PATIENCE, cwd=self.directory).returncode
            output.seek(0)
            return code, output.read().decode("utf-8", "replace")

    def status(self):
        code, output = self.call("state", self.name)
        with contextlib.suppress(ValueError):
            return json.loads(output)["status"]
        return "absent" if code != 0 else output

    def wait_for(self, status):
        # crun says that it has killed what it leaves paused.
        deadline = time.monotonic() + (1 if self.runtime.name == "crun" else runs.PATIENCE)
        while self.status() != status and time.monotonic() < deadline:
            time.sleep(0.005)

    def bring(self, state):
        if state == "absent":
            return
        self.call("create", "--bundle", self.directory, self.name)
        if state != "created":
            self.call("start", self.name)
        if state == "paused":
            self.call("pause", self.name)
        if state == "stopped":
            self.call("kill", self.name, "KILL")
            self.wait_for("stopped")


def answer(runtime, place, name, state, words, config, group):
    """What the command did: a view as views.view_of() makes them."""
    with place.bundle(name) as directory:
        names = {"@ID@": name, "@RUN@": str(directory), "@GIVEN@": str(place.given), "@GROUP@": group}
        (directory / "config.json").write_text(runs.substituted(config, names))
        (directory / "null").touch()
        container = Container(runtime, place, name, directory)
        try:
            container.bring(state)
            code, output = container.call(*(names.get(word, word.replace("@RUN@", str(directory))) for word in words))
            if words[0] == "kill" and code == 0 and "KILL" in words[-1]:
                container.wait_for("stopped")
            log = (directory / "log").read_text() if (directory / "log").exists() else ""
            found = [word for word in WORDS if word in output + log]
            return {"outcome": f"code {code}", "said": bool(output.strip()), "words": ", ".join(found), "after": container.status()}, \
                runs.Result(code, "", output, None, log, "")
        finally:
            container.call("delete", "--force", name)


def config_of_one_that_stays(base):
    config = base()
    configs.ask("idle")(config)
    return config
