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
