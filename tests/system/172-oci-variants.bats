#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json in all its variants under coracle-oci, crun and runc: what a program inside sees, what commands answer, and
# what comes of configurations that make no sense. tests/oci-variants has the configurations, and the known differences.
load helpers

setup_file() {
  export PROBE=$BATS_FILE_TMPDIR/probe VARIANTS=$BATS_TEST_DIRNAME/../oci-variants
  cc -O1 -static -o "$PROBE" "$VARIANTS/probe.c"
  # Where bats has its files an ordinary user of a namespace cannot look.
  export WORK
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/coracle-variants.XXXXXX")
  chmod 0755 "$WORK" "$PROBE"
}
teardown_file() {
  local leaks
  leaks=$(pgrep -u "$(id -u)" -f -a "$WORK" || true)
  rm -rf "$WORK"
  [ -z "$leaks" ] || { printf '# left running: %s\n' "$leaks" >&2; return 1; }
}

teardown() {
  local id
  [ ! -e "$WORK/states" ] || for id in $(coracle oci list -q --root "$WORK/states"); do
    coracle oci delete --force --root "$WORK/states" "$id"
  done
  [ -z "${group-}" ] || remove_group_of_test
}

# compare PART: as this user. Root has namespaces of its own, in which mounts are shared, and control groups only of v1:
# crun takes no mixture.
compare() {
  local work=$WORK/$1 within=()
  mkdir -p "$work"
  ! is_root || within=(unshare --mount --propagation private --net bash -c '
    ip link set lo up
    [ ! -e /sys/fs/cgroup/unified ] || umount /sys/fs/cgroup/unified
    mount -t tmpfs tmpfs "$0" && mount --make-shared "$0" && chmod 0755 "$0" && exec "$@"' "$work")
  run timeout --kill-after=5 400 "${within[@]}" python3 "$VARIANTS/compare.py" --coracle "$CORACLE" --probe "$PROBE" \
    --work "$work" "$1"
  [ "$status" -eq 0 ] || { printf '%s\n' "$output" >&2; return 1; }
  # How many there were, for who reads the report.
  printf '# %s: %s\n' "$1" "${lines[-1]}" >&3
}

needs_peers() {
  local name version
  for name in crun runc; do
    version=$(jq -r ".versions.$name" "$VARIANTS/differences.json")
    PATH=$PATH:/usr/sbin:/sbin "$name" --version 2>/dev/null | grep -q "version $version" \
      || skip "$name $version, which the table of differences is about, is not installed"
  done
  ! is_root || [ ! -e /sys/fs/cgroup/cgroup.controllers ] || skip 'the table is about control groups v1'
}

@test "what containers see" {
  needs_peers
  is_root || [ -z "${DELEGATED+set}" ] || skip 'the table is about users without control groups (they have none with vfs)'
  is_root || [ "$STORAGE_DRIVER" != fuse-overlayfs ] || skip 'bundles have no storage driver (compared with vfs)'
  compare configurations
  assert_output '[0-9]{3} under coracle, crun, runc: .* 0 of them not listed; 0 other failures'
}

# What the test has made, and what it had the root of all groups hand on.
remove_group_of_test() {
  local pid
  find "$group" -name cgroup.procs -exec cat {} + | while read -r pid; do kill -KILL "$pid"; done || true
  wait_until 5 find "$group" -depth -type d -exec rmdir {} + || true
  [ -n "$had" ] || echo -hugetlb >"${group%/*}/cgroup.subtree_control" || true
}

# Of what is in the root of all groups crun may kill everything: that of this test is a group of its own.
# bats test_tags=root
@test "what containers see of control groups v2" {
  needs_peers
  local top=/sys/fs/cgroup/unified
  grep -qw hugetlb "$top/cgroup.controllers" 2>/dev/null || skip 'no control groups v2 with a controller beside those of v1'
  had=$(grep -ow hugetlb "$top/cgroup.subtree_control" || true)
  group=$top/coracle-variants-$$
  mkdir "$group"
  echo +hugetlb >"$top/cgroup.subtree_control"
  mkdir "$WORK/unified"
  run bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" timeout --kill-after=5 240 \
    unshare --cgroup --mount --propagation private --net bash -c '
      ip link set lo up
      mount -t cgroup2 cgroup2 /sys/fs/cgroup && mkdir /sys/fs/cgroup/session || exit
      for pid in $(cat /sys/fs/cgroup/cgroup.procs); do echo $pid >/sys/fs/cgroup/session/cgroup.procs 2>/dev/null; done
      mount -t tmpfs tmpfs "$0" && mount --make-shared "$0" && chmod 0755 "$0" && exec "$@"' "$WORK/unified" \
    python3 "$VARIANTS/compare.py" --coracle "$CORACLE" --probe "$PROBE" --work "$WORK/unified" \
    --only 'resources|cgroup|namespaces' configurations
  [ "$status" -eq 0 ] || { printf '%s\n' "$output" >&2; return 1; }
  printf '# control groups v2: %s\n' "${lines[-1]}" >&3
}

@test "what commands answer" {
  needs_peers
  compare verbs
}

@test "configurations that make no sense" {
  compare hostile
  assert_output '300 '
}

# make_bundle PROGRAM…: in $bundle, with the runtime's own example of a configuration.
make_bundle() {
  bundle=$WORK/bundle states=$WORK/states
  rm -rf "$bundle"
  mkdir -p "$bundle"
  make_rootfs "$bundle/rootfs"
  (cd "$bundle" && coracle oci spec $(is_root || echo --rootless))
  change '.process.args = $words | .process.terminal = false' --argjson words "$(jq -nc '$ARGS.positional' --args -- "$@")"
}
change() {
  jq "${@:2}" "$1" "$bundle/config.json" >"$bundle/new.json"
  mv "$bundle/new.json" "$bundle/config.json"
}
oci() { coracle oci "${@:1:1}" --root "$states" "${@:2}"; }

@test "a process that joins has a home and a working directory, too" {
  make_bundle sleep 1000
  change '.process.env = ["PATH=/bin", "A=b", "A=c"] | .process.cwd = "/not/there/yet"'
  oci create --bundle "$bundle" joined >/dev/null 2>&1 </dev/null 3>&-
  oci start joined
  run oci exec joined sh -c 'echo $HOME $A; pwd'
  assert_equal "$output" '/root c
/not/there/yet'
}

# bats test_tags=root
@test "a process that joins as another user has that one's home, and no device is opened to find it" {
  make_bundle sleep 1000
  printf 'root:x:0:0::/root:/bin/sh\nworker:x:1000:1000::/home/worker:/bin/sh\n' >"$bundle/rootfs/etc/passwd"
  oci create --bundle "$bundle" joined >/dev/null 2>&1 </dev/null 3>&-
  oci start joined
  run oci exec --user 1000 joined sh -c 'echo $HOME'
  assert_equal "$output" /home/worker
  # Whoever opens it for reading waits for somebody who writes, or reads without end.
  rm "$bundle/rootfs/etc/passwd"
  mknod "$bundle/rootfs/etc/passwd" c 1 5
  run strace -f -y -o "$WORK/calls" "$CORACLE" oci exec --root "$states" joined sh -c 'echo $HOME'
  assert_equal "$output" /
  grep -q passwd "$WORK/calls"
  run -1 grep -E 'read\([^,]*passwd' "$WORK/calls"
  rm "$bundle/rootfs/etc/passwd"
}

# bats test_tags=root
@test "containers that are made at once below a new control group" {
  local round number codes
  make_bundle true
  # As somebody leaves it who has made it and not yet written to it.
  [ ! -e /sys/fs/cgroup/cpuset ] || mkdir "/sys/fs/cgroup/cpuset/coracle-variants-$$-1"
  for round in 1 2 3; do
    rm -f "$WORK"/code.*
    for number in 1 2 3 4 5 6; do
      mkdir "$WORK/at-once-$number"
      jq --arg root "$bundle/rootfs" --arg group "/coracle-variants-$$-$round/$number" \
        '.root.path = $root | .linux.cgroupsPath = $group' "$bundle/config.json" >"$WORK/at-once-$number/config.json"
      {
        oci run --bundle "$WORK/at-once-$number" "once$number" >"$WORK/output.$number" 2>&1 </dev/null 3>&- && echo 0 || echo 1
      } >"$WORK/code.$number" &
    done
    wait
    codes=$(cat "$WORK"/code.* | tr '\n' ' ')
    rm -rf "$WORK"/at-once-*
    find /sys/fs/cgroup -maxdepth 3 -type d -name "coracle-variants-$$-$round" -exec rmdir {} + 2>/dev/null || true
    assert_equal "$codes" '0 0 0 0 0 0 ' || { cat "$WORK"/output.* >&2; return 1; }
  done
}

# bats test_tags=root
@test "what is mounted inside does not appear outside" {
  make_bundle sh -c 'mkdir /mnt/new && mount -t tmpfs tmpfs /mnt/new && touch /mnt/new/file && ls /mnt/new'
  change '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])
    | .mounts += [{destination: "/mnt", type: "bind", source: $source, options: ["rbind"]}]' --arg source "$WORK/shared"
  mkdir -p "$WORK/shared"
  run unshare --mount --propagation private bash -c '
    mount --bind "$0" "$0" && mount --make-shared "$0"
    "$@"; echo "code $?"
    ls "$0/new"; grep -c "$0" /proc/self/mountinfo' "$WORK/shared" "$CORACLE" oci run --root "$states" --bundle "$bundle" inside
  assert_equal "$output" 'file
code 0
1'
}

# bats test_tags=root
@test "a /dev of the host stays as it is" {
  make_bundle sh -c 'ls /dev'
  mkdir "$WORK/dev"
  mknod -m 0600 "$WORK/dev/null" c 1 3
  change '.mounts |= (map(select(.destination | startswith("/dev") | not))
    + [{destination: "/dev", type: "bind", source: $source, options: ["rbind"]}])' --arg source "$WORK/dev"
  run oci run --bundle "$bundle" inside
  assert_equal "$output" null
  assert_equal "$(stat -c '%a %n' "$WORK"/dev/*)" "600 $WORK/dev/null"
  rm -r "$WORK/dev"
}
