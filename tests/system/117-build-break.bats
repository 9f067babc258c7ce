#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Builds that are killed, that run out of disk, that get in each other's way, and contexts that nobody means well
# with: nothing outside of them is read, nothing crashes, and the next build is right.
load helpers

setup_file() { setup_store; }
teardown_file() { teardown_store; }

setup() {
  context=$BATS_TEST_TMPDIR/context
  mkdir "$context"
  outside=$BATS_TEST_TMPDIR/outside
  mkdir "$outside"
  echo 'very secret' >"$outside/secret"
}

# dockerfile: standard input becomes the Dockerfile of the context.
dockerfile() { cat >"$context/Dockerfile"; }
# build EXPECTED [OPTIONS…]: builds the context as "made".
build() {
  local expected=$1
  shift
  run_coracle "$expected" build --network=none -t made "$@" "$context"
}
inside() { run_coracle 0 run --rm --network=none made "$@"; }
hostile() { python3 "$BATS_TEST_DIRNAME/hostile_context.py" "$@"; }
# Nothing of what is outside has come in, and nothing has been put there.
assert_sealed() {
  assert_equal "$(ls "$outside")" secret
  assert_equal "$(cat "$outside/secret")" 'very secret'
  refute_output 'very secret'
  run grep -rlsF 'very secret' "$CORACLE_ROOT/build/steps"
  assert_equal "$output" ''
}

@test "builds that are killed leave a store that is sound, and the next one is right" {
  local i round pid
  for i in $(seq 30); do echo "$i" >"$context/f$i"; done
  dockerfile <<'END'
FROM base AS one
COPY . /files
RUN cat /files/f* >/all
FROM base AS two
RUN --mount=type=cache,target=/cache,id=killed echo x >>/cache/rounds; mkdir /made && touch /made/1 /made/2
RUN --mount=from=one,target=/one ls /one/files >/made/list
FROM base
COPY --from=one /all /all
COPY --from=two /made /made
RUN cat /all /files/round 2>/dev/null | wc -l >/count; rm /made/1
COPY round /round
END
  for round in $(seq ${KILLS:-100}); do
    echo "$round" >"$context/round"
    "$CORACLE" build --no-cache --network=none -q -t made "$context" >/dev/null 2>&1 3>&- & pid=$!
    sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    run_coracle 0 system check
    [ $((round % 5)) -eq 0 ] || continue
    build 0
    inside sh -c 'cat /round /count; ls /made'
    assert_equal "$(echo $output)" "$round 30 2 list"
  done
  # The last one has cleaned up after the others.
  run ls -A "$CORACLE_ROOT/build"
  refute_output '\.new-'
  # So has the last check, of records as well.
  assert_equal "$(find "$CORACLE_ROOT" -maxdepth 4 -name '*.[0-9]*-[0-9]*.tmp')" ""
}

@test "of a network nothing is left when its build is killed" {
  local round pid apart=()
  # Bridges of root are the host's.
  ! is_root || apart=(unshare --net)
  dockerfile <<<$'FROM base\nRUN true'
  for round in $(seq ${KILLS:-20}); do
    "${apart[@]}" "$CORACLE" build --no-cache -q -t made "$context" >/dev/null 2>&1 3>&- & pid=$!
    sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  wait_until 10 no_network_leftovers
}

# bats test_tags=user
@test "a build does not wait for its network when nobody waits for the build" {
  local helper signal pid code
  mkdir "$BATS_TEST_TMPDIR/bin"
  for helper in pasta slirp4netns; do
    printf '#!/bin/sh\nexec sleep %s\n' "$nap" >"$BATS_TEST_TMPDIR/bin/$helper"
  done
  chmod +x "$BATS_TEST_TMPDIR"/bin/*
  dockerfile <<<$'FROM base\nRUN true'
  no_helper() { no_process "[s]leep $nap"; }
  for signal in TERM KILL; do
    PATH=$BATS_TEST_TMPDIR/bin:$PATH "$CORACLE" build --no-cache "$context" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- & pid=$!
    wait_until 20 pgrep -u "$(id -u)" -f "[s]leep $nap"
    kill -"$signal" "$pid"
    code=0
    wait "$pid" || code=$?
    assert_equal "$code" $((128 + $(kill -l "$signal")))
    refute grep 'not ready' "$BATS_TEST_TMPDIR/log"
    wait_until 5 no_helper
    wait_until 5 no_network_leftovers
  done
}

@test "a full disk is an error that says so, and with more room the next build is right" {
  local script=$BATS_TEST_TMPDIR/full_disk wrap=()
  head -c 3000000 /dev/urandom >"$context/large"
  cat >"$script" <<'END'
set -eu
mount -t tmpfs -o size=8m none "$SMALL"
export CORACLE_ROOT=$SMALL/root CORACLE_RUNROOT=$SMALL/run
coracle() { timeout 60 "$CORACLE" "$@"; }
fails() { if coracle build --network=none -t made -f "$1" "$CONTEXT" >"$SAID" 2>&1; then echo "$1 is built"; exit 1; fi; grep -q 'No space left on device' "$SAID" || { cat "$SAID"; exit 1; }; }
coracle import "$BASE" base >/dev/null 2>&1
printf 'FROM base\nCOPY large /1\nCOPY large /2\nCOPY large /3\nRUN rm /3' >"$CONTEXT/copies"
printf 'FROM base\nRUN dd if=/dev/zero of=/big bs=1M count=20' >"$CONTEXT/programs"
printf 'FROM base\nCOPY large /1\nRUN echo some >/more' >"$CONTEXT/packed"
printf 'FROM base\nCOPY large /1' >"$CONTEXT/layer"
fails "$CONTEXT/copies"
fails "$CONTEXT/programs"
fails "$CONTEXT/packed"
fails "$CONTEXT/layer"
grep 'cannot make the layer of "COPY large /1' "$SAID" || { cat "$SAID"; exit 1; }
mount -o remount,size=80m "$SMALL"
for name in copies packed; do
  coracle build --network=none -t made -f "$CONTEXT/$name" "$CONTEXT" >"$SAID" 2>&1 || { cat "$SAID"; exit 1; }
  coracle run --rm --network=none made sha256sum /1 | grep -q "$(sha256sum <"$CONTEXT/large" | cut -d' ' -f1)"
done
coracle system check
END
  mkdir "$BATS_TEST_TMPDIR/small"
  if is_root; then
    wrap=(unshare -m)
  else
    wrap=(unshare -m --map-root-user --map-auto)
    "${wrap[@]}" true || skip "a user namespace cannot be had"
  fi
  SMALL=$BATS_TEST_TMPDIR/small CONTEXT=$context SAID=$BATS_TEST_TMPDIR/said BASE=$BATS_FILE_TMPDIR/base.tar \
    run timeout 200 "${wrap[@]}" bash "$script"
  echo "$output" | tail -30
  assert_equal "$status" 0
}

@test "several builds of the same at once" {
  local count i pids
  echo x >"$context/x"
  dockerfile <<'END'
FROM base AS one
RUN --mount=type=cache,target=/c,id=several sleep 0.2; echo one >/one; echo 1 >>/c/x
FROM base AS two
COPY x /x
RUN sleep 0.1; cat /x >/two
FROM one
COPY --from=two /two /two
RUN cat /one /two >/both
END
  for count in 2 4; do
    pids=()
    for i in $(seq $count); do
      "$CORACLE" build --network=none --build-arg "N=$count" -q -t "made$i" "$context" >"$BATS_TEST_TMPDIR/said$i" 2>&1 3>&- & pids+=($!)
    done
    # And one that makes everything anew meanwhile.
    "$CORACLE" build --network=none --no-cache -q -t anew "$context" >/dev/null 2>&1 3>&- & pids+=($!)
    for i in "${pids[@]}"; do wait "$i" || { cat "$BATS_TEST_TMPDIR"/said*; return 1; }; done
    for i in $(seq $count); do
      run_coracle 0 run --rm --network=none "made$i" cat /both
      assert_equal "$(echo $output)" 'one x'
    done
    run_coracle 0 system check
    echo y$count >>"$context/x"
    [ "$count" -eq 4 ] || echo x >"$context/x"
    coracle rmi -f anew >/dev/null
  done
}

@test "links lead nowhere out of the context" {
  local source
  ln -s "$outside/secret" "$context/absolute"
  ln -s ../outside/secret "$context/relative"
  ln -s absolute "$context/chain"
  ln -s chain "$context/longer"
  ln -s ../outside "$context/directory"
  ln -s directory "$context/second"
  ln -s ../../../../../../../../../../.."$outside" "$context/up"
  ln -s "/proc/self/root$outside" "$context/proc"
  ln -s . "$context/self"
  mkdir "$context/sub"
  ln -s ../../outside "$context/sub/way"
  for source in absolute relative chain longer directory/secret second/secret up/secret proc/secret self/directory/secret \
    sub/way/secret ../outside/secret sub/../../outside/secret 'directory/*' '*/secret' 'up/s*' directory/ second up; do
    dockerfile <<<$'FROM base\nCOPY '"$source"' /taken/'
    # Wildcards may be for nothing.
    run coracle build --network=none -t made "$context"
    [[ $status -eq 125 && $output == *'not found'* ]] || [[ $status -eq 0 && $source == *'*'* ]]
    assert_sealed
    dockerfile <<<$'FROM base\nADD '"$source"' /taken/'
    run coracle build --network=none -t made "$context"
    [ "$status" -eq 125 ] || [[ $source == *'*'* ]]
    assert_sealed
    dockerfile <<<$'FROM base\nRUN --mount=source='"$source"$',target=/m cat /m/* /m >/taken; true'
    run coracle build --network=none -t made "$context"
    assert_sealed
  done
  # In a context with a name likewise.
  mkdir "$BATS_TEST_TMPDIR/named"
  cp -a "$context"/* "$BATS_TEST_TMPDIR/named"
  for source in absolute chain directory/secret ../outside/secret; do
    dockerfile <<<$'FROM base\nCOPY --from=named '"$source"' /taken/'
    build 125 --build-context named="$BATS_TEST_TMPDIR/named"
    assert_sealed
  done
  # The whole of it: links stay links.
  dockerfile <<<$'FROM base\nCOPY . /all\nRUN --mount=target=/m cat /m/absolute /m/relative /m/directory/secret /all/absolute /all/up/secret || true'
  build 0
  assert_sealed
  inside readlink /all/relative
  assert_equal "$output" ../outside/secret
}

@test "a Dockerfile and an ignore file that are links say nothing of where they lead" {
  ln -s "$outside/secret" "$context/.dockerignore"
  dockerfile <<<$'FROM base\nCOPY . /all'
  run coracle build --network=none -t made "$context"
  refute_output 'very secret'
  rm "$context/.dockerignore"
  mkfifo "$context/.dockerignore"
  build 125
  assert_output "'.dockerignore' is not a regular file"
  rm "$context/.dockerignore" "$context/Dockerfile"
  mkfifo "$context/Dockerfile"
  build 125
  assert_output "'Dockerfile' is not a regular file"
  rm "$context/Dockerfile"
  mkdir "$context/Dockerfile"
  build 125
  rmdir "$context/Dockerfile"
  ln -s /dev/zero "$context/Dockerfile"
  build 125
  rm "$context/Dockerfile"
  ln -s "$outside/secret" "$context/Dockerfile"
  build 125
  assert_output 'leads out of the context'
  refute_output 'very secret'
  # One inside is as good as any, and one that is named, too.
  rm "$context/Dockerfile"
  echo 'FROM base' >"$context/other"
  ln -s /other "$context/Dockerfile"
  build 0
  echo 'FROM base' >"$BATS_TEST_TMPDIR/elsewhere"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$context/linked"
  build 0 -f "$context/linked"
  build 0 -f <(echo 'FROM base')
}

@test "odd names, special files and deep directories" {
  hostile names "$context/names"
  hostile special "$context/special"
  dockerfile <<'END'
FROM base
COPY names /names
COPY names/* /again/
COPY special /special
RUN find /names -type f | wc -c >/length; ls /special >/kinds; cat /names/* /again/* | sort -u >/contents
END
  build 0
  build 0
  assert_equal "$(grep -c CACHED <<<"$output")" 5
  inside cat /contents
  assert_equal "$output" "$(printf odd%.0s {1..24})"
  inside sh -c 'test -p /special/fifo && cat /special/file'
  assert_equal "$output" 'a file'
  run_coracle 0 save -o "$BATS_TEST_TMPDIR/made.tar" made
  hostile deep "$context/deep"
  dockerfile <<<$'FROM base\nCOPY names /names'
  build 0
  dockerfile <<<$'FROM base\nCOPY . /x'
  build 125
  assert_output 'File name too long'
  run_coracle 0 system check
  # bats itself cannot remove it.
  rm -rf "$context/deep"
}

@test "archives do not leave the place where they are unpacked" {
  local kind
  hostile archives "$context/archives" "$outside"
  for kind in dots absolute link dotlink chain hard harddots hardlink; do
    dockerfile <<<$'FROM base\nADD archives/'$kind$'.tar /x/\nRUN find /x -type f | xargs -r cat'
    run coracle build --network=none -t made "$context"
    [ "$status" -eq 0 ] || [ "$status" -eq 125 ]
    assert_sealed
  done
  # Links that are there already are no way out either.
  dockerfile <<END
FROM base
RUN mkdir -p /x && ln -s $outside /x/way && ln -s / /y
ADD archives/link.tar /x/
ADD archives/absolute.tar /y/
END
  run coracle build --network=none -t made "$context"
  assert_sealed
  # A device is one for root, and for others left out or refused, but made by nobody.
  dockerfile <<<$'FROM base\nADD archives/device.tar /x/\nRUN ls /x'
  run coracle build --network=none -t made "$context"
  [ "$status" -eq 0 ] || [ "$status" -eq 125 ]
  run_coracle 0 system check
}

@test "a context that changes while it is copied" {
  local i pid
  for i in $(seq 200); do echo "$i" >"$context/f$i"; done
  mkdir "$context/place"
  dockerfile <<<$'FROM base\nCOPY . /all\nRUN --mount=target=/m cat /all/file /all/place/secret /m/file /m/place/secret 2>/dev/null; true'
  hostile race "$context" "$outside" 8 3>&- & pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    run coracle build --network=none -t made "$context"
    [ "$status" -eq 0 ] || [ "$status" -eq 125 ]
    assert_sealed
  done
  wait "$pid" || true
  # Whatever was made of it then, now it is what is there now.
  rm -rf "$context"/{file,place}*
  mkdir "$context/place"
  echo now >"$context/file"
  build 0
  inside cat /all/file
  assert_equal "$output" now
  run_coracle 0 system check
}

@test "a file that changes while it is read is nobody else's result" {
  local i pid
  dockerfile <<<$'FROM base\nCOPY large /large'
  for i in 1 2 3 4 5 6; do
    head -c 4000000 /dev/zero >"$context/large"
    (for _ in $(seq 40); do printf "$RANDOM" | dd of="$context/large" bs=1 seek=3999000 conv=notrunc status=none; done) 3>&- & pid=$!
    run coracle build --network=none -t made "$context"
    wait "$pid"
    run_coracle 0 build --network=none -t made "$context"
    inside sha256sum /large
    assert_equal "${output%% *}" "$(sha256sum <"$context/large" | cut -d' ' -f1)"
  done
}

@test "Dockerfiles that ask for far more than they are large" {
  limits_memory
  local kind
  # Limits on memory of all: the program itself takes some of it.
  for kind in large long too-many-stages growing-argument growing-variable growing-global many-copies wide growing-stages \
    nested ports circle circle-of-copies; do
    hostile dockerfile "$kind" "$context/Dockerfile"
    run bash -c 'ulimit -v 2000000; exec timeout 60 "$0" build --network=none -q --pull=never "$1"' "$CORACLE" "$context"
    [ "$status" -eq 125 ] || { echo "$kind: $status: $output" | cut -c1-500; return 1; }
    refute_output 'bad_alloc|internal|Segmentation'
  done
  for kind in stages instructions stars; do
    hostile dockerfile "$kind" "$context/Dockerfile"
    run bash -c 'ulimit -v 2000000; exec timeout 60 "$0" build --network=none -q "$1"' "$CORACLE" "$context"
    [ "$status" -eq 0 ] || { echo "$kind: $status: $output" | cut -c1-500; return 1; }
  done
}

@test "ignore files that take long to look at" {
  local i pattern
  mkdir "$context/$(printf 'a%.0s' {1..200})"
  for i in $(seq ${KILLS:-100}); do touch "$context/$(printf 'a%.0s' {1..200})/$(printf 'a%.0s' {1..200})$i"; done
  dockerfile <<<$'FROM base\nCOPY . /x'
  for pattern in "$(printf '**/%.0s' {1..500})b" "$(printf '*a%.0s' {1..500})b" "$(printf '?%.0s' {1..4000})" \
    "$(for i in $(seq 2000); do echo "**/a*$i*b"; echo "!**/a*$i*c"; done)" "$(printf '[a-z]*%.0s' {1..300})b"; do
    printf '%s\n' "$pattern" >"$context/.dockerignore"
    TIMEOUT=40 build 0
  done
  printf '[' >"$context/.dockerignore"
  build 125
  head -c 5000000 /dev/zero >"$context/.dockerignore"
  build 125
}

@test "an image cannot ask for the host's environment" {
  local layout=$BATS_TEST_TMPDIR/layout
  coracle push -q base "oci:$layout:x"
  python3 - "$layout" <<'END'
import hashlib, json, pathlib, sys
top = pathlib.Path(sys.argv[1])
def load(digest): return json.loads((top / 'blobs/sha256' / digest.split(':')[1]).read_text())
def save(document, descriptor):
    data = json.dumps(document).encode()
    descriptor['digest'], descriptor['size'] = 'sha256:' + hashlib.sha256(data).hexdigest(), len(data)
    (top / 'blobs/sha256' / descriptor['digest'].split(':')[1]).write_bytes(data)
index = json.loads((top / 'index.json').read_text())
manifest = load(index['manifests'][0]['digest'])
config = load(manifest['config']['digest'])
config['config']['Env'] = ['*', 'HOST_SECRET', 'GOOD=1', '', '=x']
save(config, manifest['config'])
save(manifest, index['manifests'][0])
(top / 'index.json').write_text(json.dumps(index))
END
  dockerfile <<<$'FROM nosy\nRUN env >/env'
  HOST_SECRET=hidden run_coracle 0 build --network=none --build-context "nosy=oci-layout://$layout:x" -t made "$context"
  run_coracle 0 run --rm --network=none made cat /env
  assert_output GOOD=1
  refute_output hidden
}
