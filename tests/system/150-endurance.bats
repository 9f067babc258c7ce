#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Very many of the same: runs, execs, writers of events. Nothing is left of them, nothing grows, nothing is lost.
# RUNS and EXECS say how many (tools/check takes few).
load helpers

setup_file() { setup_store; }
teardown_file() { teardown_store; }
teardown() {
  remove_containers
  coracle network prune --force >/dev/null
  coracle volume prune --all --force >/dev/null
}

field() { coracle inspect --format "{{$2}}" "$1"; }
journal=$BATS_FILE_TMPDIR/root/events/events.log

# processes: the processes of this store, but for who follows events: pid and name.
processes() {
  local pid
  for pid in $(pgrep -u "$(id -u)" '^(coracle|fuse-overlay|pasta|passt|slirp4netns)'); do
    # Those that have ended and wait for init are gone.
    [ "$pid" != "${follower-}" ] && is_running_process "$pid" || continue
    grep -qzF "$BATS_FILE_TMPDIR" "/proc/$pid/environ" 2>/dev/null || continue
    echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"
  done
}

# leftovers: how much there is of everything that a container needs, a line for each kind.
leftovers() {
  local pid seen=' ' mounts=0 descriptors=0 namespace list
  list=$(processes | cut -d' ' -f1)
  for pid in $list; do
    # Those of the network's helper are its own: it fills a pool of sockets and pipes when it likes.
    case $(cat "/proc/$pid/comm" 2>/dev/null) in
      pasta* | passt* | slirp4netns) ;;
      *) descriptors=$((descriptors + $(ls "/proc/$pid/fd" 2>/dev/null | wc -l))) ;;
    esac
    namespace=$(readlink "/proc/$pid/ns/mnt" 2>/dev/null) || continue
    [[ $seen != *" $namespace "* ]] || continue
    seen+="$namespace "
    mounts=$((mounts + $(wc -l <"/proc/$pid/mountinfo" 2>/dev/null || echo 0)))
  done
  echo "files $(find "$CORACLE_ROOT" "$CORACLE_RUNROOT" -not -path '*/events/*' 2>/dev/null | wc -l)"
  echo "host-mounts $(grep -c "$BATS_FILE_TMPDIR" /proc/mounts || true)"
  echo "processes $(wc -w <<<"$list")"
  echo "namespaces $(wc -w <<<"$seen")"
  echo "kept-mounts $mounts"
  echo "descriptors $descriptors"
  echo "locks $(lock_count)"
  echo "run-kilobytes $(du -sk "$CORACLE_RUNROOT" 2>/dev/null | cut -f1)"
  if is_root; then
    echo "interfaces $(ip -o link show | grep -c "alias coracle $(printf %s "$CORACLE_RUNROOT/networks" | sha256sum | cut -c1-8)" || true)"
  fi
}
# lock_count: how many locks of files its long-lived processes hold.
lock_count() {
  local pids
  pids=$(processes | cut -d' ' -f1 | paste -sd'|')
  grep -cE " (${pids:-none}) " /proc/locks || true
}
# memory_of: kilobytes of their own that the long-lived processes hold.
memory_of() {
  local pid total=0 got
  for pid in $(processes | cut -d' ' -f1); do
    got=$(awk '/^Anonymous:/ {print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null)
    total=$((total + ${got:-0}))
  done
  echo "$total"
}
# settle: what there is once it does not change any more is $before, $held is the memory.
settle() {
  before=
  is_steady() { local now; sleep 0.5; now=$(leftovers); [ "$now" == "$before" ] || { before=$now; false; }; }
  wait_until 30 is_steady
  held=$(memory_of)
}
# settles_again: as it was.
settles_again() {
  is_as_before() { [ "$(leftovers)" == "$before" ]; }
  wait_until 30 is_as_before || { diff <(echo "$before") <(leftovers) >&2; processes >&2; return 1; }
  local now
  now=$(memory_of)
  [ "$now" -le $((held + 200)) ] || is_instrumented || { echo "# memory: $held kB before, $now kB now" >&2; return 1; }
}
# no_groups: none of the containers in that file has a control group any more.
no_groups() {
  find /sys/fs/cgroup -type d >"$BATS_TEST_TMPDIR/groups" 2>/dev/null || true
  refute grep -F -f "$1" "$BATS_TEST_TMPDIR/groups"
}
# begin_following FILE OPTION...: a client that is told of events from now on; its process is $follower.
begin_following() {
  local file=$1
  shift
  "$CORACLE" events "$@" >"$file" 2>&1 3>&- &
  follower=$!
  is_told() { coracle tag base told:ready && [ -s "$file" ]; }
  wait_until 20 is_told
}

@test "hundreds of runs leave no process, mount, descriptor, file, control group or memory" {
  runs=${RUNS:-200}
  # Others that live as long: with networks, volumes and secrets, and so with namespaces that are kept for them.
  coracle network create lan >/dev/null
  printf word | coracle secret create --replace word - >/dev/null
  coracle run -d --name long --network lan -v kept:/kept --secret word --tmpfs /scratch base sleep 100000 >/dev/null
  coracle run -d --name other --network=none --pid container:long base sleep 100000 >/dev/null
  begin_following "$BATS_TEST_TMPDIR/ids" --filter event=create --filter event=tag --format '{{.Type}} {{.ID}}'
  for i in 1 2 3; do coracle run --rm --network=none -v kept:/kept --secret word base true; done
  coracle run --rm --network lan base true
  settle
  wait_until 10 sh -c "[ \$(grep -c ^container '$BATS_TEST_TMPDIR/ids') -ge 4 ]"
  had=$(grep -c ^container "$BATS_TEST_TMPDIR/ids")
  for i in $(seq $((runs * 3 / 4))); do timeout 60 "$CORACLE" run --rm --network=none -v kept:/kept --secret word base true; done
  for i in $(seq $((runs / 40))); do
    pids=()
    for j in $(seq 9); do
      timeout 60 "$CORACLE" run --rm --network=none base true &
      pids+=($!)
    done
    timeout 60 "$CORACLE" run --rm --network lan base true &
    pids+=($!)
    for pid in "${pids[@]}"; do wait "$pid"; done
  done
  settles_again
  made=$((runs * 3 / 4 + runs / 40 * 10))
  # All of them were told, however often the journal was turned over.
  is_told_all() { [ "$(grep -c ^container "$BATS_TEST_TMPDIR/ids")" -eq $((had + made)) ]; }
  wait_until 20 is_told_all
  sed -n 's/^container //p' "$BATS_TEST_TMPDIR/ids" >"$BATS_TEST_TMPDIR/made"
  assert_equal "$(sort -u "$BATS_TEST_TMPDIR/made" | wc -l)" $((had + made))
  no_groups "$BATS_TEST_TMPDIR/made"
  kill "$follower"
  wait "$follower" || true
  printf '# %s runs: %s\n# memory of the others: %s kB before, %s kB now\n' "$made" "$(leftovers | xargs)" "$held" "$(memory_of)" >&3
}

# has_sessions NAME COUNT
has_sessions() { [ "$(coracle inspect "$1" | jq '.[0].ExecIDs | length')" -eq "$2" ]; }

@test "a hundred execs in a row leave no process, mount, descriptor, file, control group or memory" {
  execs=${EXECS:-100}
  coracle run -d --name many --network=none base sleep 100000 >/dev/null
  id=$(field many .Id)
  groups_of() { find /sys/fs/cgroup -type d -path "*$id*" 2>/dev/null | wc -l; }
  for _ in 1 2 3; do timeout 20 "$CORACLE" exec many true; done
  timeout 20 "$CORACLE" exec -d many true >/dev/null
  wait_until 20 has_sessions many 0
  settle
  groups=$(groups_of)
  for _ in $(seq "$execs"); do timeout 20 "$CORACLE" exec many true || return 1; done
  for _ in $(seq $((execs / 10))); do timeout 20 "$CORACLE" exec -d many true >/dev/null || return 1; done
  wait_until 20 has_sessions many 0
  settles_again
  assert_equal "$(groups_of)" "$groups"
  # The host's init reaps what was left to it in its own time.
  few() { [ "$(coracle exec many ps -o pid | wc -l)" -le 4 ]; }
  wait_until 30 few
  printf '# %s execs: %s\n# memory of the monitor: %s kB before, %s kB now\n' "$execs" "$(leftovers | xargs)" "$held" "$(memory_of)" >&3
}

# --- Events.

# names_of FILE: the names in it, but for those by which it was seen that it is followed.
names_of() { grep -v 'told:ready' "$1" || true; }
has_names() { [ "$(names_of "$1" | wc -l)" -ge "$2" ]; }
# write_events ROUND: 50 at once, four events each.
write_events() {
  local i j writers=()
  for i in $(seq 50); do
    { for j in 1 2 3 4; do "$CORACLE" tag base "written:$1-$i-$j" || exit 1; done; } &
    writers+=($!)
  done
  for writer in "${writers[@]}"; do wait "$writer"; done
}

@test "50 writers while the journal turns over: followers miss nothing and get nothing twice, also after a torn line" {
  # Two rounds of events fit in it: so it turns over within rounds, and nothing is gone that nobody has read.
  echo '[engine]
events_logfile_max_size = "60k"' >"$BATS_TEST_TMPDIR/containers.conf"
  export CONTAINERS_CONF=$BATS_TEST_TMPDIR/containers.conf
  followers=()
  for i in 1 2 3; do
    begin_following "$BATS_TEST_TMPDIR/followed$i" --filter event=tag --format '{{.Name}}'
    followers+=("$follower")
  done
  # One that is told by JSON, and of everything.
  begin_following "$BATS_TEST_TMPDIR/followed4" --format json
  json_follower=$follower
  turned=0
  inode=$(stat -c %i "$journal")
  for round in $(seq 4); do
    # A writer was killed within its line; a follower waits for that line's end meanwhile.
    printf '{"Type":"image","Status":"tag","Name":"torn","timeNa' >>"$journal"
    write_events "$round"
    [ "$(stat -c %i "$journal")" == "$inode" ] || turned=$((turned + 1))
    inode=$(stat -c %i "$journal")
    # A follower that is killed is nobody's concern.
    if [ "$round" -eq 2 ]; then
      kill -KILL "${followers[2]}"
      wait "${followers[2]}" || true
    fi
    for i in 1 2 4; do wait_until 30 has_names "$BATS_TEST_TMPDIR/followed$i" $((round * 200)); done
  done
  [ "$turned" -ge 2 ]
  for i in 1 2; do
    assert_equal "$(names_of "$BATS_TEST_TMPDIR/followed$i" | wc -l)" 800
    assert_equal "$(names_of "$BATS_TEST_TMPDIR/followed$i" | sort -u | wc -l)" 800
    refute grep -q torn "$BATS_TEST_TMPDIR/followed$i"
  done
  # Each in the order in which the others got them.
  cmp <(names_of "$BATS_TEST_TMPDIR/followed1") <(names_of "$BATS_TEST_TMPDIR/followed2")
  assert_equal "$(jq -r .Name "$BATS_TEST_TMPDIR/followed4" | grep -c written:)" 800
  jq -s -e '[.[].timeNano] | . == sort' "$BATS_TEST_TMPDIR/followed4" >/dev/null
  # Never more than two files of that size, and what a last line may have more.
  for file in "$journal" "$journal.1"; do [ "$(stat -c %s "$file")" -lt 63000 ]; done
  kill "${followers[@]:0:2}" "$json_follower"
  wait "${followers[@]:0:2}" "$json_follower" || true
}

@test "writers that are killed at any moment lose nobody else's events" {
  since=$(date +%s.%N)
  for round in $(seq 6); do
    doomed=()
    for i in $(seq 8); do
      "$CORACLE" tag base "doomed:$round-$i" >/dev/null 2>&1 &
      doomed+=($!)
    done
    for i in 1 2 3; do "$CORACLE" tag base "sure:$round-$i"; done &
    sure=$!
    for pid in "${doomed[@]}"; do
      sleep "0.00$((RANDOM % 4))"
      kill -KILL "$pid" 2>/dev/null || true
    done
    wait "$sure"
    wait || true
  done
  run_coracle 0 events --stream=false --since "$since" --filter event=tag --format '{{.Name}}'
  assert_equal "$(grep -c sure: <<<"$output")" 18
  assert_equal "$(grep -c . <<<"$output")" "$(sort -u <<<"$output" | wc -l)"
}
