#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Commands that are killed, or refused by the kernel, at every n-th file-system call: what was there
# before stays intact, and the next commands repair what is left.
load helpers

# The calls that are counted, each process by itself.
CALLS=%file,write,ftruncate,mount,fsync

setup_file() {
  setup_store
  export BEFORE
  BEFORE=$(count_processes)
  export ARCHIVE=$BATS_FILE_TMPDIR/image.tar
  coracle save -q -o "$ARCHIVE" base
  coracle run --name source --network=none base sh -c 'echo x > /x'
  # A traced process cannot use setuid helpers; with this one running nobody needs them.
  coracle run -d --name keeper --network=none base sleep 10000
}
teardown_file() { teardown_store; }

# inject FAULT COMMAND...: runs a command in which strace does FAULT ("signal=KILL:when=7").
inject() {
  local fault=$1
  shift
  # In a shell of its own, which then tells of the kill instead of ours.
  ( timeout --kill-after=5 30 strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace="$CALLS" \
    -e inject="$CALLS:$fault" "$CORACLE" "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 ) 2>/dev/null
}

# kill_throughout TIMES COMMAND...: kills the command at TIMES different calls, from the first to the
# last. Before each round it runs the function `prepare` where there is one.
kill_throughout() {
  local times=$1 calls round
  shift
  "${PREPARE:-true}" >/dev/null 2>&1
  strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace="$CALLS" "$CORACLE" "$@" >/dev/null 2>&1
  # The calls of the process that makes most.
  calls=$(awk '{ n[$1]++ } END { for (p in n) if (n[p] > m) m = n[p]; print m }' "$BATS_TEST_TMPDIR/trace")
  [ "$calls" -gt 10 ]
  for round in $(seq "$times"); do
    "${PREPARE:-true}" >/dev/null 2>&1 || true
    inject "signal=KILL:when=$((1 + (calls - 1) * (round - 1) / times))" "$@" || true
  done
}

on_fuse() { [ "$STORAGE_DRIVER" == fuse-overlayfs ]; }

# The keeper's monitor has the name of the binary in its command line, as clients have. What ran before these tests
# is not theirs.
count_processes() { pgrep -f -c "^$CORACLE " -u "$(id -u)" || true; }
only_the_keeper_runs() { [ "$(count_processes)" -le $((BEFORE + 1)) ]; }

# What every test ends with: no process, mount or name is left, and what was there works.
assert_intact() {
  coracle rm -f -t 0 victim >/dev/null 2>&1 || true
  run_coracle 0 system check --repair
  run_coracle 0 system check
  run_coracle 0 run --rm --name victim --network=none base cat /etc/motd
  assert_equal "$output" "from the image"
  run_coracle 0 diff source
  assert_output 'A /x'
  run_coracle 0 exec keeper true
  run_coracle 0 ps -a --format '{{.Names}}' --sort names
  assert_equal "$output" "$(printf 'keeper\nsource')"
  wait_until 5 only_the_keeper_runs || { pgrep -f -a "^$CORACLE " >&2; return 1; }
}

@test "import, killed at every n-th call" {
  kill_throughout 50 import -q "$BATS_FILE_TMPDIR/base.tar" victim-image
  coracle rmi -f victim-image >/dev/null 2>&1 || true
  assert_intact
}

@test "load, killed at every n-th call" {
  # Into a store that has the image, and into one that has not.
  kill_throughout 25 load -q -i "$ARCHIVE"
  local root=$CORACLE_ROOT
  export CORACLE_ROOT=$BATS_TEST_TMPDIR/root
  kill_throughout 25 load -q -i "$ARCHIVE"
  run_coracle 0 system check --repair
  run_coracle 0 system check
  run_coracle 0 load -q -i "$ARCHIVE"
  run_coracle 0 run --rm --network=none base cat /etc/motd
  coracle rmi -a -f
  export CORACLE_ROOT=$root
  assert_intact
}

@test "run, killed at every n-th call" {
  if on_fuse; then skip "strace waits for the FUSE daemon, which waits for strace"; fi
  kill_throughout 30 run --rm --name victim --replace --network=none base true
  kill_throughout 30 run -d --name victim --replace --network=none base sleep 0.1
  assert_intact
}

@test "commit, killed at every n-th call" {
  kill_throughout 50 commit -q source victim-image
  coracle rmi -f victim-image >/dev/null 2>&1 || true
  assert_intact
}

@test "rm, killed at every n-th call" {
  prepare() { "$CORACLE" create --name victim --network=none base true; }
  PREPARE=prepare kill_throughout 25 rm -f -t 0 victim
  coracle rm -f -t 0 victim
  prepare() { "$CORACLE" run -d --name victim --network=none base sleep 100; }
  PREPARE=prepare kill_throughout 25 rm -f -t 0 victim
  assert_intact
}

@test "rmi, killed at every n-th call" {
  prepare() { "$CORACLE" import -q "$BATS_TEST_TMPDIR/other.tar" victim-image; }
  mkdir "$BATS_TEST_TMPDIR/other"
  echo other > "$BATS_TEST_TMPDIR/other/file"
  tar -C "$BATS_TEST_TMPDIR/other" -cf "$BATS_TEST_TMPDIR/other.tar" .
  PREPARE=prepare kill_throughout 50 rmi -f victim-image
  coracle rmi -f victim-image >/dev/null 2>&1 || true
  assert_intact
}

@test "volume import, killed at every n-th call" {
  mkdir -p "$BATS_TEST_TMPDIR/files/sub"
  seq 20000 >"$BATS_TEST_TMPDIR/files/sub/numbers"
  echo first >"$BATS_TEST_TMPDIR/files/a"
  tar -C "$BATS_TEST_TMPDIR/files" -cf "$BATS_TEST_TMPDIR/files.tar" .
  prepare() { "$CORACLE" volume rm -f filled; "$CORACLE" volume create filled; }
  PREPARE=prepare kill_throughout 25 volume import filled "$BATS_TEST_TMPDIR/files.tar"
  # The same once more makes it whole, over what is there.
  run_coracle 0 volume import filled "$BATS_TEST_TMPDIR/files.tar"
  run_coracle 0 run --rm --network=none -v filled:/data base sh -c 'cat /data/a; tail -n 1 /data/sub/numbers'
  assert_equal "$output" $'first\n20000'
  run_coracle 0 volume rm filled
  assert_intact
}

@test "imports whose archive never ends, killed" {
  local import
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  coracle volume create filled >/dev/null
  for import in 'volume import filled' 'import -q'; do
    # shellcheck disable=SC2086
    "$CORACLE" $import - <"$BATS_TEST_TMPDIR/pipe" >/dev/null 2>&1 3>&- &
    local importer=$!
    exec 7>"$BATS_TEST_TMPDIR/pipe"
    head -c 100000 "$BATS_FILE_TMPDIR/base.tar" >&7
    # It has taken some of it.
    wait_until 10 python3 -c '
import fcntl, struct, sys, termios
sys.exit(struct.unpack("i", fcntl.ioctl(7, termios.FIONREAD, bytes(4)))[0] != 0)'
    kill -KILL $importer
    wait $importer || true
    exec 7>&-
  done
  # The volume is held by nobody.
  run_coracle 0 volume import filled "$BATS_FILE_TMPDIR/base.tar"
  run_coracle 0 run --rm --network=none -v filled:/data base cat /data/etc/motd
  assert_equal "$output" 'from the image'
  run_coracle 0 volume rm filled
  assert_intact
}

@test "network connect and disconnect, killed at every n-th call" {
  coracle network create --internal one >/dev/null
  coracle network create --internal two >/dev/null
  coracle run -d --name box --network one base sleep 10000 >/dev/null
  prepare() { "$CORACLE" network connect two box; }
  PREPARE=prepare kill_throughout 20 network disconnect two box
  # What was begun is finished by the same command.
  coracle network disconnect --force two box
  run_coracle 0 exec box ip -o link
  refute_output eth1
  prepare() { "$CORACLE" network disconnect --force two box; }
  PREPARE=prepare kill_throughout 20 network connect two box
  coracle network disconnect --force two box
  run_coracle 0 network connect two box
  run_coracle 0 exec box ip -o link
  assert_output eth1
  run_coracle 0 restart -t 0 box
  run_coracle 0 exec box ip -o link
  assert_output eth1
  coracle rm -f -t 0 box >/dev/null
  coracle network rm one two >/dev/null
  assert_intact
}

@test "errors of the kernel are told, and nothing is lost" {
  local error command code
  prepare() { "$CORACLE" rmi -f victim-image; }
  for error in ENOSPC EIO EMFILE EACCES; do
    for command in "import -q $BATS_FILE_TMPDIR/base.tar victim-image" "load -q -i $ARCHIVE" \
                   "commit -q source victim-image" "run --rm --network=none base true" \
                   "rmi -f victim-image" "ps -a" "images"; do
      [[ $command != run* ]] || ! on_fuse || continue
      for when in 9 17 25 40 60 100; do
        code=0
        inject "error=$error:when=$when" $command || code=$?
        # Not by a signal, and never without a word.
        if [ "$code" -ge 128 ] || { [ "$code" -ne 0 ] && [ ! -s "$BATS_TEST_TMPDIR/out" ]; }; then
          printf '# %s at call %s of: %s\n# exit code %s: %s\n' "$error" "$when" "$command" "$code" \
            "$(cat "$BATS_TEST_TMPDIR/out")" >&2
          return 1
        fi
      done
    done
  done
  coracle rmi -f victim-image >/dev/null 2>&1 || true
  assert_intact
}

@test "a start that fails leaves no server of a root file system" {
  on_fuse || skip 'this storage driver has no server'
  coracle create --name c --network=none base /nowhere >/dev/null
  local id
  id=$(coracle inspect --format '{{.Id}}' c)
  run_coracle 127 start c
  run_coracle 127 start c
  wait_until 10 no_process "fuse-overlayfs .*$id"
  # Nor one that is killed.
  coracle create --name d --network=none base sleep 1000 >/dev/null
  id=$(coracle inspect --format '{{.Id}}' d)
  for moment in 0.01 0.02 0.03 0.05 0.08; do
    (timeout -s KILL $moment "$CORACLE" start d || pkill -KILL -u "$(id -u)" -f "$CORACLE start d") >/dev/null 2>&1 || true
  done
  run_coracle 0 start d
  assert_equal "$(pgrep -u "$(id -u)" -f "fuse-overlayfs .*$id" -c)" 1
  run_coracle 0 rm -f -t 0 c d
}
