#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The life of a container: create, start, stop, kill, restart, wait, rename, rm, ps.
load helpers

setup_file() { setup_store; }
teardown_file() { teardown_store; }
teardown() { remove_containers; }

@test "create, start, wait, logs, rm" {
  id=$(coracle create --name c --network=none base sh -c 'echo started; exit 3')
  run_coracle 0 ps -a --filter name=c --format '{{.Status}}'
  assert_equal "$output" Created
  run_coracle 0 start c
  assert_equal "$output" c
  run_coracle 0 wait c
  assert_equal "$output" 3
  run_coracle 0 logs c
  assert_equal "$output" started
  run_coracle 0 ps -a --format '{{.Status}}'
  assert_output '^Exited \(3\) '
  run_coracle 3 start -a c
  assert_output started
  run_coracle 0 rm c
  run_coracle 1 container exists "$id"
}

@test "ps lists, filters and formats" {
  coracle run -d --name one --label tier=web --network=none base sleep 100
  coracle run --name two --network=none base true
  run_coracle 0 ps
  assert_output 'CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES'
  assert_output 'localhost/base:latest +sleep 100 .* Up .* one'
  refute_output two
  run_coracle 0 ps -aq
  assert_equal "${#lines[@]}" 2
  run_coracle 0 ps -q --filter label=tier=web --no-trunc
  assert_output '^[0-9a-f]{64}$'
  run_coracle 0 ps -a --filter status=exited --format '{{.Names}}'
  assert_equal "$output" two
  run_coracle 0 ps -a --format json
  echo "$output" | jq -e 'length == 2 and .[0].Id and .[0].Names and .[0].State' >/dev/null
  run_coracle 0 ps -a --noheading --format 'table {{.Names}}\t{{.State}}'
  assert_equal "${#lines[@]}" 2
  run_coracle 0 ps -l --format '{{.Names}}'
  assert_equal "$output" two
  run_coracle 125 ps --filter nonsense=1
}

@test "ps and inspect tell sizes when asked" {
  coracle run --name big --network=none base sh -c 'head -c 1000000 /dev/zero > /big'
  run_coracle 0 ps -a --size --filter name=big
  assert_output 'SIZE'
  assert_output '1(\.0[0-9]*)?MB \(virtual [0-9.]+MB\)'
  run_coracle 0 ps -a --format '{{.Size}}' --filter name=big
  assert_output 'virtual'
  run_coracle 0 ps -a --filter name=big
  refute_output 'virtual'
  run_coracle 0 inspect --size --format '{{.SizeRw}}' big
  [ "$output" -ge 1000000 ]
  [ "$output" -lt 1100000 ]
  run_coracle 0 inspect --format json big
  refute_output 'SizeRw'
}

@test "stop sends the stop signal, then kills" {
  coracle run -d --name polite --network=none base sh -c 'trap "echo bye; exit 4" TERM; echo ready; while :; do sleep 0.05; done'
  wait_until 10 eval 'coracle logs polite | grep -q ready'
  run_coracle 0 stop polite
  assert_equal "$output" polite
  run_coracle 0 inspect --format '{{.State.Status}} {{.State.ExitCode}}' polite
  assert_equal "$output" "exited 4"
  coracle run -d --name stubborn --network=none base sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
  wait_until 10 eval 'coracle logs stubborn | grep -q ready'
  run_coracle 0 stop -t 1 stubborn
  run_coracle 0 inspect --format '{{.State.ExitCode}}' stubborn
  assert_equal "$output" 137
  run_coracle 0 stop stubborn
  run_coracle 125 stop nobody
  assert_output 'no container with name or ID "nobody" found: no such container'
}

@test "kill with a signal, and only what runs" {
  coracle run -d --name k --network=none base sleep 100
  run_coracle 0 kill -s KILL k
  run_coracle 0 wait k
  assert_equal "$output" 137
  run_coracle 125 kill k
  run_coracle 125 kill -s NOSUCH k
}

@test "restart keeps the container and its files" {
  coracle run -d --name r --network=none base sh -c 'echo run >> /count; sleep 100'
  wait_until 5 coracle exec r test -s /count
  run_coracle 0 restart -t 0 r
  wait_until 5 sh -c '[ "$('"$CORACLE"' exec r cat /count | wc -l)" = 2 ]'
}

@test "rename, partial ids, ambiguity" {
  id=$(coracle create --name old --network=none base true)
  run_coracle 0 rename old new
  run_coracle 1 container exists old
  run_coracle 0 inspect --format '{{.Name}}' "${id:0:10}"
  assert_equal "$output" new
  coracle create --name other --network=none base true
  run_coracle 125 rename new other
}

@test "exec in a paused container is an error" {
  needs_cgroup
  coracle run -d --name p --network=none base sleep 100
  coracle pause p
  run_coracle 125 exec p true
  assert_output 'unpause it'
  coracle unpause p
  run_coracle 0 exec p true
}

@test "processes that share a pid namespace end with their container" {
  needs_cgroup
  run_coracle 0 run --rm --pid=host --network=none base sh -c 'sleep 76543 & sleep 0.1'
  wait_until 5 no_process '[s]leep 76543'
}

@test "stop refuses a paused container, rm -f takes it" {
  needs_cgroup
  coracle run -d --name frozen --network=none base sleep 100
  run_coracle 0 pause frozen
  run_coracle 125 stop frozen
  assert_output 'can only stop created or running containers. [0-9a-f]+ is in state paused'
  run_coracle 0 unpause frozen
  run_coracle 0 pause frozen
  run_coracle 0 rm -f -t 0 frozen
}

@test "rm refuses what runs unless forced" {
  coracle run -d --name busy --network=none base sleep 100
  run_coracle 2 rm busy
  assert_output 'cannot remove container .* as it is running'
  run_coracle 0 rm -f -t 0 busy
  run_coracle 1 rm nothing-here
  run_coracle 0 rm -f nothing-here
  run_coracle 0 rm --ignore nothing-here
}

@test "rm of a detached container with --rm happens by itself" {
  coracle run -d --rm --name brief --network=none base true
  wait_until 5 sh -c "! $CORACLE container exists brief"
}

@test "wait tells what a container ended with that removes itself" {
  coracle run -d --rm --name brief --network=none base sh -c 'sleep 0.5; exit 7'
  run_coracle 0 wait brief
  assert_equal "$output" 7
}

@test "wait for the next end tells what it was, though the container removes itself or restarts" {
  descriptors() { ls "/proc/$(coracle inspect --format '{{.State.ConmonPid}}' "$1")/fd" | wc -l; }
  # Whoever waits is connected with the monitor.
  is_waited_for() { [ "$(descriptors "$1")" -gt "$2" ]; }
  # As many as there are when the client that has launched it is gone.
  settles() { without=$(descriptors "$1"); sleep 0.3; [ "$(descriptors "$1")" -eq "$without" ]; }
  local waiting also without
  coracle run -d --rm --name gone --network=none base sh -c 'while [ ! -e /end ]; do sleep 0.1; done; exit 7' >/dev/null
  wait_until 20 settles gone
  coracle wait --condition next-exit gone >"$BATS_TEST_TMPDIR/gone" &
  waiting=$!
  wait_until 20 is_waited_for gone "$without"
  coracle run -d --name again --restart on-failure:1 --network=none base sh -c 'while [ ! -e /end ]; do sleep 0.1; done; rm /end; exit 5' >/dev/null
  wait_until 20 settles again
  coracle wait --condition next-exit again >"$BATS_TEST_TMPDIR/again" &
  also=$!
  wait_until 20 is_waited_for again "$without"
  coracle exec gone touch /end
  coracle exec again touch /end
  wait "$waiting"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/gone")" 7
  wait "$also"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/again")" 5
}

@test "one that is asked to end is stopping until it has" {
  coracle run -d --name slow --network=none base sh -c 'trap "" TERM; touch /ready; while :; do sleep 0.1; done' >/dev/null
  wait_until 10 coracle exec slow test -e /ready
  coracle wait --condition stopping slow >"$BATS_TEST_TMPDIR/seen" &
  local waiting=$!
  coracle stop --time 1000 slow &
  local stopping=$!
  wait "$waiting"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/seen")" -1
  run_coracle 0 ps --format '{{.Names}} {{.State}}'
  assert_equal "$output" 'slow stopping'
  coracle exec slow true
  run_coracle 0 kill slow
  wait "$stopping"
  run_coracle 0 inspect --format '{{.State.Status}} {{.State.ExitCode}}' slow
  assert_equal "$output" 'exited 137'
}

@test "restart policies: on-failure counts, always goes on until stopped" {
  coracle run -d --name f --restart on-failure:2 --network=none base sh -c 'echo try; exit 1'
  wait_until 15 sh -c "[ \"\$($CORACLE inspect --format '{{.State.Status}}{{.RestartCount}}' f)\" = exited2 ]"
  run_coracle 0 logs -t f
  assert_equal "${#lines[@]}" 3 || { coracle inspect f >&2; printf '%s\n' "${lines[@]}" >&2; return 1; }
  run_coracle 0 inspect --format '{{.RestartCount}}' f
  assert_equal "$output" 2
  coracle run -d --name a --restart always --network=none base sh -c 'echo again; sleep 0.1'
  wait_until 15 sh -c "[ \"\$($CORACLE logs a | wc -l)\" -ge 3 ]"
  run_coracle 0 stop -t 0 a
  run_coracle 0 inspect --format '{{.State.Status}}' a
  assert_equal "$output" exited
  run_coracle 125 run --rm --restart always --network=none base true
}

@test "diff, commit and the committed image" {
  coracle run --name d --network=none base sh -c 'echo new > /new; rm /etc/motd; echo x >> /etc/group; mkdir /dir; touch /dir/f'
  run_coracle 0 diff d
  assert_output 'A /new'
  assert_output 'D /etc/motd'
  assert_output 'C /etc/group'
  assert_output 'C /etc'
  assert_output 'A /dir/f'
  run_coracle 0 commit -q -m why -a me --change 'CMD ["cat","/new"]' d me/changed
  run_coracle 0 run --rm --network=none me/changed
  assert_equal "$output" new
  run_coracle 1 run --rm --network=none me/changed cat /etc/motd
  run_coracle 0 image inspect --format '{{len .RootFS.Layers}} {{.Author}}' me/changed
  assert_equal "$output" "2 me"
  run_coracle 0 rmi me/changed
}

@test "a start leaves nothing of its own in a container's layer" {
  [ "$STORAGE_DRIVER" != vfs ] || skip "vfs has no layer of changes"
  coracle run --name e --network=none base cat /etc/hosts
  run_coracle 0 inspect --format '{{.GraphDriver.Data.UpperDir}}' e
  if is_root; then run -0 ls -A "$output"; else run_coracle 0 unshare ls -A "$output"; fi
  assert_equal "$output" ""
  # Where the image has none of it, and one is not mounted on.
  coracle run --name f --no-hostname --network=none base true
  run_coracle 0 diff f
  assert_equal "$output" ""
}

@test "export writes the whole root file system" {
  coracle run --name e --network=none base sh -c 'echo exported > /marker'
  run_coracle 0 export -o "$BATS_TEST_TMPDIR/e.tar" e
  tar -tf "$BATS_TEST_TMPDIR/e.tar" > "$BATS_TEST_TMPDIR/list"
  grep -q '^\(\./\)\?marker$' "$BATS_TEST_TMPDIR/list"
  grep -q 'etc/motd' "$BATS_TEST_TMPDIR/list"
}

@test "cp goes both ways, to running and stopped containers" {
  echo host > "$BATS_TEST_TMPDIR/file"
  coracle run -d --name cp --network=none base sleep 100
  run_coracle 0 cp "$BATS_TEST_TMPDIR/file" cp:/tmp/inside
  run_coracle 0 exec cp cat /tmp/inside
  assert_equal "$output" host
  run_coracle 0 cp cp:/etc/motd "$BATS_TEST_TMPDIR/motd"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/motd")" "from the image"
  coracle stop -t 0 cp
  run_coracle 0 cp "$BATS_TEST_TMPDIR/file" cp:/root/
  assert_equal "$(coracle cp cp:/root/file - | tar -xO)" host
  coracle create --name cp2 --network=none base cat /tmp/motd
  run_coracle 0 cp cp:/etc/motd cp2:/tmp/
  run_coracle 0 cp cp:/etc cp2:/copied
  # A second time over what is there, as docker and podman.
  mkdir "$BATS_TEST_TMPDIR/site"
  echo one > "$BATS_TEST_TMPDIR/site/page"
  ln -s page "$BATS_TEST_TMPDIR/site/link"
  run_coracle 0 cp "$BATS_TEST_TMPDIR/site" cp:/srv
  echo two > "$BATS_TEST_TMPDIR/site/page"
  run_coracle 0 cp "$BATS_TEST_TMPDIR/site/." cp:/srv
  assert_equal "$(coracle cp cp:/srv/page - | tar -xO)" two
  run_coracle 0 start -a cp2
  assert_equal "$output" "from the image"
  coracle cp cp2:/copied/group - | tar -t | grep -q group
  wait_until 5 sh -c "! pgrep -u $(id -u) -f \"fuse-overlayf[s].*$CORACLE_ROOT\""
  run_coracle 125 cp cp:/no/such/file "$BATS_TEST_TMPDIR/"
}

@test "cp opens no devices and waits for no pipes of a container" {
  coracle run -d --name odd --network=none base sh -c 'mkfifo /pipe; ln -s /pipe /link; sleep 100'
  wait_until 5 coracle exec odd test -L /link
  echo text > "$BATS_TEST_TMPDIR/text"
  run_coracle 125 cp odd:/dev/zero "$BATS_TEST_TMPDIR/out"
  assert_output 'neither a file nor a directory'
  [ ! -e "$BATS_TEST_TMPDIR/out" ]
  run_coracle 0 cp odd:/link "$BATS_TEST_TMPDIR/out"
  [ -p "$BATS_TEST_TMPDIR/out" ]
  for place in /dev/zero /pipe /link; do
    run_coracle 125 cp "$BATS_TEST_TMPDIR/text" "odd:$place"
    assert_output 'neither a file nor a directory'
  done
}

@test "cp within a stopped container, between two in both directions at once, and while it is started" {
  coracle create --name one --network=none base cat /marker
  coracle create --name two --network=none base true
  run_coracle 0 cp one:/etc/motd one:/marker
  local round copies=()
  for round in 1 2 3; do
    coracle cp one:/etc two:"/copy$round" & copies+=($!)
    coracle cp two:/etc one:"/copy$round" & copies+=($!)
  done
  local pid
  for pid in "${copies[@]}"; do wait "$pid"; done
  coracle cp two:/copy3/group - | tar -t | grep -q group
  # The start waits for the copy that has mounted the root: the last byte comes late.
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  coracle cp - one:/ < "$BATS_TEST_TMPDIR/pipe" & local copy=$!
  exec 7> "$BATS_TEST_TMPDIR/pipe"
  echo late > "$BATS_TEST_TMPDIR/marker"
  # What is held and waited for is the container's directory (flock(2)).
  local lock
  lock=$(stat -c ':%i ' "$CORACLE_ROOT/containers/$(coracle inspect --format '{{.Id}}' one)")
  wait_until 10 grep -q ": FLOCK .*$lock" /proc/locks
  coracle start -a one > "$BATS_TEST_TMPDIR/shown" 7>&- & local start=$!
  wait_until 10 grep -q -e "-> FLOCK .*$lock" /proc/locks
  tar -C "$BATS_TEST_TMPDIR" -cf - marker >&7
  exec 7>&-
  wait "$copy"
  wait "$start"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/shown")" late
}

@test "cp as a tar stream, both ways" {
  coracle create --name stream --network=none base true
  mkdir -p "$BATS_TEST_TMPDIR/t/d"
  echo one > "$BATS_TEST_TMPDIR/t/d/one"
  # A name that would be a removal in a layer is a name here; fuse-overlayfs itself allows none.
  local odd=.wh.passwd
  [ "$STORAGE_DRIVER" != fuse-overlayfs ] || odd=odd
  echo odd > "$BATS_TEST_TMPDIR/t/$odd"
  tar -C "$BATS_TEST_TMPDIR/t" -cf - . | coracle cp - stream:/etc
  assert_equal "$(coracle cp stream:/etc/$odd - | tar -xO)" odd
  coracle cp stream:/etc/passwd - | tar -xO | grep -q root
  assert_equal "$(coracle cp stream:/etc/d - | tar -t | sort | xargs)" 'd/ d/one'
  assert_equal "$(coracle cp stream:/etc/d/. - | tar -t | xargs)" one
  coracle cp stream:/ - | tar -t | grep -qx etc/motd
  run bash -c "echo 'no archive' | '$CORACLE' cp - stream:/etc"
  [ "$status" -eq 125 ]
}

@test "inspect shows state and configuration" {
  coracle run -d --name ins --env X=y --network=none base sleep 100
  run_coracle 0 inspect ins
  echo "$output" | jq -e '.[0] | .Id and .State.Running and .State.Status == "running" and .State.Pid > 0
    and (.Config.Env | index("X=y")) and .Config.Cmd == ["sleep","100"] and .ImageName == "localhost/base:latest"
    and .HostConfig.NetworkMode == "none"' >/dev/null
  run_coracle 125 inspect nothing-here
  assert_output 'no such object: "nothing-here"'
}
