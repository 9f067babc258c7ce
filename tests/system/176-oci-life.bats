#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# coracle-oci where several have a hand in a container, or in what is to become one.
load helpers
load bundles

setup_file() { begin_bundles; }
teardown_file() { end_bundles; }
setup() { make_bundle; }
teardown() {
  local place
  for place in "${groups[@]}"; do
    echo THAWED >"$place/freezer.state" || true
    echo 0 >"$place/cgroup.freeze" || true
    rmdir "$place" || true
  done 2>/dev/null
  remove_bundles
}

@test "run leaves alone what somebody has made since by its container's name" {
  program sleep "$nap"
  "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&- &
  local run=$!
  wait_until 10 status_is running
  kill -STOP "$run"
  oci delete --force "$id"
  oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
  kill -CONT "$run"
  # Its own program was killed.
  local code=0
  wait "$run" || code=$?
  assert_equal "$code" 137
  status_is created
  oci start "$id"
  status_is running
}

# bats test_tags=root
@test "a control group that is frozen gets no container, and stays" {
  local name=coracle-frozen-$RANDOM place
  groups=()
  for place in /sys/fs/cgroup/freezer /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -e "$place/cgroup.procs" ] || continue
    mkdir "$place/$name"
    groups+=("$place/$name")
    if [ -e "$place/$name/freezer.state" ]; then echo FROZEN >"$place/$name/freezer.state"; else echo 1 >"$place/$name/cgroup.freeze"; fi
  done
  change '.linux.cgroupsPath = $path' --arg path "/$name"
  program true
  run timeout 20 "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id"
  assert_equal "$status" 1
  assert_output "/$name' for container '$id' is frozen"
  assert_equal "$(oci list -q)" ''
  # Nothing was made beside it.
  assert_equal "$(find /sys/fs/cgroup -name "$name" | sort)" "$(printf '%s\n' "${groups[@]}" | sort)"
  for place in "${groups[@]}"; do
    [ -d "$place" ]
    if [ -e "$place/freezer.state" ]; then echo THAWED >"$place/freezer.state"; else echo 0 >"$place/cgroup.freeze"; fi
  done
  run_oci 0 run --bundle "$bundle" "$id"
}

@test "a handler that is not there is said, other annotations of crun's are let through" {
  program echo runs
  change '.annotations = {"run.oci.handler": "wasm"}'
  run_oci 1 run --bundle "$bundle" "$id"
  assert_output "'wasm' of the annotation run.oci.handler"
  assert_equal "$(oci list -q)" ''
  change '.annotations = {"run.oci.systemd.subgroup": "", "run.oci.mount_context_type": "context", "run.oci.hooks.stdout": "/dev/null"}'
  run_oci 0 run --bundle "$bundle" "$id"
  assert_equal "$output" runs
}

@test "the caller's mask of modes stays outside" {
  program sh -c umask
  umask 077
  run_oci 0 run --bundle "$bundle" "$id"
  assert_equal "$output" 0022
  program sleep 1000
  change '.process.user.umask = 23'
  begin
  run_oci 0 exec "$id" sh -c umask
  assert_equal "$output" 0027
  oci delete --force "$id"
}

@test "run passes on whatever signal it gets" {
  program sh -c 'for s in 14 30 37 64; do trap "echo got $s" $s; done; echo ready; while :; do sleep 0.1; done'
  "$RUNTIME" --root "$OCI_ROOT" run --bundle "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&- &
  local run=$! number
  wait_until 5 grep -q ready "$bundle/out"
  for number in 14 30 37 64; do
    kill -$number $run
    wait_until 5 grep -q "got $number" "$bundle/out"
  done
  oci delete --force "$id"
  wait $run || true
}

@test "a container that waits for its start ends when it is told to" {
  local signal
  program sleep 1000
  for signal in TERM INT HUP QUIT; do
    oci create --bundle "$bundle" "$id" >/dev/null 2>&1 </dev/null 3>&-
    oci kill "$id" $signal
    wait_until 5 status_is stopped
    oci delete "$id"
  done
}

@test "hooks get a long state whole, and a pid file is there when it is complete" {
  cat >"$bundle/hook" <<END
#!/bin/sh
cat >"$bundle/\$1.state"
[ ! -e "$bundle/pid" ] || echo early >"$bundle/early"
END
  chmod +x "$bundle/hook"
  change '.annotations.long = ("x" * 300000) | .hooks.createRuntime = [{path: $hook, args: ["hook", "runtime"]}] |
    .hooks.poststop = [{path: $hook, args: ["hook", "stop"]}]' --arg hook "$bundle/hook"
  program true
  oci create --bundle "$bundle" --pid-file "$bundle/pid" "$id" >/dev/null 2>&1 </dev/null 3>&-
  [ ! -e "$bundle/early" ]
  assert_equal "$(cat "$bundle/pid")" "$(pid_of)"
  oci delete "$id"
  local when
  for when in runtime stop; do
    assert_equal "$(jq '.annotations.long | length' "$bundle/$when.state")" 300000
  done
  # Nothing but the file itself is left beside it.
  run ls "$bundle"
  refute_output tmp
}

# bats test_tags=root
@test "groups below a container's, deeper than a path is long, go with it" {
  local name=coracle-deep-$RANDOM place long i
  change '.linux.cgroupsPath = $path' --arg path "/$name"
  program sleep 1000
  begin
  for place in /sys/fs/cgroup/$name /sys/fs/cgroup/*/$name; do
    [ -e "$place/cgroup.procs" ] && break
  done
  long=$(printf 'x%.0s' {1..200})
  (cd "$place" && for i in {1..25}; do mkdir "$long" && cd "$long"; done)
  oci delete --force "$id"
  [ ! -e "$place" ]
}
