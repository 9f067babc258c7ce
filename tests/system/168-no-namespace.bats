#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where nothing can be mounted: inside a container with docker's filter, which allows no namespaces either, or with one
# that refuses mounts alone. Who may call chroot(2) runs programs in a chroot; anybody else works with images.
load helpers
load registries

setup_file() {
  setup_store
  chmod 755 "$BATS_FILE_TMPDIR"
  make_hostile_images
  # Modes that lock their owner out, owners that few have, and a link.
  local tree=$BATS_FILE_TMPDIR/closed
  mkdir -p "$tree/closed/deep" "$tree/etc"
  echo hidden >"$tree/etc/shadow"
  echo deep >"$tree/closed/deep/file"
  ln -s deep/file "$tree/closed/link"
  chmod 0000 "$tree/etc/shadow"
  chmod 0555 "$tree/closed" "$tree/closed/deep"
  # The layer has them whoever unpacks it.
  python3 - "$tree" "$BATS_FILE_TMPDIR/closed.tar" <<'END'
import io, sys, tarfile
with tarfile.open(sys.argv[2], 'w') as tar:
    def add(name, kind, mode, uid, gid, data=b'', link=''):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.uid, info.gid, info.size, info.linkname = kind, mode, uid, gid, len(data), link
        tar.addfile(info, io.BytesIO(data))
    add('closed', tarfile.DIRTYPE, 0o555, 0, 0)
    add('closed/deep', tarfile.DIRTYPE, 0o555, 33, 44)
    add('closed/deep/file', tarfile.REGTYPE, 0o644, 33, 44, b'deep\n')
    add('closed/link', tarfile.SYMTYPE, 0o777, 0, 0, link='deep/file')
    add('etc', tarfile.DIRTYPE, 0o755, 0, 0)
    add('etc/shadow', tarfile.REGTYPE, 0o000, 0, 42, b'hidden\n')
END
  chmod -R u+rwX "$tree"
  rm -rf "$tree"
  printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount","umount2","pivot_root","fsopen","fsmount","open_tree",
    "move_mount","mount_setattr"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}' >"$BATS_FILE_TMPDIR/no-mounts.json"
}
teardown_file() {
  stop_servers
  teardown_store
}
teardown() { remove_containers; }

# make_hostile_images: whose own files lead out of them, for those who follow.
make_hostile_images() {
  local name tree
  for name in links dirs; do
    tree=$BATS_FILE_TMPDIR/$name
    cp -a "$ROOTFS" "$tree"
    rm -rf "$tree/dev"
    if [ $name = links ]; then
      mv "$tree/etc" "$tree/settings"
      ln -s /tmp/outside "$tree/etc"
      mkdir -p "$tree/tmp/outside"
      ln -s ../../../../tmp/outside "$tree/dev"
      ln -s /tmp/outside "$tree/run"
      ln -s /tmp/outside/target "$tree/tmp/outside/hosts"
      ln -s ../../../tmp/outside/target "$tree/tmp/outside/resolv.conf"
    else
      mkdir -p "$tree/etc/hosts/below" "$tree/dev/null/below" "$tree/run/.containerenv"
      echo "of the image" >"$tree/dev/file"
    fi
    tar -C "$tree" --owner=0 --group=0 -cf "$BATS_FILE_TMPDIR/$name.tar" .
    rm -rf "$tree"
  done
}

# around [OPTION]... -- COMMAND...: in a container like that of a plain `docker run`; with the profile $filter, if it is set.
around() {
  local options=() taken
  take_binary
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  coracle --log-level error run --rm --network "${network:-none}" "${taken[@]}" -v "$BATS_FILE_TMPDIR:/given:ro" \
    --security-opt "seccomp=${filter:-$BATS_TEST_DIRNAME/../data/runtime/docker-default.json}" --cap-add MKNOD \
    --tmpfs /tmp:exec,mode=1777 --env PATH=/bin:/ --env CORACLE_LOG_LEVEL=error "${options[@]}" base "$@"
}
# in_there TEXT [OPTION]...: a script there, in /tmp; it has the image "base", and naps SECONDS says whether somebody sleeps so long.
in_there() {
  run around "${@:2}" -- sh -ec "cd /tmp; naps() { ps | grep -E \"(root|12345)  *sleep \$1\" >/dev/null; }
    coracle import /given/base.tar base >/dev/null 2>&1; $1"
}
as_root() { in_there "$1"; }
# as_nobody TEXT: the same as a user that nobody has heard of.
as_nobody() { in_there "$1" --user 12345; }

# layers_here CONTEXT OPTION...: the layers of what is built where there are namespaces, with the images "base" and "closed".
layers_here() {
  local -x CORACLE_ROOT=$BATS_TEST_TMPDIR/root
  coracle import "$BATS_FILE_TMPDIR/base.tar" base
  coracle import "$BATS_FILE_TMPDIR/closed.tar" closed
  run_coracle 0 build -q --timestamp 0 --network host -t built "${@:2}" "$1"
  run_coracle 0 inspect --format '{{json .RootFS.Layers}}' built
  local layers=$output
  run_coracle 0 system reset --force
  output=$layers
}

@test "the container around allows neither namespaces nor mounts" {
  run around -- sh -c 'unshare -U true || unshare -m true || mount -t tmpfs none /tmp || echo nothing'
  has_line nothing
}

# make_layers: an image with removed files, and a directory that hides the one below.
make_layers() {
  printf 'FROM base\nRUN rm /etc/motd\nRUN rm -rf /home && mkdir /home && touch /home/new\n' \
    | run_coracle 0 build -q --network none -t layers -
  coracle save -o "$BATS_FILE_TMPDIR/layers.tar" layers
  chmod 644 "$BATS_FILE_TMPDIR/layers.tar"
}
readonly k_unpack='coracle load -i /given/layers.tar >/dev/null
coracle create --name one layers true >/dev/null
coracle export one | tar t | grep -E "^(home|etc/motd|etc/passwd)"'

@test "what layers remove is gone" {
  [ "$STORAGE_DRIVER" != fuse-overlayfs ] || skip 'a store on fuse-overlayfs cannot keep what layers remove'
  make_layers
  local wanted=$'etc/passwd\nhome/\nhome/new'
  as_root "$k_unpack"
  assert_equal "$output" "$wanted"
  as_nobody "exec 2>/dev/null; $k_unpack"
  assert_equal "$output" "$wanted"
}

@test "a store on fuse-overlayfs, which cannot keep what layers remove, says where to put it" {
  if [ ! -w /dev/fuse ] || ! command -v fuse-overlayfs >/dev/null; then skip 'no fuse-overlayfs'; fi
  make_layers
  local STORAGE_DRIVER=fuse-overlayfs
  export STORAGE_DRIVER
  as_root 'coracle --root /store load -i /given/layers.tar 2>&1 || echo "code $?"; coracle images --quiet | wc -l
    coracle --root /tmp/store load -i /given/layers.tar >/dev/null && echo elsewhere'
  ended_with 0
  has_line 'Error: .*cannot create the whiteout of .*'
  has_line 'if the store lies on fuse-overlayfs, put it elsewhere \(--root\), on a volume'
  has_line 'code 125'
  has_line elsewhere
}

# --- Registries.

# registry_round: pushes and pulls the image "closed", whose files have many owners, and says which image came back.
readonly k_round='coracle import /given/closed.tar closed >/dev/null
  coracle push --tls-verify=false closed 127.0.0.1:$PORT/$NAME >/dev/null && echo pushed
  before=$(coracle inspect --format "{{json .RootFS.Layers}}" closed)
  coracle rmi closed >/dev/null
  coracle pull --tls-verify=false 127.0.0.1:$PORT/$NAME >/dev/null && echo pulled
  [ "$before" = "$(coracle inspect --format "{{json .RootFS.Layers}}" 127.0.0.1:$PORT/$NAME)" ] && echo same
  coracle inspect --format "digest {{.Digest}}" 127.0.0.1:$PORT/$NAME'

# round_trip NAME as_root|as_nobody: what came back there is what comes here, with the layers of the tar.
round_trip() {
  local there digest
  network=host "$2" "PORT=${REGISTRY#*:} NAME=$1; $k_round"
  ended_with 0
  has_line pushed
  has_line pulled
  has_line same
  digest=$(sed -n 's/^digest //p' <<<"$output")
  local -x CORACLE_ROOT=$BATS_TEST_TMPDIR/root
  run_coracle 0 pull -q --tls-verify=false "$REGISTRY/$1"
  run_coracle 0 inspect --format '{{.Digest}}' "$REGISTRY/$1"
  assert_equal "$output" "$digest"
  run_coracle 0 inspect --format '{{json .RootFS.Layers}}' "$REGISTRY/$1"
  there=$output
  coracle import "$BATS_FILE_TMPDIR/closed.tar" closed
  run_coracle 0 inspect --format '{{json .RootFS.Layers}}' closed
  assert_equal "$there" "$output"
  run_coracle 0 system reset --force
}

@test "images are pushed and pulled, and stay what they are" {
  start_registry REGISTRY
  round_trip root as_root
  round_trip nobody as_nobody
}

# --- Root: a chroot.

@test "root runs a program in a chroot, and is told so in one line" {
  as_root 'CORACLE_LOG_LEVEL=warn coracle run --rm -e A=b -w /tmp base sh -c "id -u; pwd; echo \$A; cat /etc/motd; ls /given 2>&1; exit 7" || echo "code $?"'
  ended_with 0
  assert_equal "$(grep -c 'nothing can be mounted here: containers are chroots' <<<"$output")" 1
  assert_output $'\n0\n/tmp\nb\nfrom the image\nls: /given: No such file or directory\ncode 7'
}

@test "users, capabilities and filters are as asked for, as far as they can be" {
  as_root '
    coracle run --rm --user web base sh -c "id -u; id -G; grep CapEff /proc/self/status || echo no proc"
    coracle run --rm --cap-drop all base sh -c "chown 33 /etc/motd 2>&1 || echo kept"
    coracle run --rm base sh -c "chown 33:44 /etc/motd && stat -c %u:%g /etc/motd"
    coracle run --rm --ulimit nofile=77:77 base sh -c "ulimit -n"
    coracle run --rm --umask 027 base sh -c umask
    printf "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\",\"mkdirat\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":13}]}" >/tmp/profile
    coracle run --rm --security-opt seccomp=/tmp/profile base sh -c "mkdir /made 2>&1 || echo filtered"
    coracle run --rm base /etc/motd || echo "code $?"
    coracle run --rm base /nothing || echo "code $?"'
  ended_with 0
  has_line 33
  has_line kept
  has_line 33:44
  has_line 77
  has_line 0027
  has_line filtered
  has_line 'code 126'
  has_line 'code 127'
}

@test "what needs namespaces or mounts is refused by name" {
  as_root '
    for option in --network=none --network=bridge --pid=private --ipc=private --uts=private --userns=keep-id --read-only \
      --volume=/tmp:/mnt --volume=data:/mnt --tmpfs=/mnt --mount=type=tmpfs,dst=/mnt --shm-size=1m --device=/dev/null \
      --systemd=always --sysctl=net.core.somaxconn=5 --sysctl=kernel.domainname=x --hostname=other --security-opt=mask=/etc; do
      code=0; coracle run --rm $option base true >/tmp/out 2>&1 || code=$?
      [ $code -eq 125 ] || echo "passed: $option"
      grep -qE "cannot be had: containers are chroots|the Network Namespace is not|host.s uts namespace|UTS namespace" /tmp/out || cat /tmp/out
    done
    coracle pod create 2>&1 || echo "code $?"
    coracle run --pod new:one base true 2>&1 || echo "code $?"
    coracle ps --all --quiet; coracle volume ls --quiet; coracle pod ls --quiet'
  ended_with 0
  assert_equal "$(grep -c '^Error: a pod cannot be had: containers are chroots here' <<<"$output")" 2
  assert_equal "$(grep -v '^Error: a pod\|^Hint\|^code 125\|seccomp' <<<"$output")" ''
}

@test "a directory of the user's own is no root file system, as our files would take the places of its files" {
  as_root '
    mkdir mine
    for command in run create; do coracle $command --rootfs mine true 2>&1 || echo "code $?"; done
    ls -A mine; coracle ps --all --quiet'
  ended_with 0
  assert_equal "$(grep -c '^Error: --rootfs cannot be had: containers are chroots here' <<<"$output")" 2
  assert_equal "$(grep -c '^a seccomp filter, .*--security-opt seccomp=unconfined' <<<"$output")" 2
  assert_equal "$(grep -c '^code 125' <<<"$output")" 2
  assert_equal "$(grep -cv '^Error:\|^a seccomp filter\|^code' <<<"$output")" 0
}

@test "files of the engine are there while it runs, and gone afterwards" {
  as_root '
    run="coracle run"
    $run --name one --add-host there:10.1.2.3 base sh -c "cat /etc/hosts; cat /run/.containerenv; ls -d /dev/shm /etc/resolv.conf; echo x >/etc/mine; echo y >>/etc/hosts; echo z >/dev/left"
    echo ---
    coracle diff one
    coracle export one | tar t | grep -E "dev/|hosts|containerenv|resolv" || echo nothing left
    coracle commit one changed 2>/dev/null >/dev/null
    $run --rm changed cat /etc/mine
    coracle start --attach one >/dev/null && echo again'
  ended_with 0
  has_line '10.1.2.3[[:space:]]+there'
  has_line '/dev/shm'
  has_line 'C /etc'
  has_line 'A /etc/mine'
  has_line 'nothing left'
  has_line x
  has_line again
  assert_equal "$(sed -n '/^---/,$p' <<<"$output" | grep -c '^[ACD] ')" 2
}

# bats test_tags=root
@test "devices are made, and not left" {
  as_root '
    coracle run --name one base sh -c "echo gone >/dev/null && head -c 3 /dev/zero | wc -c && stat -c %t:%T:%a /dev/urandom"
    coracle export one | tar tv | grep "^c" || echo no devices'
  ended_with 0
  has_line 3
  has_line 1:9:666
  has_line 'no devices'
}

@test "a container in the background has a log, takes programs and signals, and ends with all that it has started" {
  as_root '
    exec 2>/tmp/errors
    coracle run -d --name one base sh -c "echo started; (setsid sleep 7654321 &); (setsid sh -c \"(sleep 7654322 &) ; sleep 0\" &); trap \"echo asked; exit 3\" TERM; while :; do sleep 0.1; done" >/dev/null
    until naps 7654321 && naps 7654322; do sleep 0.1; done
    coracle ps --format "{{.Names}} {{.Status}}"
    coracle exec one sh -c "cat /etc/motd; id -u; exit 9" || echo "code $?"
    echo typed | coracle exec -i one cat
    coracle exec -d one sleep 7654323
    until naps 7654323; do sleep 0.1; done
    coracle exec one sh -c "(setsid sleep 7654324 &)"
    naps "7654324" || echo "exec leaves nothing"
    coracle top one | grep -c "sleep 7654321"
    coracle stop one
    coracle logs one
    coracle inspect --format "{{.State.ExitCode}}" one
    for i in $(seq 100); do naps "765432[1234]" || break; sleep 0.1; done
    naps "765432[1234]" || echo all gone
    ps | grep "[{]coracle:" || echo no monitor
    coracle rm one; cat /tmp/errors'
  ended_with 0
  has_line 'one Up .*'
  has_line 'from the image'
  has_line 'code 9'
  has_line typed
  has_line 'exec leaves nothing'
  has_line started
  has_line asked
  has_line 3
  has_line 'all gone'
  has_line 'no monitor'
}

@test "a terminal, an init, a health check and a restart" {
  as_root '
    exec 2>/tmp/errors
    coracle run -t --rm base sh -c "tty; [ -t 0 ] && [ -t 1 ] && echo a terminal"
    coracle run --rm --init base sh -c "echo with an init"
    coracle run -d --name one --health-cmd "cat /etc/motd" --health-interval disable base sleep 7654330 >/dev/null
    coracle healthcheck run one && echo healthy
    coracle rm -f --time 0 one >/dev/null
    coracle run -d --name two --restart on-failure:2 base sh -c "echo turn; (setsid sleep 7654331 &); exit 1" >/dev/null
    coracle wait two
    coracle logs two | grep -c turn
    naps "765433" || echo all gone'
  ended_with 0
  assert_output 'a terminal'
  has_line 'with an init'
  has_line healthy
  has_line 'all gone'
}

@test "what an image has in the places of our files leads nowhere, and is there afterwards" {
  as_root '
    exec 2>&1
    for name in links dirs; do
      mkdir -p /tmp/outside; rm -rf /tmp/outside/*
      coracle import /given/$name.tar $name >/dev/null
      coracle run --name $name $name /bin/sh -c "echo ran" || echo "failed $?"
      ls -A /tmp/outside
      coracle export $name | tar t | sed "s,^\./,,; s,/$,,; /^$/d" | sort >/tmp/after
      tar tf /given/$name.tar | sed "s,^\./,,; s,/$,,; /^$/d" | sort >/tmp/before
      cmp /tmp/before /tmp/after && echo "$name is as it was"
    done'
  ended_with 0
  has_line 'links is as it was'
  has_line 'dirs is as it was'
  assert_equal "$(grep -c '^ran' <<<"$output")" 2
  refute_output failed
  # Nothing has come outside.
  refute_output 'containerenv'
}

@test "a monitor that is killed takes the program with it, and the next look ends the others and puts files back" {
  as_root '
    exec 2>/tmp/errors
    coracle run -d --name one base sh -c "(setsid sleep 7654341 &); exec sleep 7654340" >/dev/null
    until naps 7654341; do sleep 0.1; done
    kill -9 $(coracle inspect --format "{{.State.ConmonPid}}" one)
    for i in $(seq 100); do naps "7654340" || break; sleep 0.1; done
    naps "7654340" || echo gone
    coracle ps --all --quiet >/dev/null
    naps "7654341" || echo its own too
    coracle ps --all --format "{{.Names}} {{.Status}}"
    coracle export one | tar t | grep -E "dev/|etc/hosts|containerenv" || echo nothing left
    coracle start one && coracle exec one cat /etc/motd
    coracle rm -f --time 0 one'
  ended_with 0
  has_line gone
  has_line 'its own too'
  has_line 'one Exited .137.*'
  has_line 'nothing left'
  has_line 'from the image'
}

@test "two at once" {
  as_root '
    exec 2>/tmp/errors
    coracle run --rm base sh -c "echo first >/etc/motd; sleep 1; cat /etc/motd" & a=$!
    coracle run --rm base sh -c "sleep 0.5; cat /etc/motd" & b=$!
    wait $a && wait $b
    coracle ps --all --quiet'
  ended_with 0
  has_line first
  has_line 'from the image'
}

@test "files are copied, also while it runs" {
  as_root '
    exec 2>/tmp/errors
    coracle run -d --name one base sleep 7654350 >/dev/null
    echo in >/tmp/file
    coracle cp /tmp/file one:/etc/copied && coracle exec one cat /etc/copied
    coracle cp one:/etc/motd /tmp/back && cat /tmp/back
    coracle rm -f --time 0 one >/dev/null'
  ended_with 0
  has_line in
  has_line 'from the image'
}

# build_here: makes what the test's Containerfile says, and prints the layers.
readonly k_containerfile='FROM base
COPY --chown=33:44 closed.tar /srv/deep/one
ADD closed.tar /closed
RUN echo run >/etc/run && chown 33:44 /etc/run && mkdir -m 700 /made && rm /etc/motd && test -s /etc/hosts
USER web
RUN id -u >/tmp/user
WORKDIR /home/user/work
ENV A=b
'
readonly k_build='coracle build -q --timestamp 0 --network host -t built -f /tmp/Containerfile /given >/dev/null
coracle inspect --format "{{json .RootFS.Layers}}" built'

@test "a build runs its programs, and gives the image that it gives elsewhere" {
  [ "$STORAGE_DRIVER" != fuse-overlayfs ] || skip 'a store on fuse-overlayfs cannot keep what layers remove'
  printf %s "$k_containerfile" >"$BATS_FILE_TMPDIR/Containerfile"
  as_root "cp /given/Containerfile /tmp/Containerfile; $k_build"
  ended_with 0
  local there=$output
  layers_here "$BATS_FILE_TMPDIR" -f "$BATS_FILE_TMPDIR/Containerfile"
  assert_equal "$there" "$output"
}

@test "a build says what it cannot do" {
  as_root '
    cd /tmp; mkdir context
    for text in "--network=none true" "--mount=type=cache,target=/cache true" "--mount=type=tmpfs,target=/cache true" "--mount=type=bind,target=/cache true"; do
      printf "FROM base\nRUN %s\n" "$text" >Containerfile
      code=0; coracle build -q -f Containerfile context >out 2>&1 || code=$?
      [ $code -ne 0 ] && grep -q "cannot be had: containers are chroots" out || { echo "passed: $text: $code"; cat out; }
    done
    printf "FROM base\nRUN false\n" >Containerfile
    CORACLE_LOG_LEVEL=warn coracle build -q -f Containerfile context 2>&1 || echo "code $?"'
  ended_with 0
  refute_output passed
  assert_output 'containers are chroots'
  has_line 'code [1-9].*'
}

@test "it can be forbidden" {
  as_root '
    export CORACLE_CHROOT_FALLBACK=never
    coracle run --rm base true || echo "code $?"
    printf "FROM base\nRUN true\n" | coracle build -q - || echo "build $?"
    coracle system doctor --format "{{.Rung}}" || echo "doctor $?"
    coracle images --format "{{.Repository}}"'
  ended_with 0
  has_line 'code 125'
  has_line 'build [1-9].*'
  assert_output 'cannot mount anything'
  assert_output 'a seccomp filter, such as that of a container around this one'
  has_line none
  has_line 'doctor 1'
  assert_output 'base'
}

@test "the doctor and info name the rung" {
  as_root '
    coracle system doctor
    coracle info --format "{{.Host.Security.Rung}} {{.Store.GraphDriverName}}"'
  ended_with 0
  assert_output 'limited +user-namespaces: a seccomp filter'
  assert_output 'limited +rung: chroot: '
  has_line 'chroot vfs'
}

# --- Anybody else: images.

@test "a user that may do nothing works with images" {
  as_nobody '
    CORACLE_LOG_LEVEL=warn coracle import /given/closed.tar closed 2>&1
    coracle images --format "{{.Repository}}" 2>/dev/null
    coracle tag closed other; coracle rmi other >/dev/null
    coracle save -o saved closed && coracle load -i saved >/dev/null && echo loaded
    coracle create --name one closed /x >/dev/null
    echo new >new; coracle cp new one:/closed/new; coracle cp one:/closed/deep/file - | tar xO
    coracle cp --archive=false - one:/ </given/closed.tar; coracle export one | tar tv | grep "deep/file"
    coracle diff one
    coracle commit one grown 2>/dev/null >/dev/null && echo committed
    coracle rm one >/dev/null; coracle rmi --all --force >/dev/null; echo removed'
  ended_with 0
  assert_output 'only one id can be used: user namespaces are refused'
  has_line loaded
  has_line deep
  has_line '.* 33/44 .* closed/deep/file'
  has_line 'A /closed/new'
  has_line committed
  has_line removed
}

@test "its layers are those of others: owners and modes that it cannot have are noted" {
  cat >"$BATS_FILE_TMPDIR/Containerfile.copies" <<'END'
FROM closed
COPY --chown=33:44 Containerfile.copies /closed/deep/more
COPY --chmod=000 Containerfile.copies /closed/secret
ADD closed.tar /added
WORKDIR /work
FROM base
COPY --from=0 /closed /closed
COPY --from=0 --chmod=755 /closed/secret /open
COPY --from=0 /etc/shadow /closed/shadow
END
  as_nobody "coracle import /given/closed.tar closed >/dev/null
    coracle build -q --timestamp 0 -t built -f /given/Containerfile.copies /given >/dev/null
    coracle inspect --format '{{json .RootFS.Layers}}' built"
  ended_with 0
  local there=$output
  layers_here "$BATS_FILE_TMPDIR" -f "$BATS_FILE_TMPDIR/Containerfile.copies"
  assert_equal "$there" "$output"
}

@test "to run something is an error that says who refuses" {
  as_nobody '
    coracle run --rm base true || echo "code $?"
    coracle ps --all --quiet 2>/dev/null
    printf "FROM base\nRUN true\n" | coracle build -q - || echo "build $?"
    coracle system doctor || echo "doctor $?"'
  ended_with 0
  has_line 'code 125'
  assert_output 'cannot create a user namespace'
  assert_output 'a seccomp filter, such as that of a container around this one'
  has_line 'build [1-9].*'
  assert_output 'missing +rung: none: '
  has_line 'doctor 1'
}

# --- Mounts alone are refused.

@test "where mounts alone are refused, anybody has chroots, in a user namespace" {
  local filter=$BATS_FILE_TMPDIR/no-mounts.json script='
    CORACLE_LOG_LEVEL=warn coracle run --rm base sh -c "id -u; cat /etc/motd /etc/hosts; exit 7" 2>&1 || echo "code $?"
    coracle run -d --name one base sh -c "echo started; (setsid sleep 7654361 &); trap \"exit 3\" TERM; while :; do sleep 0.1; done" >/dev/null
    until naps 7654361; do sleep 0.1; done
    coracle exec one sh -c "touch /etc/mine && echo joined as \$(id -u)"
    coracle exec -d one sleep 7654362
    until naps 7654362; do sleep 0.1; done
    coracle stop one >/dev/null; coracle inspect --format "ended {{.State.ExitCode}}" one
    naps "765436[12]" || echo all gone
    coracle diff one; coracle rm one >/dev/null
    printf "FROM base\nRUN echo made >/made\n" | coracle build -q -t built - >/dev/null && coracle run --rm built cat /made
    coracle system doctor --format "rung {{.Rung}}"; coracle info --format "info {{.Host.Security.Rung}}"
    coracle system doctor | grep user-namespaces; CORACLE_CHROOT_FALLBACK=never coracle run base true 2>&1 || echo "never $?"
    coracle run --rm -v /tmp:/mnt base true 2>&1 || echo "refused $?"'
  for who in as_root as_nobody; do
    $who "$script"
    ended_with 0
    assert_equal "$(grep -c 'nothing can be mounted here: containers are chroots' <<<"$output")" 1
    has_line 0
    has_line 'from the image'
    has_line 'code 7'
    has_line 'joined as 0'
    has_line 'ended 3'
    has_line 'all gone'
    has_line 'A /etc/mine'
    has_line made
    has_line 'rung chroot'
    has_line 'info chroot'
    has_line 'limited +user-namespaces: nothing can be mounted in them: a seccomp filter.*'
    has_line 'Error: cannot mount anything: Operation not permitted'
    has_line 'never 125'
    has_line "Error: a mount on '/mnt' cannot be had: containers are chroots here"
    has_line 'refused 125'
  done
}

@test "root that may not call chroot(2) itself is root of a user namespace that may" {
  filter=$BATS_FILE_TMPDIR/no-mounts.json in_there '
    coracle run --rm base cat /etc/motd; coracle info --format "{{.Host.Security.Rung}}"' --cap-drop SYS_CHROOT
  ended_with 0
  has_line 'from the image'
  has_line chroot
}

@test "root that could mount, and may not, has chroots where it is" {
  filter=$BATS_FILE_TMPDIR/no-mounts.json in_there '
    coracle run --rm base sh -c "cat /etc/motd; cat /proc/self/status || echo no proc"
    coracle info --format "{{.Host.Security.Rung}} {{.Store.GraphDriverName}}"
    coracle system doctor | grep user-namespaces
    CORACLE_CHROOT_FALLBACK=never coracle run --rm base true 2>&1 || echo "never $?"' --cap-add SYS_ADMIN
  ended_with 0
  has_line 'from the image'
  has_line 'chroot vfs'
  has_line 'limited +user-namespaces: nothing can be mounted in them: a seccomp filter.*'
  has_line 'never 125'
}
