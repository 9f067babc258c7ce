#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The OCI runtime: coracle-oci, which is also `coracle oci`.
load helpers
load bundles

setup_file() { begin_bundles; }
teardown_file() { end_bundles; }
setup() { make_bundle; }
teardown() {
  remove_bundles
  [ ${#holders[@]} -eq 0 ] || pkill -KILL -P "$(IFS=,; echo "${holders[*]}")"
}

@test "create, state, start, kill, delete" {
  program sh -c 'echo begun; exec sleep 1000'
  # A terminal's descriptors, as an engine passes pipes.
  oci create --bundle "$bundle" --pid-file "$bundle/pid" "$id" >"$bundle/out" 2>&1 </dev/null 3>&-
  [ ! -s "$bundle/out" ]
  run_oci 0 state "$id"
  assert_equal "$(jq -r '.ociVersion, .id, .status, .bundle, .rootfs' <<<"$output")" "1.2.0
$id
created
$bundle
$ROOTFS"
  assert_equal "$(jq .pid <<<"$output")" "$(cat "$bundle/pid")"
  is_running_process "$(cat "$bundle/pid")"
  run_oci 0 list
  assert_output "^ID +PID +STATUS +BUNDLE +CREATED +OWNER"
  assert_output "$id +$(cat "$bundle/pid") +created +$bundle +20[0-9TZ:.-]+ +$(id -un)"
  run_oci 1 create --bundle "$bundle" "$id"
  assert_output 'container with given ID already exists'
  oci start "$id"
  wait_until 5 grep -q begun "$bundle/out"
  run_oci 1 start "$id"
  assert_output 'cannot start a container that is running'
  run_oci 1 delete "$id"
  assert_output 'that is not stopped: running'
  status_is running
  oci kill "$id" KILL
  wait_until 5 status_is stopped
  assert_equal "$(pid_of)" 0
  run_oci 1 kill "$id" TERM
  assert_output 'container not running'
  run_oci 1 start "$id"
  assert_output 'cannot start a container that is stopped'
  run_oci 255 exec "$id" true
  assert_output 'cannot exec in a stopped container'
  oci delete "$id"
  run_oci 1 state "$id"
  assert_output 'container does not exist'
  run_oci 1 delete "$id"
  oci delete --force "$id"
  [ ! -e "$OCI_ROOT/$id" ]
}

@test "a created container can be killed and deleted before it starts" {
  program sleep 1000
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  local pid
  pid=$(pid_of)
  oci delete "$id"
  wait_until 5 refute is_running_process "$pid"
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  oci kill "$id" KILL
  wait_until 5 status_is stopped
  oci delete "$id"
}

@test "kill and delete take a pattern" {
  local one
  program sleep 1000
  for one in "$id-web-1" "$id-web-2" "$id-db-1"; do
    oci run --detach --bundle "$bundle" "$one" >/dev/null 2>&1 </dev/null 3>&-
  done
  run_oci 1 delete --regex "^$id-web-"
  assert_output "container '$id-web-1' that is not stopped"
  assert_output "container '$id-web-2' that is not stopped"
  oci kill --regex "^$id-web-[0-9]+\$" KILL
  # A pattern is one only with the option.
  run_oci 1 delete "^$id-web-"
  status_of() { oci state "$1" | jq -r .status; }
  web_has_stopped() { [ "$(status_of "$id-web-1") $(status_of "$id-web-2")" = 'stopped stopped' ]; }
  wait_until 5 web_has_stopped
  oci delete --regex "^$id-web-"
  assert_equal "$(oci list --quiet)" "$id-db-1"
  run_oci 1 kill --regex '(' KILL
  assert_output "invalid regular expression '\('"
  oci delete --regex --force .
  assert_equal "$(oci list --quiet)" ''
  # None that matches is no error.
  oci delete --regex .
}

@test "run: exit codes, streams, descriptors, files of pids" {
  program sh -c 'cat; echo error >&2; ls /proc/self/fd; exit 7'
  run --separate-stderr oci run --bundle "$bundle" --pid-file "$bundle/pid" "$id" <<<input
  assert_equal "$status" 7
  assert_equal "$output" 'input
0
1
2
3'
  assert_equal "$stderr" error
  [[ $(cat "$bundle/pid") =~ ^[0-9]+$ ]]
  run_oci 1 state "$id"
  program sh -c 'kill -9 $$'
  # The first process of a pid namespace ignores what it sends itself.
  program sh -c 'sh -c "kill -TERM \$\$"; exit $?'
  run_oci 143 run --bundle "$bundle" "$id"
  program sh -c 'ls /proc/self/fd; cat <&5'
  echo passed >"$bundle/file"
  run oci run --bundle "$bundle" --preserve-fds 3 "$id" 5<"$bundle/file" 3</dev/null 4</dev/null 6</dev/null
  assert_output 'passed'
  refute_output '^6$'
  program sh -c 'exit 3'
  run_oci 3 run --keep --bundle "$bundle" "$id"
  status_is stopped
}

@test "programs that are not there, configurations that make no sense" {
  program nothing-here
  run_oci 1 create --bundle "$bundle" "$id"
  assert_output 'executable file.*not found in \$PATH'
  run_oci 1 run --bundle "$bundle" "$id"
  program /etc
  run_oci 1 run --bundle "$bundle" "$id"
  assert_output 'ermission denied'
  change 'del(.process)'
  run_oci 1 run --bundle "$bundle" "$id"
  assert_output 'no process'
  echo '{' >"$bundle/config.json"
  run_oci 1 run --bundle "$bundle" "$id"
  assert_output 'config.json'
  run_oci 1 run --bundle "$BATS_TEST_TMPDIR/nothing" "$id"
  assert_output 'specification file .*/nothing/config.json. not found'
  local bad
  for bad in ../x a/b .hidden '' "$(printf 'x%.0s' {1..256})"; do
    run_oci 1 state "$bad"
    assert_output 'invalid container ID'
  done
  [ -z "$(ls "$OCI_ROOT")" ]
}

@test "states that are damaged, or of a newer version" {
  mkdir -p "$OCI_ROOT/torn" "$OCI_ROOT/empty" "$OCI_ROOT/new"
  echo '{' >"$OCI_ROOT/torn/state.json"
  echo '{"version": 99, "bundle": "/"}' >"$OCI_ROOT/new/state.json"
  run_oci 0 list
  assert_output 'WARNING.*torn'
  assert_output 'newer version of coracle'
  run_oci 1 state torn
  run_oci 1 state new
  run_oci 1 delete --force new
  assert_output 'newer version'
  oci delete --force torn
  oci delete --force empty
  rm -r "$OCI_ROOT/new"
}

@test "options before the command, logs for engines, versions" {
  run "$RUNTIME" --version
  assert_equal "$status" 0
  assert_output '^coracle-oci version [0-9.]+
spec: 1\.2\.0'
  local log=$BATS_TEST_TMPDIR/log
  run "$RUNTIME" --log "$log" --log-format json --root="$OCI_ROOT" --rootless auto --debug state nobody
  assert_equal "$status" 1
  assert_equal "$(jq -r 'select(.level == "error") | .msg' "$log")" "container 'nobody': container does not exist"
  jq -e 'select(.level == "error") | .time | startswith("20")' "$log"
  run "$RUNTIME" --log "$log.text" --root "$OCI_ROOT" state nobody
  assert_equal "$(sed 's/^time="[^"]*" //' "$log.text")" \
    "level=error msg=\"container 'nobody': container does not exist\""
  # The same, by its other name.
  run "$CORACLE" oci --root "$OCI_ROOT" state nobody
  assert_equal "$status" 1
  assert_output 'container does not exist'
  run "$RUNTIME" --help
  assert_equal "$status" 0
  assert_output 'checkpoint .*
.*create '
  run "$RUNTIME" --root "$OCI_ROOT"
  assert_equal "$status" 1
  run "$RUNTIME" --no-such-thing state
  assert_equal "$status" 1
}

@test "the runtime is the same behind options of the engine" {
  program sleep "$nap"
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  run "$CORACLE" --log-level debug oci --root "$OCI_ROOT" list -q
  assert_equal "$status" 0
  assert_equal "$output" "$id"
  local line
  for line in 'oci' 'oci nothing' 'oci --nothing list' 'oci state' 'oci list --nothing'; do
    run "$CORACLE" $line
    assert_equal "$line: $status" "$line: 1"
    run "$CORACLE" --log-level debug $line
    assert_equal "$line: $status" "$line: 1"
  done
}

@test "what a log says of warnings does not reach the container's streams" {
  change '.process.capabilities.bounding += ["CAP_NONSENSE"]'
  program sh -c 'exit 0'
  run_oci 0 --log "$BATS_TEST_TMPDIR/log" run --bundle "$bundle" "$id"
  assert_equal "$output" ''
  grep -q 'level=warning.*CAP_NONSENSE' "$BATS_TEST_TMPDIR/log"
}

@test "features are complete" {
  run_oci 0 features
  jq -e '.ociVersionMin and .ociVersionMax' <<<"$output"
  jq -e '.hooks == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]' <<<"$output"
  jq -e '.mountOptions | contains(["bind", "rbind", "ro", "rro", "idmap", "ridmap", "tmpcopyup", "rslave"])' <<<"$output"
  jq -e '.linux.namespaces | contains(["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"])' <<<"$output"
  jq -e '.linux.capabilities | contains(["CAP_CHOWN"])' <<<"$output"
  jq -e '.linux.seccomp.actions | contains(["SCMP_ACT_NOTIFY", "SCMP_ACT_ERRNO"])' <<<"$output"
  jq -e '.linux.seccomp.archs | contains(["SCMP_ARCH_X86_64"])' <<<"$output"
  jq -e '.linux.cgroup.v1 and .linux.cgroup.v2' <<<"$output"
}

@test "terminals: a console socket gets the other end" {
  program sh -c 'tty; stty size; read line; echo "got $line"'
  change '.process.terminal = true | .process.consoleSize = {height: 33, width: 77}'
  run_oci 1 create --bundle "$bundle" "$id"
  assert_output '--console-socket'
  run_oci 1 create --bundle "$bundle" --console-socket "$BATS_TEST_TMPDIR/none" "$id"
  assert_output 'nobody listens'
  run timeout "$TIMEOUT" python3 - "$BATS_TEST_TMPDIR/console" "$RUNTIME" --root "$OCI_ROOT" "$bundle" "$id" <<'END'
import array, os, socket, subprocess, sys
path, *runtime, bundle, name = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
subprocess.run([*runtime, "create", "--console-socket", path, "--bundle", bundle, name], check=True)
connection, _ = listener.accept()
_, control, _, _ = connection.recvmsg(1024, socket.CMSG_SPACE(4))
terminal = array.array("i", control[0][2])[0]
subprocess.run([*runtime, "start", name], check=True)
os.write(terminal, b"word\n")
text = b""
try:
    while b"got word" not in text:
        text += os.read(terminal, 1000)
except OSError:
    pass
print(text.decode().replace("\r", ""))
END
  assert_equal "$status" 0
  assert_output '/dev/(pts/0|console)'
  assert_output '33 77'
  assert_output 'got word'
  wait_until 5 status_is stopped
  oci delete "$id"
  # In the foreground this terminal is the container's.
  run in_terminal 'word\r' "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id"
  assert_output 'got word'
}

@test "a socket gets a pidfd, a configuration may have another name" {
  program sleep 1000
  mv "$bundle/config.json" "$bundle/other.json"
  run_oci 1 create --bundle "$bundle" --no-subreaper "$id"
  assert_output "'$bundle/config.json' not found"
  run_oci 1 create --bundle "$bundle" --config other.json --pidfd-socket "$BATS_TEST_TMPDIR/none" "$id"
  assert_output "cannot allocate a terminal|nobody listens at the pidfd socket"
  run timeout "$TIMEOUT" python3 - "$BATS_TEST_TMPDIR/pidfd" "$RUNTIME" --root "$OCI_ROOT" "$bundle" "$id" <<'END'
import array, socket, subprocess, sys
path, *runtime, bundle, name = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
quiet = {stream: subprocess.DEVNULL for stream in ("stdin", "stdout", "stderr")}
def pid_of(words):
    subprocess.run([*runtime, *words], check=True, **quiet)
    connection, _ = listener.accept()
    _, control, _, _ = connection.recvmsg(1024, socket.CMSG_SPACE(4))
    pidfd = array.array("i", control[0][2])[0]
    with open(f"/proc/self/fdinfo/{pidfd}") as info:
        return [line.split()[1] for line in info if line.startswith("Pid:")][0]
print(pid_of(["create", "--pidfd-socket", path, "--bundle", bundle, "-f", "other.json", name]))
subprocess.run([*runtime, "start", name], check=True)
pid_file = bundle + "/pid"
exec_pid = pid_of(["exec", "--detach", "--pidfd-socket", path, "--pid-file", pid_file, name, "sleep", "1000"])
print(exec_pid == open(pid_file).read())
END
  assert_equal "$status" 0
  assert_equal "$output" "$(pid_of)
True"
}

@test "exec: processes of a running container" {
  program sleep 1000
  change '.process.env += ["FROM=config"] | .process.cwd = "/tmp"'
  begin
  run_oci 0 exec --env A=b "$id" sh -c 'echo $FROM $A; pwd; id -u; ls /proc/self/fd'
  assert_equal "$output" 'config b
/tmp
0
0
1
2
3'
  run_oci 7 exec --cwd /etc "$id" sh -c 'pwd; exit 7'
  assert_equal "$output" /etc
  run_oci 255 exec "$id" nothing-here
  assert_output 'executable file.*not found in \$PATH'
  jq '.process | .args = ["sh", "-c", "echo from file; exit 4"]' "$bundle/config.json" >"$bundle/process.json"
  run_oci 4 exec --process "$bundle/process.json" "$id"
  assert_equal "$output" 'from file'
  oci exec --detach --pid-file "$bundle/exec.pid" "$id" sh -c "sleep $nap" >/dev/null 2>&1 </dev/null 3>&-
  is_running_process "$(cat "$bundle/exec.pid")"
  run_oci 255 exec "$id"
  assert_output 'a command or --process'
  run in_terminal '' "$RUNTIME" --root "$OCI_ROOT" exec -t "$id" tty
  assert_output '/dev/pts/'
  run_oci 0 exec --no-new-privs "$id" grep NoNewPrivs /proc/self/status
  assert_output '1$'
  oci delete --force "$id"
  wait_until 5 no_process "[s]leep $nap"
}

# hook FILE: a program for a hook that notes its name, the state that it reads, and in which network it is.
hooks() {
  cat >"$bundle/hook" <<'END'
#!/bin/sh
status=$(jq -r '[.status, .id] | join(" ")')
echo "$1 $status $(readlink /proc/self/ns/uts)" >>"$2"
exit ${3:-0}
END
  chmod +x "$bundle/hook"
  # Inside, where startContainer's are looked for.
  mkdir -p "$BATS_TEST_TMPDIR/inside"
  printf '#!/bin/sh\necho "startContainer $(cat /etc/motd)" >>/inside/log\nexit $1\n' >"$BATS_TEST_TMPDIR/inside/hook"
  chmod +x "$BATS_TEST_TMPDIR/inside/hook"
  change '.hooks = ([$names[] | {(.): [{path: $hook, args: ["hook", ., $log], env: [$path]}]}] | add)
      | .hooks.startContainer = [{path: "/inside/hook", args: ["hook", "0"]}]
      | .mounts += [{destination: "/inside", type: "bind", source: $inside, options: ["rbind", "rw"]}]
      | .root.readonly = false' \
    --argjson names '["prestart", "createRuntime", "createContainer", "poststart", "poststop"]' \
    --arg hook "$bundle/hook" --arg log "$bundle/log" --arg path "PATH=$PATH" --arg inside "$BATS_TEST_TMPDIR/inside"
}

# holder OPTION OF UNSHARE...: a process that keeps namespaces until the test ends; sets $held to who is in them.
holder() {
  unshare "$@" --fork --kill-child sleep "$nap" >/dev/null 2>&1 3>&- &
  local parent=$!
  holders+=("$parent")
  held=
  found() { held=$(pgrep -P "$parent"); }
  wait_until 10 found
}
# join TYPE...: those of $held, before what the configuration has.
join() {
  local type
  for type in "$@"; do
    change '.linux.namespaces = [{type: $type, path: "/proc/\($held)/ns/\($file)"}] + (.linux.namespaces | map(select(.type != $type)))' \
      --arg type "$type" --arg held "$held" --arg file "$(case $type in network) echo net ;; mount) echo mnt ;; *) echo "$type" ;; esac)"
  done
}
# Of what the program says: namespaces of the holder, and others.
whose() {
  local name
  for name in user pid net ipc uts; do
    if [ "$(readlink "/proc/$held/ns/$name")" = "$(sed -n "s/^$name //p" "$bundle/out")" ]; then echo "$name"; fi
  done | xargs
}
run_there() {
  program sh -c 'for name in user pid net ipc uts; do echo $name $(readlink /proc/self/ns/$name); done; echo uid $(id -u)'
  timeout 20 "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&-
  grep -qx 'uid 0' "$bundle/out"
}

# bats test_tags=user
@test "an ordinary user joins a user namespace, and others that belong to it" {
  holder --user --map-root-user --net --pid --ipc --uts
  change '.linux.uidMappings = [] | .linux.gidMappings = [] | .process.oomScoreAdj = 700'
  join user
  run_there
  assert_equal "$(whose)" user
  join user pid
  run_there
  assert_equal "$(whose)" 'user pid'
  # Whatever their order.
  join ipc uts user network pid
  change '.hostname = ""'
  run_there
  assert_equal "$(whose)" 'user pid net ipc uts'
  hooks
  run_there
  assert_equal "$(whose)" 'user pid net ipc uts'
}

# bats test_tags=root
@test "a user namespace beside namespaces of the host" {
  holder --net --pid
  cp -r "$ROOTFS" "$bundle/rootfs"
  chown -R 100000:100000 "$bundle/rootfs"
  chmod 755 "$bundle" "$BATS_TEST_TMPDIR"
  change '.root.path = $root | .linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
    | .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "sysfs"))' --arg root "$bundle/rootfs"
  join network pid
  run_there
  assert_equal "$(whose)" 'pid net'
  # The same, joining one.
  local host=$held
  holder --user
  echo '0 100000 1000' | tee "/proc/$held/uid_map" >"/proc/$held/gid_map"
  change '.linux.uidMappings = [] | .linux.gidMappings = []'
  join user
  local user
  user=$(readlink "/proc/$held/ns/user")
  held=$host
  run_there
  assert_equal "$(whose)" 'pid net'
  grep -qxF "user $user" "$bundle/out"
}

# bats test_tags=root
@test "what a process is told by way of /proc does not depend on that of a namespace it joins" {
  holder --mount --pid
  nsenter --target "$held" --mount mount -t tmpfs none /proc
  program sleep "$nap"
  change '.process.oomScoreAdj = 700 | .mounts = [] | del(.linux.maskedPaths, .linux.readonlyPaths)'
  join mount pid
  oci run --detach --bundle "$bundle" "$id" >/dev/null 2>"$bundle/out" </dev/null 3>&- || { cat "$bundle/out"; return 1; }
  assert_equal "$(cat "/proc/$(pid_of)/oom_score_adj")" 700
}

@test "hooks run at their moments, in their namespaces" {
  is_root || cp -r "$ROOTFS" "$bundle/rootfs"
  hooks
  program sh -c 'sleep 1000'
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  assert_equal "$(cut -d ' ' -f 1-3 "$bundle/log")" "prestart creating $id
createRuntime creating $id
createContainer creating $id"
  local outer
  outer=$(readlink /proc/self/ns/uts)
  assert_equal "$(awk '{print $4}' "$bundle/log" | head -n 2 | sort -u)" "$outer"
  refute test "$(tail -n 1 "$bundle/log" | cut -d ' ' -f 4)" = "$outer"
  [ ! -e "$BATS_TEST_TMPDIR/inside/log" ]
  oci start "$id"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/inside/log")" 'startContainer from the image'
  assert_equal "$(tail -n 1 "$bundle/log" | cut -d ' ' -f 1-3)" "poststart running $id"
  oci delete --force "$id"
  assert_equal "$(tail -n 1 "$bundle/log" | cut -d ' ' -f 1-3)" "poststop stopped $id"
}

@test "hooks that fail" {
  hooks
  program sleep 1000
  change '.hooks.createRuntime[0].args[3] = "5"'
  run_oci 1 create --bundle "$bundle" "$id"
  assert_output 'createRuntime hook .*: exit code 5'
  assert_equal "$(tail -n 1 "$bundle/log" | cut -d ' ' -f 1)" poststop
  run_oci 1 state "$id"
  change '.hooks.createRuntime[0].args[3] = "0" | .hooks.startContainer[0].args[1] = "6"'
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  run_oci 1 start "$id"
  assert_output 'startContainer hook .*: exit code 6'
  # Nothing runs that its hooks did not prepare.
  oci delete --force "$id"
  change '.hooks.startContainer[0].args[1] = "0" | .hooks.poststart[0].args[3] = "7"'
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  run_oci 1 start "$id"
  assert_output 'poststart hook .*: exit code 7'
  status_is stopped
  run_oci 0 delete "$id"
  assert_equal "$(tail -n 1 "$bundle/log" | cut -d ' ' -f 1)" poststop
  : >"$bundle/log"
  run_oci 1 run --bundle "$bundle" "$id"
  assert_output 'poststart hook .*: exit code 7'
  assert_equal "$(tail -n 2 "$bundle/log" | cut -d ' ' -f 1 | xargs)" 'poststart poststop'
  run_oci 1 state "$id"
  change '.hooks.startContainer = [] | .hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "1000"], timeout: 1}]'
  run_oci 1 create --bundle "$bundle" "$id"
  assert_output 'did not end within 1 seconds'
}

@test "two at once: one creates, one starts" {
  program sleep 1000
  local i pids=() good=0
  for i in 1 2 3 4; do
    oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do if wait "$i"; then good=$((good + 1)); fi; done
  assert_equal "$good" 1
  pids=() good=0
  for i in 1 2 3 4; do
    oci start "$id" >/dev/null 2>&1 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do if wait "$i"; then good=$((good + 1)); fi; done
  assert_equal "$good" 1
  status_is running
}

@test "create that is killed leaves nothing that runs, and what can be deleted" {
  program sleep "$nap"
  local i
  for i in 1 2 3 4 5 6 7 8 9 10; do
    timeout -s KILL "0.0$(printf %02d $((RANDOM % 30)))" "$RUNTIME" --root "$OCI_ROOT" create --bundle "$bundle" "$id" \
      >/dev/null 2>&1 </dev/null 3>&- || true
    oci list >/dev/null
    oci delete --force "$id"
    [ ! -e "$OCI_ROOT/$id" ]
  done
  wait_until 5 no_process "coracle-oci.*$OCI_ROOT"
  no_process "[s]leep $nap"
}

@test "start that is killed can be done again" {
  hooks
  program sleep 1000
  printf '#!/bin/sh\n[ -e /inside/go ] || sleep 1000\n' >"$BATS_TEST_TMPDIR/inside/hook"
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  "$RUNTIME" --root "$OCI_ROOT" start "$id" >/dev/null 2>&1 3>&- &
  local start=$!
  sleep 0.3
  status_is created
  kill -KILL $start
  wait $start || true
  status_is created
  touch "$BATS_TEST_TMPDIR/inside/go"
  oci start "$id"
  status_is running
}

# bats test_tags=root
@test "control groups: limits, freezing, counters, processes" {
  program sh -c 'sleep 1000 & exec sleep 1000'
  change '.linux.cgroupsPath = $path | .linux.resources.memory.limit = 33554432 | .linux.resources.pids.limit = 20' \
    --arg path "/coracle-test-$id"
  begin
  wait_until 5 test "$(oci ps --format json "$id" | jq length)" = 2
  run_oci 0 ps "$id"
  assert_output '^UID +PID'
  assert_output 'sleep 1000'
  run_oci 0 ps "$id" -o pid,comm
  assert_output 'sleep'
  oci pause "$id"
  status_is paused
  run_oci 1 pause "$id"
  run_oci 255 exec "$id" true
  assert_output 'paused'
  oci resume "$id"
  run_oci 1 resume "$id"
  run_oci 0 events --stats "$id"
  jq -e '.type == "stats" and .data.pids.current == 2 and .data.memory.usage.limit == 33554432' <<<"$output"
  echo '{"memory": {"limit": 67108864}, "pids": {"limit": 30}}' | oci update --resources - "$id"
  oci update --pids-limit 40 "$id"
  run_oci 1 update --mem-bw-schema 'MB:0=50' "$id"
  assert_output 'has no resctrl group: its configuration is without intelRdt'
  run_oci 0 events --stats "$id"
  jq -e '.data.pids.limit == 40 and .data.memory.usage.limit == 67108864' <<<"$output"
  oci pause "$id"
  oci delete --force "$id"
  assert_equal "$(find /sys/fs/cgroup -maxdepth 2 -name "coracle-test-$id")" ''
}

@test "an example of a configuration, under the name that is asked for" {
  local made=$BATS_TEST_TMPDIR/made
  mkdir "$made"
  oci spec --rootless --bundle "$made"
  oci spec --rootless --bundle "$made" --file other.json
  oci spec --rootless --bundle / -f "$made/third.json"
  cmp "$made/config.json" "$made/other.json"
  cmp "$made/config.json" "$made/third.json"
  run_oci 1 spec --rootless --bundle "$made"
  assert_output "config.json.*File exists"
  run_oci 1 spec --bundle "$made/nothing"
  assert_output "nothing/config.json.*No such file"
}

@test "filters that forbid what waiting for the start takes" {
  program sh -c 'echo begun; exec sleep 1000'
  local nnp
  for nnp in true false; do
    change '.process.noNewPrivileges = $nnp | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{names: ["accept4", "sendmsg", "recvmsg", "socket"], action: "SCMP_ACT_ERRNO"}]}' --argjson nnp $nnp
    begin
    wait_until 5 grep -q begun "$bundle/out"
    status_is running
    oci delete --force "$id"
  done
}

@test "few descriptors, and promised ones that are not there" {
  program sh -c 'ulimit -n; exec sleep 1000'
  change '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 5, hard: 5}]'
  begin
  wait_until 5 grep -qx 5 "$bundle/out"
  oci delete --force "$id"
  change '.process.rlimits = []'
  oci create --preserve-fds 2 --bundle "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&- 4>&-
  oci start "$id"
  status_is running
}

# bats test_tags=root
@test "a created container that is paused goes on to be created" {
  program sleep 1000
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  oci pause "$id"
  status_is paused
  run_oci 1 start "$id"
  assert_output 'that is paused'
  oci resume "$id"
  oci start "$id"
  status_is running
}

# bats test_tags=root
@test "groups of others are left alone" {
  program sleep 1000
  change '.linux.cgroupsPath = $path' --arg path "/coracle-test-$id"
  begin
  local pid
  pid=$(pid_of)
  run_oci 1 create --bundle "$bundle" "$id-2"
  assert_output 'has processes in it already'
  change '.linux.cgroupsPath = "/"'
  run_oci 1 create --bundle "$bundle" "$id-2"
  is_running_process "$pid"
  status_is running
  oci kill --all "$id" KILL
}

# bats test_tags=root
@test "kill --all reaches every process, with the host's pids, too" {
  change 'del(.linux.namespaces[] | select(.type == "pid"))'
  program sh -c "sleep $nap & sleep $nap & wait"
  begin
  wait_until 5 test "$(oci ps -f json "$id" | jq length)" = 3
  oci kill --all "$id" KILL
  wait_until 5 status_is stopped
  wait_until 5 no_process "[s]leep $nap"
  oci delete "$id"
}

# bats test_tags=root
@test "a user namespace of its own, entered by exec" {
  change '.linux.namespaces += [{type: "user"}]
      | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
      | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
      | .mounts |= map(.options |= (. // [] | map(select(startswith("gid=") | not))))'
  chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
  program sleep 1000
  begin
  assert_equal "$(stat -c %u "/proc/$(pid_of)")" 100000
  run_oci 0 exec "$id" id -u
  assert_equal "$output" 0
  oci exec --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$id" sleep 1000 >/dev/null 2>&1 </dev/null 3>&-
  assert_equal "$(stat -c %u "/proc/$(cat "$BATS_TEST_TMPDIR/pid")")" 100000
}
