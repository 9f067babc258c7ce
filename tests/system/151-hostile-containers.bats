#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that mean harm: to the log, to health checks, to whoever reads files of theirs. The engine goes on, in
# bounded time and memory, and they can be stopped and removed.
load helpers

setup_file() { setup_store; }
teardown_file() { teardown_store; }
teardown() {
  remove_containers
  coracle volume prune --all --force >/dev/null
  coracle secret rm --all >/dev/null
  rm -rf "$BATS_TEST_TMPDIR"/many
}

field() { coracle inspect --format "{{$2}}" "$1"; }
# monitor_memory NAME: kilobytes that its monitor has for itself.
monitor_memory() { awk '/^Anonymous:/ {print $2}' "/proc/$(field "$1" .State.ConmonPid)/smaps_rollup"; }
# limited COMMAND...: with 400 MB of address space at most beyond what the program itself is.
limited() { (ulimit -v 600000 && exec timeout --kill-after=5 60 "$CORACLE" "$@"); }

# --- Logs.

@test "a line without end fills neither the disk nor the monitor, and can be read" {
  limits_memory
  for driver in json-file k8s-file; do
    coracle run -d --name flood --network=none --log-driver $driver --log-opt max-size=200k --log-opt max-file=2 base \
      sh -c 'tr "\0" x </dev/zero' >/dev/null
    log=$(field flood .LogPath)
    wait_until 30 test -e "$log.1"
    # Several times around.
    for _ in 1 2 3; do
      inode=$(stat -c %i "$log")
      turned() { [ -e "$log" ] && [ "$(stat -c %i "$log")" != "$inode" ]; }
      wait_until 30 turned
    done
    # A file goes on within a line, but not for more than a megabyte.
    [ "$(cat "$log"* 2>/dev/null | wc -c)" -lt 3000000 ]
    [ "$(monitor_memory flood)" -lt 8000 ] || is_instrumented
    limited logs --tail 1 flood >"$BATS_TEST_TMPDIR/out"
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/out")" -gt 0 ]
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/out")" -lt 3000000 ]
    refute grep -q '[^x]' "$BATS_TEST_TMPDIR/out"
    run_coracle 0 stop -t 0 flood
    limited logs flood >"$BATS_TEST_TMPDIR/out"
    refute grep -q '[^x]' "$BATS_TEST_TMPDIR/out"
    coracle rm flood >/dev/null
  done
}

@test "control characters of a log stay what they were, and nothing but what was written" {
  coracle run -d --name odd --network=none base sh -c 'printf "\033[2J\r\b\0\377 \"}\n{\"log\":\"forged\\\\n\",\"stream\":\"stderr\",\"time\":\"x\"}\n"; printf "2001-01-01T00:00:00Z stdout F forged\n"' >/dev/null
  coracle wait odd >/dev/null
  coracle logs odd >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
  printf '\033[2J\r\b\0\357\277\275 "}\n{"log":"forged\\n","stream":"stderr","time":"x"}\n2001-01-01T00:00:00Z stdout F forged\n' >"$BATS_TEST_TMPDIR/wanted"
  # What is no text JSON cannot hold.
  cmp "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/wanted"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/err")" ''
}

# --- Health checks.

@test "a check that prints 100 MB, and one that leaves a crowd and hangs" {
  coracle run -d --name loud --network=none --health-interval 100ms --health-timeout 60s \
    --health-cmd 'head -c 100000000 /dev/zero | tr "\0" x' base sleep 1000 >/dev/null
  is_healthy() { [ "$(field loud .State.Health.Status)" == healthy ]; }
  wait_until 60 is_healthy
  coracle inspect loud | jq -e '.[0].State.Health.Log[0] | .ExitCode == 0 and (.Output | length) <= 1048576'
  [ "$(monitor_memory loud)" -lt 8000 ] || is_instrumented
  [ "$(stat -c %s "$CORACLE_ROOT/containers/$(field loud .Id)/health.json")" -lt 8000000 ]
  run_coracle 0 stop -t 0 loud

  coracle run -d --name crowd --network=none --health-interval 100ms --health-timeout 1s --health-retries 1 \
    --health-cmd 'for i in $(seq 100); do sleep 7781 & setsid sleep 7781 & done; sleep 7781' base sleep 1000 >/dev/null
  is_unhealthy() { [ "$(field crowd .State.Health.Status)" == unhealthy ]; }
  wait_until 60 is_unhealthy
  run_coracle 0 exec crowd true
  run_coracle 0 rm -f -t 0 crowd
  wait_until 20 no_process '[s]leep 7781'
}

@test "a check whose command stops itself, or its parents, is ended by its time" {
  coracle run -d --name stopped --network=none --health-interval disable --health-timeout 1s --health-retries 1 \
    --health-cmd 'kill -STOP $$' base sleep 1000 >/dev/null
  run_coracle 1 healthcheck run stopped
  coracle inspect stopped | jq -e '.[0].State.Health.Log[0].ExitCode == -1'
  run_coracle 0 rm -f -t 0 stopped
}

# --- Environments.

@test "an environment that is too large is refused with a word about it" {
  coracle run -d --name e --network=none base sleep 1000 >/dev/null
  long=$(head -c 100000 /dev/zero | tr '\0' x)
  run_coracle 0 exec -e "LONG=$long" e sh -c 'echo ${#LONG}'
  assert_equal "$output" 100000
  # The kernel takes no more than 128 KiB of one variable.
  echo "LONG=$long$long" >"$BATS_TEST_TMPDIR/long"
  run_coracle 126 exec --env-file "$BATS_TEST_TMPDIR/long" e true
  assert_output 'rgument list too long'
  run_coracle 126 run --rm --network=none --env-file "$BATS_TEST_TMPDIR/long" base true
  assert_output 'rgument list too long'
  # So many that they cannot be passed on.
  seq -f 'V%.0f=x' 300000 >"$BATS_TEST_TMPDIR/many"
  run_coracle 126 exec --env-file "$BATS_TEST_TMPDIR/many" e true
  assert_output 'rgument list too long'
  run_coracle 126 run --rm --network=none --env-file "$BATS_TEST_TMPDIR/many" base true
  # As many as can.
  seq -f 'V%.0f=x' 50000 >"$BATS_TEST_TMPDIR/fit"
  run_coracle 0 exec --env-file "$BATS_TEST_TMPDIR/fit" e sh -c 'env | grep -c "^V[0-9]*=x$"'
  assert_equal "$output" 50000
  # The engine's own file is no data for containers to fill memory with.
  run_coracle 125 exec --env-file /dev/zero e true
}

# --- Names and data.

@test "names of volumes that are paths lead nowhere" {
  mkdir "$BATS_TEST_TMPDIR/outside"
  echo mine >"$BATS_TEST_TMPDIR/outside/file"
  for name in .. . ../volumes ../../outside "$BATS_TEST_TMPDIR/outside" 'a/../../b' $'a\nb' 'a%2fb'; do
    run_coracle 125 volume create -- "$name"
    run coracle volume rm --force -- "$name"
    run coracle volume inspect -- "$name"
    [ "$status" -ne 0 ]
    run coracle volume import -- "$name" - </dev/null
    [ "$status" -ne 0 ]
    run coracle volume export -- "$name" -o "$BATS_TEST_TMPDIR/out.tar"
    [ "$status" -ne 0 ]
    run_coracle 125 run --rm --network=none --mount "type=volume,source=$name,destination=/x" base true
  done
  assert_equal "$(cat "$BATS_TEST_TMPDIR/outside/file")" mine
  run_coracle 0 volume ls -q
  assert_equal "$output" ''
  assert_equal "$(ls -A "$CORACLE_ROOT/volumes")" ''
}

@test "a secret may be any bytes, up to podman's limit" {
  head -c 511999 /dev/urandom >"$BATS_TEST_TMPDIR/random"
  printf 'a\0b\n\377' >"$BATS_TEST_TMPDIR/bytes"
  coracle secret create random "$BATS_TEST_TMPDIR/random" >/dev/null
  coracle secret create bytes "$BATS_TEST_TMPDIR/bytes" >/dev/null
  coracle run --rm --network=none --secret random --secret bytes base sh -c 'sha256sum </run/secrets/random; sha256sum </run/secrets/bytes' >"$BATS_TEST_TMPDIR/sums"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/sums")" "$(sha256sum <"$BATS_TEST_TMPDIR/random"; sha256sum <"$BATS_TEST_TMPDIR/bytes")"
  coracle secret inspect --showsecret bytes | jq -e '.[0].SecretData | length > 0' >/dev/null
  # A variable ends at its first zero: nobody gets half of a secret without being told.
  run coracle run --rm --network=none --secret bytes,type=env,target=BYTES base sh -c 'printf "[%s]" "$BYTES"'
  [ "$status" -ne 0 ]
  assert_output 'bytes'
  refute_output '\[a\]'
  base64 -w 0 "$BATS_TEST_TMPDIR/random" | head -c 500000 >"$BATS_TEST_TMPDIR/long"
  coracle secret create long "$BATS_TEST_TMPDIR/long" >/dev/null
  run_coracle 126 run --rm --network=none --secret long,type=env base true
  assert_output 'rgument list too long'
  printf 'fine' >"$BATS_TEST_TMPDIR/text"
  coracle secret create --replace bytes "$BATS_TEST_TMPDIR/text" >/dev/null
  run_coracle 0 run --rm --network=none --secret bytes,type=env,target=BYTES base sh -c 'printf "[%s]" "$BYTES"'
  assert_equal "$output" '[fine]'
}

# --- Copies.

@test "a directory of very many entries that change meanwhile is copied: what stays is there, whole" {
  TIMEOUT=300
  entries=${ENTRIES:-2000}
  coracle run -d --name c --network=none base sleep 1000 >/dev/null
  coracle exec c sh -c "mkdir -p /many/stay /many/go; cd /many/stay; seq $entries | xargs touch; cd ../go; seq $((entries / 2)) | xargs touch; echo whole >/many/stay/last"
  coracle exec -d c sh -c "cd /many/go; while :; do for i in \$(seq 1 7 $((entries / 2))); do rm -f \$i; mkdir \$i 2>/dev/null; rmdir \$i; echo new >\$i; mv \$i moved; mv moved \$i; ln -sf /etc/motd l\$i; done; done"
  for round in 1 2 3; do
    rm -rf "$BATS_TEST_TMPDIR/many"
    run_coracle 0 cp c:/many "$BATS_TEST_TMPDIR/many"
    assert_equal "$(find "$BATS_TEST_TMPDIR/many/stay" -type f | wc -l)" $((entries + 1))
    assert_equal "$(cat "$BATS_TEST_TMPDIR/many/stay/last")" whole
    # The links are links of what is in the container.
    assert_equal "$(find "$BATS_TEST_TMPDIR/many/go" -type l -exec readlink {} + | sort -u | grep -vx /etc/motd || true)" ''
  done
  coracle cp c:/many/stay - | tar -t | wc -l >"$BATS_TEST_TMPDIR/count"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/count")" $((entries + 2))
  # And into it.
  run_coracle 0 cp "$BATS_TEST_TMPDIR/many/stay" c:/many/go/in
  run_coracle 0 exec c sh -c 'ls /many/go/in | wc -l'
  assert_equal "$output" $((entries + 1))
}

# --- Files that the engine reads.

# in_time COMMAND...: it ends by itself, whatever it says; where 126 and more are no answers of the engine.
in_time() {
  run coracle "$@"
  [ "$status" -lt 124 ] || [ "$status" -eq 125 ] || { printf '# %s: %s\n%s\n' "$*" "$status" "$output" >&2; return 1; }
}
# each_verb NAME: what reads the container's users, each in its time. The program by a number must run.
each_verb() {
  run_coracle 0 exec --user 1234:10 "$1" true
  in_time exec --user user "$1" true
  in_time top "$1" user group args
  in_time cp --archive=false "$ROOTFS/etc/motd" "$1:/tmp/motd"
  run_coracle 0 inspect "$1"
  run_coracle 0 stop -t 0 "$1"
  in_time start "$1"
  in_time commit -q "$1" odd
  in_time run --rm --network=none --user user odd true
  in_time run --rm --network=none --user 1234 odd true
  run_coracle 0 rm -f -t 0 "$1"
  in_time rmi -f odd
}

@test "users that a container makes a pipe, a device, a directory, a socket, a link without end, or endless" {
  for made in 'mkfifo /etc/F' 'ln -s /dev/zero /etc/F' 'mkdir /etc/F' 'ln -s F /etc/F' 'ln -s /proc/self/environ /etc/F' \
    'ln -s ../../../../../../../../../etc/shadow /etc/F' 'head -c 40000000 /dev/zero >/etc/F' \
    'dd if=/dev/zero of=/etc/F bs=1 count=0 seek=2000000000 2>/dev/null' \
    'yes x:x:7:user,root,x,y,z | head -n 500000 >/etc/F' 'tr "\0" : </dev/zero | head -c 3000000 >/etc/F' \
    'mknod /etc/F c 1 5 || ln -s /dev/tty /etc/F'; do
    coracle run -d --name hostile --network=none base sh -c "rm -f /etc/passwd /etc/group; ${made//F/passwd}; ${made//F/group}; exec sleep 1000" >/dev/null
    is_made() { coracle exec --user 0:0 hostile sh -c 'ls -d /etc/group; cat /proc/1/comm' | grep -q sleep; }
    wait_until 30 is_made
    echo "# $made"
    each_verb hostile
  done
}

@test "nothing else of a container that is read can be a pipe or a device" {
  coracle run -d --name odd --network=none base sh -c 'cd /etc; rm -f hosts resolv.conf hostname; for i in motd passwd; do rm $i; mkfifo $i; done; mkfifo /pipe; exec sleep 1000' >/dev/null
  wait_until 20 coracle exec odd test -p /pipe
  in_time cp odd:/pipe "$BATS_TEST_TMPDIR/pipe"
  run_coracle 0 diff odd
  run_coracle 0 export -o "$BATS_TEST_TMPDIR/odd.tar" odd
  tar -tvf "$BATS_TEST_TMPDIR/odd.tar" pipe | grep -q ^p
  run_coracle 0 commit -q odd with-pipes
  for options in '--workdir /pipe' '-v things:/pipe'; do
    run coracle run --rm --network=none $options with-pipes true
    [ "$status" -ge 125 ]
  done
  run_coracle 126 run --rm --network=none with-pipes /pipe
  coracle rmi -f with-pipes >/dev/null
}
