#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers of a user who has one id only: root is emulated, and owners are remembered.
# bats file_tags=user
load helpers

setup_file() {
  # Helpers that refuse are as good as none; their words are shown.
  mkdir "$BATS_FILE_TMPDIR/helpers"
  for name in newuidmap newgidmap; do
    printf '#!/bin/sh\necho "%s: nothing is granted" >&2\nexit 1\n' "$name" >"$BATS_FILE_TMPDIR/helpers/$name"
    chmod 755 "$BATS_FILE_TMPDIR/helpers/$name"
  done
  export MANY_IDS_PATH=$PATH PATH=$BATS_FILE_TMPDIR/helpers:$PATH
  setup_store
}
teardown_file() { teardown_store; }
teardown() {
  remove_containers
  coracle rmi --all --force >/dev/null 2>&1 || true
  coracle import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/base.tar" base 2>/dev/null
}

# run_quietly CODE ARGUMENT...: run_coracle without its warnings.
run_quietly() {
  local expected=$1
  shift
  run_coracle "$expected" --log-level error "$@"
}
# owner_in_image IMAGE PATH: what the topmost layer says.
owner_in_image() {
  local place
  place=$(mktemp -d -p "$BATS_TEST_TMPDIR")
  coracle save --format docker-archive -o "$place/image" "$1" >/dev/null
  python3 - "$place/image" "$2" <<'END'
import json, sys, tarfile
archive, path = tarfile.open(sys.argv[1]), sys.argv[2]
layers = json.load(archive.extractfile('manifest.json'))[0]['Layers']
found = None
for layer in layers:
    for member in tarfile.open(fileobj=archive.extractfile(layer)):
        if member.name.rstrip('/').removeprefix('./') == path:
            found = f'{member.uid}:{member.gid}'
print(found)
END
}

@test "one line says why there is one id only" {
  run_coracle 0 run --rm base cat /proc/self/uid_map
  assert_output 'only one id can be used: .*/newuidmap is neither setuid root nor has it capabilities'
  assert_output "0 +$(id -u) +1( |$)"
  assert_equal "$(grep -c 'only one id' <<<"$output")" 1
}

@test "what only a real root can do is said to be done" {
  run_quietly 0 run --rm base sh -c '
    touch /file && chown 33:33 /file && chgrp 10 /file && chown -h web:web /bin/ls &&
    mknod /device c 1 3 && mknod /disk b 8 0 && [ ! -e /device ] && [ ! -e /disk ] &&
    mknod /fifo p && [ -p /fifo ] &&
    su -s /bin/sh web -c "id -u" && stat -c %u:%g /file'
  assert_equal "$output" $'0\n0:0'
}

@test "a joining process, one under an init and one without privileges to gain have it as well" {
  coracle run -d --name one base sleep 1000
  run_quietly 0 exec one chown 33:33 /etc/motd
  run_quietly 0 run --rm --init base chown 33:33 /etc/motd
  run_quietly 0 run --rm --privileged base chown 33:33 /etc/motd
  run_quietly 0 run --rm --security-opt no-new-privileges base chown 33:33 /etc/motd
  run_quietly 0 run --rm --security-opt seccomp=unconfined base chown 33:33 /etc/motd
}

@test "it is switched off by option, variable and file" {
  run_quietly 1 run --rm --security-opt root-emulation=never base chown 33:33 /etc/motd
  CORACLE_ROOT_EMULATION=never run_quietly 1 run --rm base chown 33:33 /etc/motd
  CORACLE_ROOT_EMULATION=never run_quietly 0 run --rm --security-opt root-emulation=auto base chown 33:33 /etc/motd
  printf '[containers]\nroot_emulation = "never"\n' >"$BATS_TEST_TMPDIR/coracle.conf"
  CORACLE_CONF=$BATS_TEST_TMPDIR/coracle.conf run_quietly 1 run --rm base chown 33:33 /etc/motd
  run_quietly 125 run --rm --security-opt root-emulation=perhaps base true
  assert_output 'expected auto, always or never'
}

@test "with many ids root is not emulated, unless it is asked for" {
  export CORACLE_ROOT=$BATS_TEST_TMPDIR/root PATH=$MANY_IDS_PATH
  coracle import "$BATS_FILE_TMPDIR/base.tar" base
  run_quietly 0 run --rm base sh -c 'chown 33:33 /etc/motd && stat -c %u /etc/motd'
  assert_equal "$output" 33
  run_quietly 0 run --rm --security-opt root-emulation=always base sh -c 'chown 33:33 /etc/motd && stat -c %u /etc/motd'
  assert_equal "$output" 0
  run_coracle 0 system reset --force
}

@test "what a filter of the container's own refuses stays refused" {
  cat >"$BATS_TEST_TMPDIR/profile.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW",
 "syscalls": [{"names": ["chown", "lchown", "fchownat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}
END
  run_quietly 1 run --rm --security-opt seccomp="$BATS_TEST_TMPDIR/profile.json" base chown 33:33 /etc/motd
  assert_output 'Permission denied'
}

@test "an image's user that cannot be had is root without rights" {
  printf 'FROM base\nUSER web\nRUN id -u >/tmp/built\nCMD ["sh", "-c", "id -u; echo $HOME; grep CapEff /proc/self/status"]\n' \
    | run_coracle 0 build -q -t web -
  run_coracle 0 run --rm web
  assert_output "with one id there is no user 'web'"
  assert_output $'\n0\n/var/empty\nCapEff:\t0000000000000000'
  coracle run -d --name one base sleep 1000
  run_quietly 0 exec --user 1000 one sh -c 'id -u; grep CapEff /proc/self/status'
  assert_equal "$output" $'0\nCapEff:\t0000000000000000'
}

@test "two at once" {
  local first second
  coracle --log-level error run --rm base sh -c 'chown 33 /etc/motd && sleep 1' & first=$!
  coracle --log-level error run --rm base chown 33 /etc/motd & second=$!
  wait $first
  wait $second
}

@test "owners of a pulled image come out as they were" {
  mkdir "$BATS_TEST_TMPDIR/tree"
  echo web >"$BATS_TEST_TMPDIR/tree/file"
  tar -C "$BATS_TEST_TMPDIR/tree" --owner=33 --group=44 -cf "$BATS_TEST_TMPDIR/owned.tar" .
  coracle import "$BATS_TEST_TMPDIR/owned.tar" owned
  assert_equal "$(owner_in_image owned file)" 33:44
  local layer
  layer=$(coracle inspect --format '{{index .RootFS.Layers 0}}' owned)
  assert_equal "$layer" "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/owned.tar" | cut -d' ' -f1)"
  # Changed in a container, the file is in the new layer with its owner.
  printf 'FROM base\nCOPY --from=owned /file /file\n' >"$BATS_TEST_TMPDIR/Containerfile"
  run_quietly 0 build -q -t taken "$BATS_TEST_TMPDIR"
  assert_equal "$(owner_in_image taken file)" 33:44
  coracle run --name changes taken sh -c 'echo more >>/file'
  run_quietly 0 commit changes changed
  assert_equal "$(owner_in_image changed file)" 33:44
}

@test "a build gives files to their owners, and the same image as with many ids" {
  local context=$BATS_TEST_TMPDIR/context
  mkdir -p "$context/directory"
  echo one >"$context/one"
  echo two >"$context/directory/two"
  cat >"$context/Containerfile" <<'END'
FROM base
COPY --chown=33:44 one /srv/deep/one
COPY --chown=web directory /srv/directory
COPY --chown=0:0 one /root-one
ADD --chown=1000 one /added
USER user
WORKDIR /home/user/work
END
  run_quietly 0 build -q --timestamp 0 -t owned "$context"
  local single=$output
  assert_equal "$(owner_in_image owned srv/deep/one)" 33:44
  assert_equal "$(owner_in_image owned srv/directory)" 33:33
  assert_equal "$(owner_in_image owned srv/directory/two)" 33:33
  assert_equal "$(owner_in_image owned root-one)" 0:0
  assert_equal "$(owner_in_image owned added)" 1000:1000
  assert_equal "$(owner_in_image owned home/user/work)" 1000:1000
  # Given back to root, it is root's.
  printf 'FROM base\nCOPY --from=owned --chown=0:0 /srv/deep/one /one\n' >"$context/Containerfile.back"
  run_quietly 0 build -q -t back -f "$context/Containerfile.back" "$context"
  assert_equal "$(owner_in_image back one)" 0:0

  export CORACLE_ROOT=$BATS_TEST_TMPDIR/root PATH=$MANY_IDS_PATH
  coracle import --change 'CMD ["/bin/sh"]' "$BATS_FILE_TMPDIR/base.tar" base
  run_quietly 0 build -q --timestamp 0 -t owned "$context"
  local layers='{{json .RootFS.Layers}}'
  local many
  many=$(coracle inspect --format "$layers" owned)
  run_quietly 0 system reset --force
  export CORACLE_ROOT=$BATS_FILE_TMPDIR/root PATH=$BATS_FILE_TMPDIR/helpers:$PATH
  assert_equal "$(coracle --log-level error inspect --format "$layers" owned)" "$many"
  [ -n "$single" ]
}

@test "secrets and caches of a build that are somebody's are there" {
  echo hidden >"$BATS_TEST_TMPDIR/secret"
  cat >"$BATS_TEST_TMPDIR/Containerfile" <<'END'
FROM base
RUN --mount=type=secret,id=key,uid=33,gid=33 --mount=type=cache,target=/cache,uid=33 \
    cat /run/secrets/key && touch /cache/file && chown 33 /etc/motd
END
  run_quietly 0 build --no-cache --secret id=key,src="$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR"
  assert_output hidden
}

@test "a volume on the directory of apt's settings gets no file of ours" {
  mkdir -p "$BATS_TEST_TMPDIR/tree/etc/apt/apt.conf.d" "$BATS_TEST_TMPDIR/volume/apt.conf.d"
  cp -a "$ROOTFS/bin" "$BATS_TEST_TMPDIR/tree/"
  tar -C "$BATS_TEST_TMPDIR/tree" -cf "$BATS_TEST_TMPDIR/apt.tar" .
  run_quietly 0 import "$BATS_TEST_TMPDIR/apt.tar" apt
  run_quietly 0 run --rm apt /bin/ls /etc/apt/apt.conf.d
  assert_output 99root-emulation
  run_quietly 0 run --rm -v "$BATS_TEST_TMPDIR/volume:/etc/apt" apt /bin/ls /etc/apt/apt.conf.d
  assert_equal "$output" ''
  assert_equal "$(ls "$BATS_TEST_TMPDIR/volume/apt.conf.d")" ''
  run_quietly 0 run --name looked apt /bin/true
  run_quietly 0 diff looked
  refute_output apt
}

# make_package NAME VERSION: in the repository $REPOSITORY, with scripts that make a user and give files away.
make_package() {
  local tree=$BATS_TEST_TMPDIR/$1
  mkdir -p "$tree/DEBIAN" "$tree/var/lib/$1" "$tree/usr/bin"
  cat >"$tree/DEBIAN/control" <<END
Package: $1
Version: $2
Architecture: all
Maintainer: Nobody <nobody@example.org>
Depends: adduser
Description: gives its files away
END
  cat >"$tree/DEBIAN/postinst" <<END
#!/bin/sh
set -e
adduser --system --group --home /var/lib/$1 --no-create-home --quiet $1
groupadd -f $1-extra
usermod -a -G $1-extra $1
chown $1:$1 /var/lib/$1
chgrp $1-extra /usr/bin/$1
chmod 2755 /usr/bin/$1
install -o $1 -g $1 -m 640 /dev/null /var/lib/$1/state
mknod /var/lib/$1/null c 1 3
dpkg-statoverride --update --add root $1 0710 /var/lib/$1
END
  printf '#!/bin/sh\necho hello from %s\n' "$1" >"$tree/usr/bin/$1"
  chmod 755 "$tree/DEBIAN/postinst" "$tree/usr/bin/$1"
  tar -C "$tree" --owner=0 --group=0 -cf /dev/null .
  dpkg-deb --root-owner-group --build "$tree" "$REPOSITORY/$1.deb" >/dev/null
  {
    dpkg-deb -f "$REPOSITORY/$1.deb"
    printf 'Filename: ./%s.deb\nSize: %s\nSHA256: %s\n\n' "$1" "$(stat -c %s "$REPOSITORY/$1.deb")" \
      "$(sha256sum <"$REPOSITORY/$1.deb" | cut -d' ' -f1)"
  } >>"$REPOSITORY/Packages"
}

@test "apt-get installs packages that make users and give files away, in a build and in a container" {
  [ -n "${DEBIAN_PROGRAMS:-}" ] || skip 'set DEBIAN_PROGRAMS to the tar of a Debian root file system'
  TIMEOUT=300
  REPOSITORY=$BATS_TEST_TMPDIR/repository
  mkdir "$REPOSITORY"
  make_package giver 1.0
  make_package taker 2.0
  coracle import "$DEBIAN_PROGRAMS" debian
  printf 'deb [trusted=yes] copy:/repository ./\n' >"$BATS_TEST_TMPDIR/only.list"
  local install='apt-get -o Dir::Etc::sourcelist=/only.list -o Dir::Etc::sourceparts=/none'
  cat >"$BATS_TEST_TMPDIR/Containerfile" <<END
FROM debian
COPY only.list /only.list
COPY repository /repository
RUN $install update && $install install -y giver && giver
END
  run_quietly 0 build --network none -t installed "$BATS_TEST_TMPDIR"
  assert_output 'hello from giver'
  # Nothing that helped is left in the image.
  run_quietly 0 run --rm --network none --security-opt root-emulation=never installed sh -c \
    'ls /etc/apt/apt.conf.d; id -un giver; stat -c %a /var/lib/giver'
  refute_output root-emulation
  assert_output giver
  assert_output 710
  run_quietly 0 run --name grown --network none installed sh -c "$install update && $install install -y taker && taker"
  assert_output 'hello from taker'
  run_quietly 0 diff grown
  assert_output '/usr/bin/taker'
  refute_output root-emulation
  run_quietly 0 commit grown grown
  run_quietly 0 run --rm --network none grown sh -c 'taker && apt-config dump APT::Sandbox::User'
  assert_output 'hello from taker'
  assert_output 'APT::Sandbox::User "root"'
  # Without it, it does not work: what makes the test fail when it is not there.
  run_quietly 100 run --rm --network none --security-opt root-emulation=never debian sh -c \
    "mkdir -p /repository && touch /repository/Packages && echo 'deb [trusted=yes] copy:/repository ./' >/only.list && $install update"
}
