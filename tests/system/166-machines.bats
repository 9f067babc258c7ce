#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Machines that allow little: what is missing is found out, the best remaining way is taken, and system doctor tells.
load helpers

setup_file() { setup_store; }
teardown_file() { teardown_store; }
teardown() { remove_containers; }

rung() { coracle --log-level error system doctor --format '{{.Rung}}' || true; }
# check NAME FIELD: of what the doctor has looked at.
check() {
  coracle --log-level error system doctor --format json >"$BATS_TEST_TMPDIR/doctor" || true
  python3 -c '
import json, sys
print(next(c for c in json.load(open(sys.argv[1]))["Checks"] if c["Name"] == sys.argv[2])[sys.argv[3]])' \
    "$BATS_TEST_TMPDIR/doctor" "$@"
}
# as_root_of_namespace COMMAND...: with the one id that an ordinary user has; a store of its own.
as_root_of_namespace() {
  CORACLE_ROOT=$BATS_TEST_TMPDIR/inner CORACLE_RUNROOT=$BATS_TEST_TMPDIR/inner-run \
    timeout --kill-after=5 120 unshare --user --map-root-user --mount "$@"
}

# --- The doctor.

@test "the doctor names the rung and has a line for each thing" {
  run_coracle 0 system doctor
  is_root && assert_output 'ok +rung: root' || assert_output 'ok +rung: subordinate-ids'
  has_line 'ok +kernel: .*'
  has_line 'ok +user-namespaces: .*'
  run_coracle 0 system doctor --format json
  python3 -c 'import json, sys; d = json.loads(sys.argv[1]); assert d["Usable"] and all(c["Status"] in ("ok", "limited", "missing") and c["Detail"] for c in d["Checks"]) and all(c["Fix"] for c in d["Checks"] if c["Status"] != "ok")' "$output"
  run_coracle 0 info --format '{{.Host.Security.Rung}}'
  assert_equal "$output" "$(rung)"
  run_coracle 125 system doctor now
}

# bats test_tags=user
@test "with helpers that have no rights one id serves, and the doctor knows why" {
  mkdir "$BATS_TEST_TMPDIR/refusing"
  printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/refusing/newuidmap"
  chmod 755 "$BATS_TEST_TMPDIR/refusing/newuidmap"
  PATH=$BATS_TEST_TMPDIR/refusing:$PATH run_coracle 0 system doctor
  assert_output 'missing +newuidmap: .* is neither setuid root nor has it capabilities'
  assert_output 'setcap cap_setuid.ep'
  has_line 'ok +rung: single-id: .*'
  # What has been made with many ids is not worked on with one.
  assert_output 'missing +store: .* belong to several ids'
  PATH=$BATS_TEST_TMPDIR/refusing:$PATH run_coracle 125 run --rm --network=none base true
  assert_output 'belong to several ids, of which only one can be used now'
  export CORACLE_ROOT=$BATS_TEST_TMPDIR/other
  PATH=$BATS_TEST_TMPDIR/refusing:$PATH run_coracle 0 import "$BATS_FILE_TMPDIR/base.tar" base
  PATH=$BATS_TEST_TMPDIR/refusing:$PATH run_coracle 0 run -d --network=none --name one base sleep 1000
  # By what the container has, whatever could be made now.
  run_coracle 0 exec one sh -c 'chown 33 /etc/motd && id -u'
  assert_output '^0$'
  PATH=$BATS_TEST_TMPDIR/refusing:$PATH run_coracle 0 system reset --force
}

# bats test_tags=root
@test "root emulation that is always wanted is for root alone" {
  run_coracle 0 run --rm --network=none --security-opt root-emulation=always --user 1000:1000 base \
    sh -c 'id -u; id -G; grep CapEff /proc/self/status'
  assert_output '^1000
1000
CapEff:	0+$'
  run_coracle 0 run --rm --network=none --security-opt root-emulation=always base sh -c 'chown 33 /etc/motd; stat -c %u /etc/motd'
  assert_output '^0$'
}

# bats test_tags=root
@test "a user whom no file grants ids has one, and is told the command" {
  local user=12345
  mkdir -m 777 "$BATS_TEST_TMPDIR/place"
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" 2>/dev/null
  cp "$BATS_FILE_TMPDIR/base.tar" "$BATS_TEST_TMPDIR/place/base.tar"
  cat >"$BATS_TEST_TMPDIR/place/script" <<'END'
set -e
# Without HOME, XDG_RUNTIME_DIR and an entry in /etc/passwd; only /tmp and /var/tmp are there.
$CORACLE import "$PLACE/base.tar" base 2>&1
$CORACLE run --rm --network none base id -u 2>&1
printf 'FROM base\nRUN chown 33:33 /etc/motd\n' >"$PLACE/Containerfile"
$CORACLE build -q --network none -t built "$PLACE" 2>&1
$CORACLE system doctor 2>&1
$CORACLE system reset --force 2>&1
END
  run timeout 120 setpriv --reuid $user --regid $user --clear-groups env -i PATH="$PATH" CORACLE="$CORACLE" \
    PLACE="$BATS_TEST_TMPDIR/place" sh "$BATS_TEST_TMPDIR/place/script"
  rm -rf /var/tmp/coracle-$user /tmp/coracle-run-$user
  ended_with 0
  assert_output "no home directory is known .HOME.: images and containers are kept in '/var/tmp/coracle-$user'"
  assert_output 'no subordinate ids are granted'
  has_line 0
  assert_output "missing +subordinate-ids: /etc/subuid grants $user 0 uids"
  # A range that is nobody's.
  assert_output "echo $user:([0-9]+):65536 . sudo tee -a /etc/subuid /etc/subgid"
  refute grep -qE ":${BASH_REMATCH[1]}:" /etc/subuid /etc/subgid
  assert_output 'rung: single-id'
}

# bats test_tags=root
@test "helpers that refuse after all leave one id" {
  local user=12346
  mkdir -m 755 "$BATS_TEST_TMPDIR/helpers"
  mkdir -m 777 "$BATS_TEST_TMPDIR/place"
  printf '#!/bin/sh\necho not today >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/helpers/newuidmap"
  chmod 4755 "$BATS_TEST_TMPDIR/helpers/newuidmap"
  ln -s newuidmap "$BATS_TEST_TMPDIR/helpers/newgidmap"
  printf '%s:%s:65536\n' $user 900000000 >"$BATS_TEST_TMPDIR/subids"
  cp "$BATS_FILE_TMPDIR/base.tar" "$BATS_TEST_TMPDIR/place/base.tar"
  run timeout 120 unshare --mount sh -ec '
    mount --bind "$1/subids" /etc/subuid
    mount --bind "$1/subids" /etc/subgid
    exec setpriv --reuid '$user' --regid '$user' --clear-groups env -i PATH="$1/helpers:$PATH" HOME="$1/place" \
      CORACLE_RUNROOT="$1/place/run" sh -ec "$CORACLE import $1/place/base.tar base
        $CORACLE run --rm --network none base cat /proc/self/uid_map
        $CORACLE system doctor
        $CORACLE system reset --force"' sh "$BATS_TEST_TMPDIR"
  ended_with 0
  assert_output 'only one id can be used: newuidmap refused .*: not today'
  assert_output "0 +$user +1"
  assert_output 'missing +id-maps: newuidmap refused .*: not today'
  has_line 'ok +rung: single-id: .*'
}

# --- Where the store is.

# bats test_tags=user
@test "a home that cannot be written is told, and another place taken" {
  local place=/var/tmp/coracle-$(id -u)
  [ ! -e "$place" ] || skip "$place is there already"
  unset CORACLE_ROOT
  HOME=/proc XDG_DATA_HOME='' run_coracle 0 info --format '{{.Store.GraphRoot}}'
  assert_output "'/proc/.local/share/coracle' cannot be written: images and containers are kept in '$place'"
  assert_equal "$(stat -c %a:%u "$place")" "700:$(id -u)"
  # What others could have put there is not taken.
  rm -rf "$place"
  ln -s "$BATS_TEST_TMPDIR" "$place"
  HOME=/proc XDG_DATA_HOME='' run_coracle 125 images
  rm -f "$place"
  assert_output 'is not a private directory of this user'
  mkdir -m 755 "$place"
  HOME=/proc XDG_DATA_HOME='' run_coracle 125 images
  rmdir "$place"
  assert_output 'is not a private directory of this user'
}

# --- Root of a namespace.

# bats test_tags=user
@test "root of a namespace with one id runs and builds" {
  run as_root_of_namespace sh -ec '
    "$CORACLE" import "$0" base
    "$CORACLE" system doctor --format "{{.Rung}}"
    "$CORACLE" run --rm --network none base sh -c "chown 33:33 /etc/motd && id -u"
    printf "FROM base\nRUN chown 33:33 /etc/motd\n" | "$CORACLE" build -q --network none -t built -
    "$CORACLE" system reset --force' "$BATS_FILE_TMPDIR/base.tar"
  ended_with 0
  assert_output 'single-id'
  has_line 0
}

# bats test_tags=user
@test "where no further namespace is allowed, that which is there serves, or the error says who refuses" {
  as_root_of_namespace "$CORACLE" import "$BATS_FILE_TMPDIR/base.tar" base
  run as_root_of_namespace sh -ec '
    echo 0 >/proc/sys/user/max_user_namespaces
    "$CORACLE" run --rm --network none base sh -c "chown 33:33 /etc/motd && id -u"'
  ended_with 0
  has_line 0
  run as_root_of_namespace sh -c '
    echo 0 >/proc/sys/user/max_user_namespaces
    exec setpriv --bounding-set -sys_admin,-sys_chroot --inh-caps -all "$CORACLE" run --rm base true'
  ended_with 125
  assert_output 'user.max_user_namespaces is 0'
  assert_output 'sysctl -w user.max_user_namespaces='
  run as_root_of_namespace sh -c '
    echo 0 >/proc/sys/user/max_user_namespaces
    exec setpriv --bounding-set -sys_admin,-sys_chroot --inh-caps -all "$CORACLE" system doctor'
  ended_with 1
  assert_output 'missing +user-namespaces: user.max_user_namespaces is 0'
  assert_output 'missing +rung: none'
  as_root_of_namespace "$CORACLE" system reset --force
}

# --- In a container around.

# inner OPTION... -- COMMAND...: the binary in a container of ours, with /tmp alone to write to.
inner() {
  local options=() taken
  take_binary
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  coracle --log-level error run --rm --network none "${taken[@]}" -v "$BATS_FILE_TMPDIR/base.tar:/base.tar:ro" \
    --read-only "${options[@]}" base "$@"
}

@test "docker's filter around refuses, and that is said" {
  local filter=seccomp=$BATS_TEST_DIRNAME/../data/runtime/docker-default.json
  run inner --user 1000 --security-opt "$filter" -- sh -c '/coracle import /base.tar base; /coracle run --rm base true'
  ended_with 125
  assert_output 'a seccomp filter, such as that of a container around this one'
  assert_output 'seccomp=unconfined'
  refute_output 'only one id can be used: cannot'
  run inner --user 1000 --security-opt "$filter" -- sh -c '/coracle system doctor'
  ended_with 1
  assert_output 'missing +user-namespaces: a seccomp filter'
  assert_output 'missing +rung: none'
}

@test "as an unknown user in a container around, without devices, groups and a home" {
  # podman's filter allows namespaces, and no host name.
  run inner --user 12345 --security-opt "seccomp=$BATS_TEST_DIRNAME/../data/runtime/podman-default.json" -- sh -ec '
    /coracle import /base.tar base
    /coracle run --rm base sh -c "chown 33:33 /etc/motd && id -u && cat /proc/self/comm"
    printf "FROM base\nRUN chown 33:33 /etc/motd && mkdir /made\n" | /coracle build -q -t built -
    /coracle run --rm built ls -d /made
    /coracle system doctor'
  ended_with 0
  has_line 0
  has_line cat
  assert_output '/made'
  assert_output 'rung: single-id'
}

@test "as root in a container around all of its ids serve" {
  run inner --security-opt seccomp=unconfined -- sh -ec '
    /coracle import /base.tar base
    /coracle run --rm base sh -c "chown 33:33 /etc/motd && stat -c %u /etc/motd"
    /coracle system doctor'
  ended_with 0
  has_line 33
  assert_output 'rung: inherited-namespace'
}
