# SPDX-License-Identifier: Apache-2.0
# Loaded by every system test. The binary is $CORACLE; each test file has a store of its own, made in
# setup_file and checked for leaks in teardown_file. Storage driver: $STORAGE_DRIVER.

bats_require_minimum_version 1.5.0

: "${CORACLE:?set CORACLE to the coracle binary}"

# The longest a single command of a test may take, in seconds.
TIMEOUT=${TIMEOUT:-60}

coracle() { timeout --kill-after=5 "$TIMEOUT" "$CORACLE" "$@"; }

# run_coracle CODE ARGUMENT...: runs the binary and checks its exit code. Sets $output and $lines
# (both streams) and $status.
run_coracle() {
  local expected=$1
  shift
  # An exit code of 127 has to be announced, or bats takes it for a mistake in the test.
  if [ "$expected" -eq 127 ]; then
    run -127 coracle "$@"
  else
    run coracle "$@"
  fi
  if [ "$status" -ne "$expected" ]; then
    printf '# coracle %s\n# exit code %s, expected %s\n%s\n' "$*" "$status" "$expected" "$output" >&2
    return 1
  fi
}

# assert_output PATTERN: the last output matches the extended regular expression.
assert_output() {
  [[ $output =~ $1 ]] && return
  printf '# output does not match: %s\n%s\n' "$1" "$output" >&2
  return 1
}

refute_output() {
  [[ ! $output =~ $1 ]] && return
  printf '# output matches: %s\n%s\n' "$1" "$output" >&2
  return 1
}

assert_equal() {
  [ "$1" == "$2" ] && return
  printf '# expected: %s\n#   actual: %s\n' "$2" "$1" >&2
  return 1
}

# refute COMMAND...: fails if the command succeeds. A plain "! COMMAND" is no failure for errexit.
refute() {
  ! "$@" || { printf '# succeeded: %s\n' "$*" >&2; return 1; }
}

# is_running_process PID: it is there, and is no zombie.
is_running_process() { grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }

# begin_service_manager: listens as one does, and exports NOTIFY_SOCKET; what it hears is in $HEARD, a line for each
# message. Its process is $MANAGER.
begin_service_manager() {
  export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/notify
  HEARD=$BATS_TEST_TMPDIR/heard
  python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(60)
open(sys.argv[2], "w").close()
while True:
    text = s.recv(8192).decode().strip().replace("\n", " ")
    print(text, file=open(sys.argv[2], "a"), flush=True)
' "$NOTIFY_SOCKET" "$HEARD" 3>&- &
  MANAGER=$!
  wait_until 5 test -e "$HEARD"
}

# ended_with CODE: the last `run` did.
ended_with() {
  [ "$status" -eq "$1" ] && return
  printf '# exit code %s, expected %s\n%s\n' "$status" "$1" "$output" >&2
  return 1
}
# has_line PATTERN: of the last output.
has_line() {
  grep -qE "^$1\$" <<<"$output" && return
  printf '# no such line: %s\n%s\n' "$1" "$output" >&2
  return 1
}

# wait_until SECONDS COMMAND...: polls until the command succeeds.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { printf '# still not: %s\n' "$*" >&2; return 1; }
    sleep 0.05
  done
}
# How long those sleep whom a test looks for by their command line: what another run has left sleeps longer or shorter.
nap=$((1000000 + (RANDOM << 15 | RANDOM)))
# no_process PATTERN: no process of this user has such a command line.
no_process() { ! pgrep -u "$(id -u)" -f "$1" >/dev/null; }

# is_instrumented: the binary is one of tools/check --sanitize, which keeps what is freed and reserves many addresses.
is_instrumented() { grep -q __asan_default_options "$CORACLE"; }
# limits_memory: skips a test that limits a command's address space where that cannot be.
limits_memory() { ! is_instrumented || skip 'sanitizers reserve more addresses than the limit'; }

# take_binary: sets `taken` to the options by which a container has the binary at /coracle, with the libraries that it
# needs if it is not static.
take_binary() {
  local library
  taken=(-v "$CORACLE:/coracle:ro")
  for library in $(ldd "$CORACLE" 2>/dev/null | grep -oE '/[^ ]+'); do taken+=(-v "$library:$library:ro"); done
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# has_cgroup [CONTROLLER]: containers have control groups, with that controller. Those of an ordinary user have
# when $DELEGATED lists the controllers of the group that was delegated to them.
has_cgroup() { is_root || { [ -n "${DELEGATED+set}" ] && [[ -z ${1-} || " $DELEGATED " == *" $1 "* ]]; }; }

# needs_cgroup CONTROLLER...: skips the test where they have not.
needs_cgroup() {
  local controller
  has_cgroup || skip 'no control group is delegated to this user'
  for controller in "$@"; do
    has_cgroup "$controller" || skip "the controller '$controller' is not delegated to this user"
  done
}

# make_rootfs DIRECTORY: a small root file system around the static busybox.
make_rootfs() {
  local root=$1 applet
  mkdir -p "$root"/{bin,etc,tmp,root,home/user,var/empty,usr/bin}
  chmod 1777 "$root/tmp"
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    [ "$applet" == busybox ] || ln -s busybox "$root/bin/$applet"
  done
  cat > "$root/etc/passwd" <<'EOF'
root:x:0:0:root:/root:/bin/sh
user:x:1000:1000:An ordinary user:/home/user:/bin/sh
web:x:33:33:web:/var/empty:/bin/false
EOF
  cat > "$root/etc/group" <<'EOF'
root:x:0:
user:x:1000:
web:x:33:
wheel:x:10:root,user
audio:x:29:user
EOF
  echo 'from the image' > "$root/etc/motd"
}

# setup_store: call from setup_file. Makes a store with the image "base".
setup_store() {
  export CORACLE_ROOT=$BATS_FILE_TMPDIR/root
  export CORACLE_RUNROOT=$BATS_FILE_TMPDIR/run
  export ROOTFS=$BATS_FILE_TMPDIR/rootfs
  # Nobody is asked for images that are not there.
  export CONTAINERS_REGISTRIES_CONF=$BATS_FILE_TMPDIR/registries.conf
  echo 'unqualified-search-registries = ["127.0.0.1:1"]' >"$CONTAINERS_REGISTRIES_CONF"
  make_rootfs "$ROOTFS"
  tar -C "$ROOTFS" --owner=0 --group=0 -cf "$BATS_FILE_TMPDIR/base.tar" .
  coracle import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/base.tar" base
}

# teardown_store: call from teardown_file. Fails if anything of the file's tests is left behind.
teardown_store() {
  coracle rm --all --force --time 0 >/dev/null
  local leaks
  # The keeper of networks goes by itself, a moment after the last container.
  wait_until 10 no_network_leftovers || leaks=$(network_leftovers)
  leaks+=$(pgrep -u "$(id -u)" -f -a "$CORACLE_RUNROOT" || true)
  coracle system reset --force
  [ ! -e "$CORACLE_ROOT/containers" ] || [ -z "$(ls -A "$CORACLE_ROOT/containers")" ]
  if grep -q "$BATS_FILE_TMPDIR" /proc/mounts; then
    grep "$BATS_FILE_TMPDIR" /proc/mounts | sed 's/^/# left mounted: /' >&2
    return 1
  fi
  [ -z "$leaks" ] || { printf '# left running: %s\n' "$leaks" >&2; return 1; }
}

# network_leftovers: what is left of the networks of this store: processes, interfaces, rules.
network_leftovers() {
  local pid owner
  for pid in $(pgrep -u "$(id -u)" -x 'coracle:network|coracle:ports|pasta|pasta.avx2|passt.avx2|slirp4netns'); do
    # Those that have ended and wait for init are gone.
    grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null || continue
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) != coracle:* ]] \
      || grep -qzF "$BATS_FILE_TMPDIR" "/proc/$pid/environ" 2>/dev/null || continue
    echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
  done
  is_root || return 0
  owner=$(printf %s "$CORACLE_RUNROOT/networks" | sha256sum | cut -c1-8)
  ip -d link show | grep -B9 -F "alias coracle $owner" || true
  nft list tables | grep -F "coracle_$owner" || true
}
no_network_leftovers() { [ -z "$(network_leftovers)" ]; }

# remove_containers: call from teardown when a test makes containers.
remove_containers() { coracle rm --all --force --time 0 >/dev/null 2>&1 || true; }

# in_terminal INPUT COMMAND...: runs a command on a pseudo terminal, types INPUT (printf escapes),
# prints what the terminal shows. The exit code is the command's.
in_terminal() { timeout "$TIMEOUT" python3 "$BATS_TEST_DIRNAME/terminal.py" "$@"; }
