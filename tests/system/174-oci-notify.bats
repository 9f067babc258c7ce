#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# sd_notify(3) through coracle-oci: the program of a container tells the service manager of the caller that it is ready.
load helpers
load bundles

setup_file() {
  begin_bundles
  cc -O1 -static -o "$ROOTFS/say" "$BATS_TEST_DIRNAME/notifyprobe.c"
}
teardown_file() { end_bundles; }
setup() {
  make_bundle
  begin_service_manager
}
teardown() {
  kill "$MANAGER" 2>/dev/null || true
  unset NOTIFY_SOCKET
  remove_bundles
}

# ready WORDS: a program that says so after $bundle's file "go" has come.
ready() {
  change '.mounts += [{destination: "/gate", type: "bind", source: $bundle, options: ["bind", "ro"]}]' --arg bundle "$bundle"
  program sh -c "until test -e /gate/go; do sleep 0.05; done; $1; exec sleep $nap"
}
heard() { assert_equal "$(cat "$HEARD")" "$1"; }

@test "start returns when the program is ready, and names it to the service manager" {
  ready 'echo $NOTIFY_SOCKET; /say "STATUS=booting" -barrier "$(printf "STATUS=up\nREADY=1\nMAINPID=1")"'
  oci create --bundle "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&-
  oci start "$id" 3>&- &
  local start=$!
  wait_until 10 status_is running
  [ -d "/proc/$start" ]
  [ ! -s "$HEARD" ]
  # Meanwhile the container answers.
  run_oci 0 exec "$id" sh -c 'echo "[$NOTIFY_SOCKET]"'
  assert_equal "$output" '[]'
  touch "$bundle/go"
  wait "$start"
  wait_until 10 grep -q BARRIER "$HEARD"
  # What is said of processes and states is the runtime's to say.
  heard "$(printf 'READY=1\nMAINPID=%s\nBARRIER=1' "$(pid_of)")"
  assert_equal "$(cat "$bundle/out")" /run/notify/notify.sock
}

@test "run --detach waits for it, run in the foreground passes it on" {
  ready '/say READY=1'
  touch "$bundle/go"
  oci run --detach --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  heard "$(printf 'READY=1\nMAINPID=%s\nBARRIER=1' "$(pid_of)")"
  oci delete --force "$id"
  : >"$HEARD"
  # Here the runtime stays, and is the service's process.
  program sh -c '/say "$(printf "X=1\nREADY=1")" -barrier || exit 8
    i=0; while [ $i -lt 20 ]; do /say WATCHDOG=1 || exit 9; i=$((i + 1)); done; exit 7'
  run_oci 7 run --bundle "$bundle" "$id"
  wait_until 10 grep -q READY "$HEARD"
  heard READY=1
  : >"$HEARD"
  change '.process.terminal = true'
  run in_terminal '' "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id"
  assert_equal "$status" 7
  wait_until 10 grep -q READY "$HEARD"
}

@test "every user of the container can say it" {
  ready '/say READY=1; id -u'
  touch "$bundle/go"
  change '.process.user = {uid: 0, gid: 0}'
  # More ids than one are there for root only.
  ! is_root || change '.process.user = {uid: 1000, gid: 1000}'
  (umask 077; oci run --detach --bundle "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&-)
  heard "$(printf 'READY=1\nMAINPID=%s\nBARRIER=1' "$(pid_of)")"
}

@test "a program that ends, or is killed, before it is ready keeps nobody waiting" {
  program sh -c 'exit 3'
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  oci start "$id"
  [ ! -s "$HEARD" ]
  oci delete --force "$id"
  program sleep "$nap"
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  oci start "$id" 3>&- &
  local start=$!
  wait_until 10 status_is running
  oci kill "$id" KILL
  wait "$start"
  oci delete --force "$id"
  # The one that waits is killed: the container goes on.
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  "$RUNTIME" --root "$OCI_ROOT" start "$id" 3>&- &
  start=$!
  wait_until 10 status_is running
  kill -9 "$start"
  status_is running
}

@test "what a program says without end, or at length, reaches nobody" {
  ready '/say "$(head -c 6000 /dev/zero | tr "\0" x)" "$(printf "READY=1%%4097s" "")" READY=10 "XREADY=1" "READY=1 " ""
    i=0; while [ $i -lt 200 ]; do /say "STATUS=$i"; i=$((i + 1)); done; /say READY=1'
  touch "$bundle/go"
  oci run --detach --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  heard "$(printf 'READY=1\nMAINPID=%s\nBARRIER=1' "$(pid_of)")"
}

# bats test_tags=root
@test "what is said without end by those who outlive the program keeps nobody waiting" {
  change '.linux.namespaces |= map(select(.type != "pid"))'
  program sh -c 'for i in 1 2 3; do (while :; do /say X=1; done) & done; sleep 0.2; exit 3'
  run timeout 30 "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id" </dev/null >/dev/null 2>&1 3>&-
  assert_equal "$status" 3
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  timeout 30 "$RUNTIME" --root "$OCI_ROOT" start "$id"
  [ ! -s "$HEARD" ]
  oci delete --force "$id"
}

@test "the directory of the socket is read-only inside, and holds nothing else" {
  ready 'ls -A /run/notify; touch /run/notify/x; rm /run/notify/notify.sock; /say READY=1'
  touch "$bundle/go"
  oci run --detach --bundle "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&-
  assert_equal "$(head -n 1 "$bundle/out")" notify.sock
  assert_equal "$(grep -c 'Read-only file system' "$bundle/out")" 2
}

@test "a container that turns its socket into a link gets the mode of no other file changed" {
  program sleep "$nap"
  echo x >"$bundle/prize"
  chmod 600 "$bundle/prize"
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  ln -s "$bundle/prize" "$OCI_ROOT/$id/notify/notify.sock"
  oci start "$id" 3>&- &
  wait_until 10 test -S "$OCI_ROOT/$id/notify/notify.sock"
  oci kill "$id" KILL
  wait $!
  assert_equal "$(stat -c %a "$bundle/prize")" 600
  assert_equal "$(cat "$bundle/prize")" x
}

@test "an engine that has seen to it itself, and nobody who listens" {
  program sh -c 'echo "$NOTIFY_SOCKET"; grep -c /run/notify /proc/self/mountinfo'
  change '.process.env += ["NOTIFY_SOCKET=/of/the/engine"]'
  run oci run --bundle "$bundle" "$id"
  assert_equal "$output" $'/of/the/engine\n0'
  change '.process.env -= ["NOTIFY_SOCKET=/of/the/engine"]'
  kill "$MANAGER"
  wait "$MANAGER" || true
  program sh -c '/say READY=1; exit 4'
  run_oci 4 run --bundle "$bundle" "$id"
  rm "$NOTIFY_SOCKET"
  run_oci 0 run --detach --bundle "$bundle" "$id"
  unset NOTIFY_SOCKET
  oci delete --force "$id"
  program sh -c 'echo "[$NOTIFY_SOCKET]"; grep -c /run/notify /proc/self/mountinfo'
  run oci run --bundle "$bundle" "$id"
  assert_equal "$output" $'[]\n0'
}
