# SPDX-License-Identifier: Apache-2.0
"""Containers on a bridge network: how fast they start, how much they send to each other, how fast
names are found. Beside them a bare pair of interfaces between two network namespaces."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import time

import peers
from measure import Account, run

TOOLS = "bench-tools"
PROGRAMS = ["iperf3", "wrk", "dnsperf", "nginx"]
NETWORK = "bench-bridge"
SERVER, CLIENT = "bench-server", "bench-client"
#: What fits into a packet of an ordinary user's bridges.
MTU = 65520
ROOT = Account("root", 0, 0, "/root", "/run")

NGINX = """daemon off; user root; worker_processes 1; pid /tmp/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
  server { listen 80; location / { return 200 "a boat that one person carries\\n"; } }
}
"""


def libraries_of(program):
    """The files that a program is linked with, the loader among them."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r"(/\S+) \(0x", text)))


def make_tools(bench):
    """A root file system of busybox and the programs, and its tar."""
    root = os.path.join(bench.cache, "tools")
    archive = os.path.join(bench.cache, "tools.tar")
    if os.path.exists(archive):
        return root, archive
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(bench.rootfs, root, symlinks=True)
    for name in PROGRAMS:
        program = shutil.which(name)
        if program is None:
            raise RuntimeError(f"{name} is not installed")
        shutil.copy(program, os.path.join(root, "bin", name))
        for library in libraries_of(program):
            target = root + library
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(library, target)
    os.makedirs(os.path.join(root, "var/log/nginx"))
    for path, text in (("nginx.conf", NGINX), ("queries", f"{SERVER} A\n{CLIENT} A\n"),
                       ("etc/passwd", "root:x:0:0:root:/:/bin/sh\n"), ("etc/group", "root:x:0:\n")):
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)
    part = archive + ".part"
    subprocess.run(["tar", "-C", root, "--owner=0", "--group=0", "-cf", part, "."], check=True)
    os.rename(part, archive)
    return root, archive


def contenders_of(bench):
    """docker's daemon runs without bridges, which would change the machine's firewall."""
    return [engine for engine in bench.engines.values() if engine.name != "docker"]


def first_line_of_failure(error):
    return str(error).splitlines()[0]


@contextlib.contextmanager
def bridge(bench):
    """A network in each engine that can; yields {engine name: why not}."""
    failures = {}
    try:
        for engine in contenders_of(bench):
            try:
                engine.call("network", "rm", "-f", NETWORK, check=False)
                engine.call("network", "create", NETWORK)
                run(engine.account, engine.run_once(peers.IMAGE, "true", network=NETWORK))
            except RuntimeError as error:
                failures[engine.name] = first_line_of_failure(error)
        yield failures
    finally:
        for engine in contenders_of(bench):
            engine.remove(SERVER, CLIENT)
            engine.call("network", "rm", "-f", NETWORK, check=False)


def unable(reason):
    def measure(_):
        raise RuntimeError(reason)
    return measure


def start(engine, name, image, *argv):
    engine.remove(name)
    engine.call("run", "-d", f"--network={NETWORK}", "--name", name, image, *argv)


def backend_of(podman):
    """cni or netavark."""
    return podman.call("info", "--format", "{{.Host.NetworkBackend}}", check=False).strip()


def backend_note(bench):
    podman = bench.engines.get("podman")
    return f"podman: an ordinary user's bridge by {backend_of(podman)}" if podman else ""


def starts(bench):
    options = ("-p", "18099:80")
    title = "`run --rm --network NAME -p 18099:80 IMAGE true`"
    budget = [("coracle", "podman", 1 / 6, "≤")]
    with bridge(bench) as failures:
        contenders = {
            engine.name: unable(failures[engine.name]) if engine.name in failures else bench.timer(
                engine.run_once(peers.IMAGE, "true", network=NETWORK, options=options), engine.account)
            for engine in contenders_of(bench)}
        yield bench.measure(title, contenders, budget, backend_note(bench))
        for engine in contenders_of(bench):
            if engine.name not in failures:
                start(engine, SERVER, peers.IMAGE, "sleep", "100000")
        yield bench.measure("the same, with another container on the network", contenders, budget)


class BarePair:
    """Two network namespaces with nothing between them but a pair of interfaces."""

    names = ("coracle-bench-a", "coracle-bench-b")
    addresses = ("198.18.77.1", "198.18.77.2")

    def __enter__(self):
        self.remove()
        for name in self.names:
            run(ROOT, ["ip", "netns", "add", name])
        run(ROOT, ["ip", "-n", self.names[0], "link", "add", "eth0", "mtu", str(MTU), "type", "veth", "peer", "name",
                   "eth0", "mtu", str(MTU), "netns", self.names[1]])
        for name, address in zip(self.names, self.addresses):
            run(ROOT, ["ip", "-n", name, "addr", "add", address + "/24", "dev", "eth0"])
            run(ROOT, ["ip", "-n", name, "link", "set", "eth0", "up"])
        self.server = None
        return self

    def remove(self):
        for name in self.names:
            run(ROOT, ["ip", "netns", "del", name], check=False)

    def inside(self, place, argv):
        return ["nsenter", f"--net=/run/netns/{self.names[place]}", *argv]

    def serve(self, argv):
        self.server = subprocess.Popen(self.inside(0, argv), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        if self.server:
            self.server.terminate()
            self.server.wait()
        self.remove()


def endpoint(engine, name):
    """How a container is connected: IPAddress, Gateway and so on."""
    return json.loads(engine.call("inspect", name))[0]["NetworkSettings"]["Networks"][NETWORK]


def gigabits(text):
    return json.loads(text)["end"]["sum_received"]["bits_per_second"] / 1e9


def requests(text):
    found = re.search(r"^Requests/sec:\s*([\d.]+)", text, re.MULTILINE)
    if found is None or "Non-2xx" in text:
        raise RuntimeError("wrk: requests have failed")
    return float(found[1])


def queries(text):
    found = re.search(r"^\s*Queries per second:\s*([\d.]+)", text, re.MULTILINE)
    lost = re.search(r"^\s*Queries lost:\s*(\d+)", text, re.MULTILINE)
    codes = re.search(r"^\s*Response codes:\s*(.*)", text, re.MULTILINE)
    if found is None or lost is None or int(lost[1]) > 0 or "NOERROR" not in codes[1] or "," in codes[1]:
        raise RuntimeError(f"dnsperf: {lost[1] if lost else 'all'} queries lost, {codes[1] if codes else ''}")
    return float(found[1])


def between(bench, failures, server, client, read):
    """Contenders that ask a server in one container from another one."""
    contenders = {}
    for engine in contenders_of(bench):
        if engine.name in failures:
            contenders[engine.name] = unable(failures[engine.name])
            continue
        start(engine, SERVER, TOOLS, *server)
        start(engine, CLIENT, TOOLS, "sleep", "100000")
        argv = engine.command("exec", CLIENT, *client(endpoint(engine, SERVER)["IPAddress"]))
        contenders[engine.name] = lambda number, it=engine, words=argv: read(run(it.account, words))
    return contenders


def between_bare(pair, server, client, read):
    pair.serve(server)
    return lambda number: read(run(ROOT, pair.inside(1, client(pair.addresses[0]))))


def traffic(bench):
    seconds = str(bench.settings.network_seconds)
    root, archive = make_tools(bench)
    for engine in contenders_of(bench):
        engine.load_images({TOOLS: archive})

    def send(address):
        return ["iperf3", "-c", address, "-J", "-t", seconds]

    def ask(address):
        return ["wrk", "-t", "1", "-c", "32", "-d", seconds + "s", f"http://{address}:80/"]

    works = [
        ("container to container on a bridge: TCP", "Gbit/s", ["iperf3", "-s"], ["iperf3", "-s"], send, gigabits,
         ("coracle", "bare pair", 0.95, "≥")),
        ("container to container on a bridge: HTTP requests", "1/s", ["nginx", "-c", "/nginx.conf"],
         ["nginx", "-c", os.path.join(root, "nginx.conf")], ask, requests,
         # Small packets: filters of system calls and the tracking of connections cost both engines a third.
         ("coracle", "podman", 0.9, "≥")),
    ]
    for title, unit, server, bare_server, client, read, budget in works:
        with bridge(bench) as failures, BarePair() as pair:
            contenders = {"bare pair": between_bare(pair, bare_server, client, read)}
            contenders.update(between(bench, failures, server, client, read))
            time.sleep(0.5)  # Until all of them listen.
            yield bench.measure(title, contenders, [budget],
                                f"the bare pair takes packets of {MTU} bytes, as bridges of ordinary users do",
                                unit, heavy=True)


def names(bench):
    """The server of names of a network, asked by one of its containers."""
    seconds = str(bench.settings.network_seconds)
    _, archive = make_tools(bench)
    contenders = {}
    with bridge(bench) as failures:
        for engine in contenders_of(bench):
            if engine.name in failures:
                contenders[engine.name] = unable(failures[engine.name])
                continue
            if engine.name == "podman" and backend_of(engine) == "cni":
                contenders[engine.name] = unable("CNI's plugin bridge serves no names")
                continue
            engine.load_images({TOOLS: archive})
            start(engine, SERVER, TOOLS, "sleep", "100000")
            start(engine, CLIENT, TOOLS, "sleep", "100000")
            argv = engine.command("exec", CLIENT, "dnsperf", "-s", endpoint(engine, CLIENT)["Gateway"], "-d", "/queries",
                                  "-c", "4", "-l", seconds)
            contenders[engine.name] = lambda number, it=engine, words=argv: queries(run(it.account, words))
        return bench.measure("names of containers found, asked by one of them", contenders,
                             [("coracle", None, 20_000, "≥")], backend_note(bench), "1/s", heavy=True)
