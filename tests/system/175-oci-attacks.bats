#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The attacks of 162 and 163 on the runtime by itself: whoever calls it with a bundle is safe from what is in there, and from
# what else runs there meanwhile.
load helpers
load bundles
load attacks

setup_file() {
  begin_bundles
  make_probe
  make_hostile_rootfs "$BATS_FILE_TMPDIR/rootfs-hostile"
  own_program "$BATS_FILE_TMPDIR/rootfs-hostile"
  export ROOTFS=$BATS_FILE_TMPDIR/rootfs-hostile
}
teardown_file() { end_bundles; }
setup() {
  make_prize
  make_bundle
}
teardown() {
  remove_bundles
  assert_prize
}

# inside WORD...: runs a program in a container of its own.
inside() {
  program "$@"
  run_oci 0 run --bundle "$bundle" "$id-once"
}
# holder: a container $id that sleeps.
holder() {
  program sleep "$nap"
  begin
}
# exec_in_background WORD...: in $id.
exec_in_background() { oci exec -d "$id" "$@" >/dev/null 2>&1 </dev/null 3>&-; }
# share: the directory $shared as /v of the bundle.
share() {
  shared=$BATS_TEST_TMPDIR/shared
  mkdir -p "$shared"
  change '.mounts += [{destination: "/v", type: "bind", source: $shared, options: ["rbind", "rw"]}]' --arg shared "$shared"
}
# swap_in_share LINK: a container $id that exchanges /v/at, a directory, for a link, for ever.
swap_in_share() {
  oci delete --force "$id"
  rm -rf "${shared:?}"/*
  program sh -c 'mkdir /v/at; ln -s "$1" /v/turned; touch /v/ready; exec /probe swap /v/at /v/turned' sh "$1"
  begin
  wait_until 20 test -e "$shared/ready"
}

@test "the runtime's program is none of a container's" {
  local way sum
  sum=$(sum_of_engine)
  for way in link chain script nested by-link; do
    program "/program-$way"
    run oci run --bundle "$bundle" "$id-$way"
    assert_equal "$status" 1
    refute_output 'USAGE|Usage:'
  done
  holder
  for way in link chain script nested by-link; do
    run oci exec "$id" "/program-$way"
    assert_equal "$status" 255
    refute_output 'USAGE|Usage:'
  done
  assert_equal "$(sum_of_engine)" "$sum"
}

@test "a program that is exchanged while create or exec looks at it does not become the runtime" {
  local sum round
  sum=$(sum_of_engine)
  share
  holder
  oci exec "$id" sh -c 'mkdir /v/bin; printf "#!/bin/true\n" >/v/bin/p; chmod 755 /v/bin/p; ln -s /proc/self/exe /v/bin/q'
  exec_in_background /probe swap /v/bin/p /v/bin/q
  exec_in_background /probe watch /v/seen none
  wait_until 20 grep -q watching "$shared/seen"
  program /v/bin/p
  for round in $(seq "${ROUNDS:-30}"); do
    timeout --kill-after=1 2 "$RUNTIME" --root "$OCI_ROOT" exec "$id" /v/bin/p </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 || true
    timeout --kill-after=1 2 "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id-$round" </dev/null >>"$BATS_TEST_TMPDIR/out" 2>&1 || true
    refute grep -qi usage "$BATS_TEST_TMPDIR/out"
  done
  assert_output_of_watch
  assert_equal "$(sum_of_engine)" "$sum"
}
assert_output_of_watch() {
  run sort -u "$shared/seen"
  assert_output '^exe'
  refute_output "exe $(identity_of_engine)"
}

@test "nobody inside sees into a process that joins, or reads the command line that it came with" {
  local round
  share
  holder
  exec_in_background /probe watch /v/seen TELLTALE
  wait_until 20 grep -q watching "$shared/seen"
  for round in $(seq "${ROUNDS:-30}"); do
    run_oci 0 exec --env PASSWORD=TELLTALE --cwd /tmp "$id" true
  done
  # A container beside it, in the same pid namespace, into which only root may bring one.
  change '.process.env += ["PASSWORD=TELLTALE"] | if $pid != 0 then
    .linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($pid)/ns/pid" else . end) else . end' \
    --argjson pid "$(if is_root; then pid_of; else echo 0; fi)"
  program true
  for round in $(seq "${ROUNDS:-10}"); do run_oci 0 run --bundle "$bundle" "$id-$round"; done
  assert_output_of_watch
  refute_output 'TELLTALE|cmdline|way '
}

# only_own LINES: those that the program lists are 0, 1 and 2.
only_own() { assert_equal "$(cut -d' ' -f1 <<<"$1" | tr '\n' ' ')" '0 1 2 '; }

@test "no descriptor but the standard ones reaches a program" {
  # Inherited, and not to be closed on exec.
  exec 8<"$PRIZE/secret" 9<"$PRIZE"
  inside /probe descriptors
  only_own "$output"
  program /probe descriptors
  oci create --bundle "$bundle" "$id-two" >"$bundle/out" 2>&1 </dev/null
  oci start "$id-two"
  wait_until 10 test -s "$bundle/out"
  only_own "$(cat "$bundle/out")"
  holder
  run_oci 0 exec "$id" /probe descriptors
  only_own "$output"
  # Those that are asked for, and none of the runtime's between them.
  exec 7<"$ROOTFS/etc/motd"
  run_oci 0 exec --preserve-fds 5 "$id" sh -c '/probe descriptors; cat <&7'
  assert_output 'from the image'
  refute_output "$OCI_ROOT|socket:|pidfd|memfd|anon_inode|$PRIZE"
  exec 7<&- 8<&- 9<&-
}

@test "a working directory by a descriptor of the runtime's leads nowhere" {
  local fd place
  exec 9<"$PRIZE"
  holder
  for fd in $(seq 3 24); do
    for place in "/proc/self/fd/$fd" "/proc/self/fd/$fd/../../.." "/proc/1/fd/$fd" "/proc/self/task/1/fd/$fd"; do
      program sh -c "cat ./secret .$PRIZE/secret ../../../..$PRIZE/secret; pwd"
      change '.process.cwd = $cwd' --arg cwd "$place"
      run oci run --bundle "$bundle" "$id-$fd"
      refute_output 'very secret'
      run oci exec --cwd "$place" "$id" sh -c "cat ./secret .$PRIZE/secret ../../../..$PRIZE/secret; pwd"
      refute_output 'very secret'
    done
  done
  exec 9<&-
}

@test "a working directory that was removed is none" {
  program sh -c 'mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; exec sleep 1000'
  change '.root.readonly = false | .mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
  begin
  removed() { oci exec "$id" sh -c 'readlink /proc/1/cwd' | grep -q deleted; }
  wait_until 5 removed
  # The kernel has no name for it: it may lie anywhere.
  run_oci 255 exec --cwd /proc/1/cwd "$id" cat /etc/motd
  assert_output "cannot change to working directory.*/proc/1/cwd"
  oci delete --force "$id"
}

# bats test_tags=user
@test "who joins a user namespace of its own user's is not looked into from there" {
  program sleep 1000
  begin
  oci exec "$id" sleep 1000 >/dev/null 2>&1 3>&- &
  local client=$! runtime
  wait_until 5 eval '[ "$(oci exec "$id" ps | grep -c "sleep 1000")" -ge 2 ]'
  # timeout(1), and the runtime below it.
  runtime=$(pgrep -P "$(pgrep -P $client || echo $client)" -f "$RUNTIME" || pgrep -P $client -f "$RUNTIME")
  # The files of a process that cannot be looked into are root's (proc(5)).
  assert_equal "$(stat -c %u "/proc/${runtime%%$'\n'*}/environ")" 0
  oci delete --force "$id"
  wait $client || true
}

@test "capabilities that are not named are none" {
  change 'del(.process.capabilities)'
  program grep -E '^Cap' /proc/self/status
  run_oci 0 run --bundle "$bundle" "$id"
  assert_equal "$(cut -f 2 <<<"$output" | sort -u)" 0000000000000000
  # One that joins has the container's.
  change '.process.args = ["sleep", "1000"] | .process.capabilities = ({bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"]})'
  begin
  jq '.process | del(.capabilities) | .args = ["grep", "^CapEff", "/proc/self/status"]' "$bundle/config.json" >"$bundle/process.json"
  run_oci 0 exec --process "$bundle/process.json" "$id"
  assert_equal "$output" $'CapEff:\t0000000000000020'
  oci delete --force "$id"
}

# bats test_tags=user
@test "without room for a session keyring there is no container with the caller's" {
  program cat /proc/keys
  change '.linux.seccomp = null'
  python3 - "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id" >"$bundle/out" 2>&1 3>&- <<'END' || true
import ctypes, subprocess, sys
call = ctypes.CDLL(None, use_errno=True).syscall
call(250, 1, None)  # KEYCTL_JOIN_SESSION_KEYRING
for number in range(10000):
    if call(248, b"user", b"filler%d" % number, b"x", 1, -3) < 0: break  # add_key, to the session's
else:
    sys.exit("no quota")
sys.exit(subprocess.run(sys.argv[1:], timeout=30).returncode)
END
  run cat "$bundle/out"
  refute_output filler
  assert_output 'cannot create a session keyring: Disk quota exceeded'
}

@test "a root file system whose /proc, /sys or /dev is a link is refused" {
  local name
  for name in proc sys dev; do
    make_hostile_rootfs "$BATS_TEST_TMPDIR/rootfs-$name"
    rm -rf "$BATS_TEST_TMPDIR/rootfs-$name/$name"
    mkdir "$BATS_TEST_TMPDIR/rootfs-$name/elsewhere"
    ln -s /elsewhere "$BATS_TEST_TMPDIR/rootfs-$name/$name"
    change '.root.path = $root' --arg root "$BATS_TEST_TMPDIR/rootfs-$name"
    program true
    run_oci 1 run --bundle "$bundle" "$id"
    assert_output "/$name'?: Too many levels of symbolic links"
  done
}

@test "a mount whose place somebody turns into a link stays in the container" {
  local way round number=0
  mkdir "$BATS_TEST_TMPDIR/mine"
  echo mine >"$BATS_TEST_TMPDIR/mine/file"
  share
  cp "$bundle/config.json" "$bundle/plain.json"
  while read -r way; do
    cp "$bundle/plain.json" "$bundle/config.json"
    swap_in_share "$way"
    change '.mounts += [{destination: "/v/at/deep/er", type: "bind", source: $mine, options: ["rbind", "rw"]},
      {destination: "/v/at/a/file", type: "bind", source: ($mine + "/file"), options: ["bind"]},
      {destination: "/v/at/tmp", type: "tmpfs", source: "tmpfs"}]' --arg mine "$BATS_TEST_TMPDIR/mine"
    program sh -c "cat $PRIZE/secret /v/at/secret; touch /v/at/planted /v/at/tmp/planted"
    for round in $(seq "${ROUNDS:-3}"); do
      # It may fail, for what is a link one time is a directory the next.
      run oci run --bundle "$bundle" "$id-$((++number))"
      refute_output 'very secret'
      assert_prize
    done
  done < <(ways_out)
  assert_equal "$(cat "$BATS_TEST_TMPDIR/mine/file")" mine
}

@test "a path that is masked or made read-only, and that somebody turns, is one inside" {
  local round
  share
  swap_in_share "$PRIZE"
  program sh -c "cat $PRIZE/secret /v/at/secret"
  change '.linux.maskedPaths += ["/v/at"] | .linux.readonlyPaths += ["/v/at/"]'
  for round in $(seq "${ROUNDS:-20}"); do
    run oci run --bundle "$bundle" "$id-$round"
    refute_output 'very secret'
  done
  # It is still to be written to, and nothing is mounted there.
  refute grep -q "$PRIZE" /proc/self/mountinfo
  touch "$PRIZE/new" && rm "$PRIZE/new"
}

@test "masks and the console are of the host's devices, whatever is in /dev" {
  make_hostile_rootfs "$BATS_TEST_TMPDIR/rootfs-devices"
  mkdir -p "$BATS_TEST_TMPDIR/rootfs-devices/dev"
  # What masks of other runtimes were made of, and consoles laid upon.
  ln -s /proc/sysrq-trigger "$BATS_TEST_TMPDIR/rootfs-devices/dev/null"
  ln -s /proc/sys/kernel/core_pattern "$BATS_TEST_TMPDIR/rootfs-devices/dev/console"
  mkdir -p "$BATS_TEST_TMPDIR/rootfs-devices/dev/pts"
  change '.root = {path: $root} | .mounts |= map(select(.destination != "/dev")) | .process.terminal = true
    | .linux.maskedPaths = ["/proc/interrupts"]' --arg root "$BATS_TEST_TMPDIR/rootfs-devices"
  program sh -c 'grep -c . /proc/interrupts; stat -c %t:%T /proc/interrupts; grep " /proc/sys" /proc/self/mountinfo | grep -v " ro"; tty'
  run in_terminal '' "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id"
  # Refused, or right.
  if [ "$status" -eq 0 ]; then
    assert_equal "${lines[0]} ${lines[1]}" '0 1:3'
    assert_output '/dev/pts/0'
    refute_output 'core_pattern'
  else
    assert_output 'symbolic links|/dev/'
  fi
}

@test "a terminal is one of the container's devpts or none" {
  local made number=0
  for made in 'mkfifo ptmx' 'echo text >ptmx' 'ln -s /dev/ptmx ptmx' 'ln -s /proc/self/fd/0 ptmx' 'mkdir ptmx'; do
    mkdir "$BATS_TEST_TMPDIR/pts-$((++number))"
    (cd "$BATS_TEST_TMPDIR/pts-$number" && eval "$made")
    make_bundle_again
    change '.mounts += [{destination: "/dev/pts", type: "bind", source: $pts, options: ["bind"]}]' \
      --arg pts "$BATS_TEST_TMPDIR/pts-$number"
    holder
    run in_terminal '' timeout 20 "$RUNTIME" --root "$OCI_ROOT" exec -t "$id" true
    [ "$status" -ne 0 ]
    [ "$status" -ne 124 ]
    assert_output 'cannot set up the terminal|/dev/pts/ptmx'
    change '.process.terminal = true'
    run in_terminal '' timeout 20 "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id-t"
    [ "$status" -ne 0 ]
    [ "$status" -ne 124 ]
    oci delete --force "$id"
  done
}
make_bundle_again() {
  rm -rf "$BATS_TEST_TMPDIR/bundle"
  make_bundle
}

@test "labels and sysctls are written to procfs or nowhere" {
  local fake=$BATS_TEST_TMPDIR/fake file
  mkdir -p "$fake/self/attr/apparmor" "$fake/thread-self/attr/apparmor" "$fake/sys/net/ipv4"
  for file in self/attr/exec self/attr/apparmor/exec thread-self/attr/exec thread-self/attr/apparmor/exec \
    self/attr/keycreate sys/net/ipv4/ip_forward; do
    mkdir -p "$fake/${file%/*}"
    echo before >"$fake/$file"
  done
  cp "$bundle/config.json" "$bundle/plain.json"
  for change in '.process.apparmorProfile = "mine"' '.process.selinuxLabel = "a:b:c:s0"' \
    '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'; do
    cp "$bundle/plain.json" "$bundle/config.json"
    change "$change | .linux.maskedPaths = [] | .linux.readonlyPaths = []
      | .mounts |= map(if .destination == \"/proc\" then {destination: \"/proc\", type: \"bind\", source: \$fake, options: [\"bind\"]} else . end)" \
      --arg fake "$fake"
    program true
    run oci run --bundle "$bundle" "$id"
    [ -z "$(oci list -q)" ]
    assert_equal "$(find "$fake" -type f -exec cat {} + | sort -u)" before
  done
}

@test "the caller's own inheritable and ambient capabilities do not come in" {
  is_root || skip 'only root has some'
  program cat /proc/self/status
  run setpriv --inh-caps=+sys_admin,+net_admin --ambient-caps=+sys_admin,+net_admin \
    timeout 60 "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id-run"
  assert_equal "$(awk '/^CapInh|^CapAmb/ {printf "%s ", $2}' <<<"$output")" '0000000000000000 0000000000000000 '
  holder
  run setpriv --inh-caps=+sys_admin,+net_admin --ambient-caps=+sys_admin,+net_admin \
    timeout 60 "$RUNTIME" --root "$OCI_ROOT" exec "$id" cat /proc/self/status
  assert_equal "$(awk '/^CapInh|^CapAmb/ {printf "%s ", $2}' <<<"$output")" '0000000000000000 0000000000000000 '
}
