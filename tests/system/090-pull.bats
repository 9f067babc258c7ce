#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pulling: names, tags, digests, platforms, policies, short names, mirrors, other tools' images.
load helpers
load registries

setup_file() {
  setup_store
  own_settings
  start_registry PLAIN
  export LAYOUT=$BATS_FILE_TMPDIR/layout
  # Three layers, the last two with something in them that does not compress.
  coracle run --network=none --name maker base sh -c 'head -c 3000000 /dev/urandom >/etc/random; rm /etc/motd'
  coracle commit -q maker middle
  coracle rm maker
  coracle run --network=none --name maker middle sh -c 'head -c 2000000 /dev/urandom >/root/more; ln /etc/random /root/same'
  coracle commit -q maker app
  coracle rm maker
  coracle push --quiet --tls-verify=false app "$PLAIN/team/app:1.0"
  coracle push --quiet --tls-verify=false base "$PLAIN/team/app:0.9"
  coracle push --quiet --tls-verify=false app "oci:$LAYOUT:1.0"
  coracle rmi -f app middle >/dev/null
}
teardown_file() {
  stop_servers
  teardown_store
}
teardown() {
  remove_containers
  keep_only_base
  : >"$CONTAINERS_REGISTRIES_CONF"
}

pull() { run_coracle "$1" pull --tls-verify=false --retry-delay 10ms "${@:2}"; }

@test "pull by tag: the id on standard output, the rest on standard error" {
  run --separate-stderr coracle pull --tls-verify=false "$PLAIN/team/app:1.0"
  [ "$status" -eq 0 ]
  [[ $output =~ ^[0-9a-f]{64}$ ]]
  [[ $stderr =~ "Trying to pull $PLAIN/team/app:1.0..." ]]
  [[ $stderr =~ 'Copying blob sha256:' ]]
  [[ $stderr =~ 'Writing manifest to image destination' ]]
  id=$output
  run_coracle 0 run --rm --network=none "$PLAIN/team/app:1.0" sh -c 'cmp /etc/random /root/same && [ ! -e /etc/motd ] && echo whole'
  assert_equal "$output" whole
  # Again: nothing is fetched.
  pull 0 "$PLAIN/team/app:1.0"
  assert_equal "$(grep -c 'already exists' <<<"$output")" 4
  run --separate-stderr coracle pull -q --tls-verify=false "$PLAIN/team/app:1.0"
  assert_equal "$output" "$id"
  assert_equal "$stderr" ""
  no_leftovers
}

@test "pull by digest, by tag and digest, and several at once" {
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$PLAIN/team/app:1.0")
  pull 0 -q "$PLAIN/team/app@$digest"
  run_coracle 0 images --format '{{.Repository}} {{.Tag}} {{.Digest}}' --filter "reference=$PLAIN/team/app"
  run_coracle 0 images --format '{{.Repository}} {{.Tag}} {{.Digest}}'
  assert_output "$PLAIN/team/app <none> $digest"
  run_coracle 0 image inspect --format '{{.RepoTags}} {{.RepoDigests}}' "$PLAIN/team/app@$digest"
  assert_equal "$output" "[] [$PLAIN/team/app@$digest]"
  run_coracle 0 run --rm --network=none "$PLAIN/team/app@$digest" true
  # The digest counts, whatever the tag says.
  pull 0 -q "$PLAIN/team/app:0.9@$digest"
  run_coracle 0 rmi "$PLAIN/team/app@$digest"
  pull 0 -q "$PLAIN/team/app:1.0" "$PLAIN/team/app:0.9"
  assert_equal "${#lines[@]}" 2
  pull 125 "$PLAIN/team/app@sha256:$(printf '0%.0s' {1..64})"
  assert_output 'manifest unknown'
  pull 125 "$PLAIN/team/app:nothing" "$PLAIN/team/app:1.0"
  assert_output 'manifest unknown'
}

@test "pull --all-tags" {
  pull 0 -q --all-tags "$PLAIN/team/app"
  assert_equal "${#lines[@]}" 2
  run_coracle 0 images --format '{{.Tag}}' --filter "reference=$PLAIN/team/app"
  run_coracle 0 image exists "$PLAIN/team/app:0.9"
  run_coracle 0 image exists "$PLAIN/team/app:1.0"
  pull 125 --all-tags "$PLAIN/team/app:1.0"
  assert_output 'without tag'
}

@test "pull policies" {
  pull 125 --policy never "$PLAIN/team/app:1.0"
  assert_output 'image not known'
  pull 0 -q --policy missing "$PLAIN/team/app:1.0"
  first=$output
  # Meanwhile the tag moves.
  coracle push -q --tls-verify=false base "$PLAIN/team/moving:1"
  pull 0 -q "$PLAIN/team/moving:1"
  old=$output
  coracle push -q --tls-verify=false "$PLAIN/team/app:1.0" "$PLAIN/team/moving:1"
  pull 0 -q --policy missing "$PLAIN/team/moving:1"
  assert_equal "$output" "$old"
  pull 0 -q --policy never "$PLAIN/team/moving:1"
  assert_equal "$output" "$old"
  pull 0 -q --policy newer "$PLAIN/team/moving:1"
  assert_equal "$output" "$first"
  pull 0 --policy newer "$PLAIN/team/moving:1"
  refute_output 'Copying'
  # Nobody answers: what is here will do.
  coracle tag "$PLAIN/team/moving:1" 127.0.0.1:1/moving:1
  pull 0 --retry 0 --policy newer 127.0.0.1:1/moving:1
  assert_output "$first"
  pull 125 --retry 0 --policy newer 127.0.0.1:1/other:1
  pull 125 --policy sometimes "$PLAIN/team/app:1.0"
  assert_output 'unsupported pull policy'
}

@test "run and create pull what is missing, and only then" {
  run_coracle 0 run --rm --network=none --tls-verify=false "$PLAIN/team/app:1.0" cat /etc/hostname
  assert_output 'Trying to pull'
  run_coracle 0 run --rm --network=none "$PLAIN/team/app:1.0" echo here
  assert_equal "$output" here
  run_coracle 0 run -q --pull=always --rm --network=none --tls-verify=false "$PLAIN/team/app:1.0" echo asked
  assert_equal "$output" asked
  run_coracle 0 rmi "$PLAIN/team/app:1.0"
  run_coracle 125 run --rm --network=none --pull=never "$PLAIN/team/app:1.0" true
  assert_output 'image not known'
  run_coracle 0 create -q --tls-verify=false --network=none --name made "$PLAIN/team/app:1.0" echo made
  run_coracle 0 start -a made
  assert_equal "$output" made
  run_coracle 125 run --rm --network=none --tls-verify=false --retry 0 "$PLAIN/team/nothing" true
  assert_output 'manifest unknown|name unknown'
  no_leftovers
}

@test "without --tls-verify=false a registry without TLS is refused, with a hint" {
  run_coracle 125 pull --retry 0 "$PLAIN/team/app:1.0"
  assert_output 'does not speak HTTPS'
  assert_output 'tls-verify=false'
  run_coracle 125 pull --retry 0 127.0.0.1:1/x
  assert_output 'cannot connect to 127.0.0.1:1: Connection refused'
  run_coracle 125 pull --retry 0 nothing.invalid/x
  assert_output "cannot look up host 'nothing.invalid'"
  run_coracle 125 pull 'Upper'
  assert_output 'must be lowercase|invalid reference format'
  run_coracle 125 pull --retry 2 --retry-delay 10ms 127.0.0.1:1/x
  assert_output 'retrying in .* \(1/2\)'
  assert_output 'retrying in .* \(2/2\)'
}

@test "registries.conf: short names, aliases, insecure, blocked, prefix and location" {
  cat >"$CONTAINERS_REGISTRIES_CONF" <<EOF
unqualified-search-registries = ["127.0.0.1:1", "$PLAIN"]
short-name-mode = "permissive"
[aliases]
"nick" = "$PLAIN/team/app"
[[registry]]
location = "$PLAIN"
insecure = true
[[registry]]
prefix = "example.test/apps"
location = "$PLAIN/team"
insecure = true
[[registry]]
location = "blocked.test"
blocked = true
EOF
  run_coracle 0 pull -q --retry 0 team/app:1.0
  run_coracle 0 image exists "$PLAIN/team/app:1.0"
  run_coracle 0 pull -q nick:0.9
  run_coracle 0 image exists "$PLAIN/team/app:0.9"
  run_coracle 0 pull -q example.test/apps/app:1.0
  run_coracle 0 image exists example.test/apps/app:1.0
  run_coracle 125 pull blocked.test/app
  assert_output 'blocked.test is blocked in registries.conf'
  run_coracle 125 pull --retry 0 team/nothing
  assert_output '2 errors occurred while pulling'
  assert_output '127.0.0.1:1/team/nothing'
  sed -i 's/permissive/enforcing/' "$CONTAINERS_REGISTRIES_CONF"
  run_coracle 125 pull team/app:1.0
  assert_output 'did not resolve to an alias'
  echo 'unqualified-search-registries = 7' >"$CONTAINERS_REGISTRIES_CONF"
  run_coracle 125 pull team/app
  assert_output 'unqualified-search-registries'
}

@test "mirrors: tried first, by digest or tag only, the registry itself last" {
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$PLAIN/team/app:1.0")
  cat >"$CONTAINERS_REGISTRIES_CONF" <<EOF
[[registry]]
location = "127.0.0.1:1"
[[registry.mirror]]
location = "$PLAIN"
insecure = true
[[registry]]
prefix = "digests.test"
location = "127.0.0.1:1"
[[registry.mirror]]
location = "$PLAIN"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
prefix = "dead.test"
location = "$PLAIN"
insecure = true
[[registry.mirror]]
location = "127.0.0.1:1"
EOF
  run_coracle 0 pull -q --retry 0 127.0.0.1:1/team/app:1.0
  run_coracle 0 image exists 127.0.0.1:1/team/app:1.0
  run_coracle 125 pull -q --retry 0 digests.test/team/app:1.0
  assert_output 'Connection refused'
  run_coracle 0 pull -q --retry 0 "digests.test/team/app@$digest"
  run_coracle 0 pull --retry 0 dead.test/team/app:1.0
  assert_output 'mirror 127.0.0.1:1/team/app'
}

@test "policy.json: accepted, rejected, and what asks for signatures" {
  policy=$XDG_CONFIG_HOME/containers/policy.json
  cp "$policy" "$BATS_TEST_TMPDIR/policy.json"
  run_coracle 0 image trust set --type reject "$PLAIN/team"
  pull 125 "$PLAIN/team/app:1.0"
  assert_output 'is rejected by policy'
  run_coracle 0 image trust show
  assert_output "repository +$PLAIN/team +reject"
  run_coracle 0 image trust set --type accept "$PLAIN/team/app"
  pull 0 -q "$PLAIN/team/app:1.0"
  echo '{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"}]}' >"$policy"
  pull 125 "$PLAIN/team/app:1.0"
  assert_output 'signatures cannot be verified yet'
  run_coracle 125 image trust set --type signedBy example.test
  assert_output 'not supported'
  cp "$BATS_TEST_TMPDIR/policy.json" "$policy"
}

@test "platforms of an index" {
  run_coracle 0 import -q --arch arm64 --variant v8 "$BATS_FILE_TMPDIR/base.tar" local:arm
  run_coracle 0 import -q --message amd --arch amd64 "$BATS_FILE_TMPDIR/base.tar" local:amd
  run_coracle 0 manifest create multi:1 local:arm local:amd
  run_coracle 0 manifest push -q --tls-verify=false multi:1 "$PLAIN/team/multi:1"
  run_coracle 0 manifest rm multi:1
  pull 0 -q --platform linux/arm64 "$PLAIN/team/multi:1"
  run_coracle 0 image inspect --format '{{.Architecture}}' "$PLAIN/team/multi:1"
  assert_equal "$output" arm64
  pull 0 -q --arch amd64 "$PLAIN/team/multi:1"
  run_coracle 0 image inspect --format '{{.Architecture}}' "$PLAIN/team/multi:1"
  assert_equal "$output" amd64
  index=$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/team/multi:1" | sha256sum | cut -d' ' -f1)
  run_coracle 0 image inspect --format '{{join .RepoDigests "\n"}}' "$PLAIN/team/multi:1"
  assert_output "team/multi@sha256:$index"
  pull 0 -q "$PLAIN/team/multi@sha256:$index"
  pull 125 --platform linux/s390x "$PLAIN/team/multi:1"
  assert_output 'no image found in image index for architecture "s390x"'
  pull 125 --platform linux/amd64 --arch arm64 "$PLAIN/team/multi:1"
  assert_output 'can not be specified with'
}

@test "images of other tools, by every transport" {
  local image=$BATS_TEST_TMPDIR/image
  skopeo copy -q "oci:$LAYOUT:1.0" "docker-archive:$image.docker:made/elsewhere:1"
  skopeo copy -q "oci:$LAYOUT:1.0" "oci-archive:$image.oci:made/elsewhere:2"
  skopeo copy -q "oci:$LAYOUT:1.0" "dir:$image.dir"
  for source in "docker-archive:$image.docker" "oci-archive:$image.oci" "oci:$LAYOUT:1.0" "dir:$image.dir" \
    "docker-archive:$image.docker:made/elsewhere:1"; do
    run_coracle 0 pull -q "$source"
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    run_coracle 0 run --rm --network=none "$output" sh -c 'cmp /etc/random /root/same && echo whole'
    assert_equal "$output" whole
  done
  run_coracle 0 image exists docker.io/made/elsewhere:1
  run_coracle 0 image exists localhost/made/elsewhere:2
  run_coracle 0 load -i "$image.dir"
  run_coracle 125 pull "docker-archive:$image.docker:made/other"
  assert_output 'there is no image'
  run_coracle 125 pull "oci:$BATS_TEST_TMPDIR/nothing"
  assert_output 'index.json'
  run_coracle 125 pull "docker-archive:"
  assert_output 'nothing behind the transport'
  DOCKER_HOST=unix:///nothing/here run_coracle 125 pull docker-daemon:debian:12
  assert_output "cannot connect to '/nothing/here'"
}

@test "podman's and skopeo's pushes are pulled" {
  local store=(--root "$BATS_TEST_TMPDIR/podman" --runroot "$BATS_TEST_TMPDIR/podman-run" --storage-driver vfs)
  podman "${store[@]}" pull -q --tls-verify=false "$PLAIN/team/app:1.0" >/dev/null
  podman "${store[@]}" push -q --tls-verify=false --format v2s2 "$PLAIN/team/app:1.0" "$PLAIN/podman/app:docker"
  podman "${store[@]}" push -q --tls-verify=false --format oci --compression-format zstd "$PLAIN/team/app:1.0" "$PLAIN/podman/app:zstd"
  skopeo copy -q --dest-tls-verify=false --format v2s2 "oci:$LAYOUT:1.0" "docker://$PLAIN/skopeo/app:docker"
  podman unshare rm -rf "$BATS_TEST_TMPDIR/podman" 2>/dev/null || rm -rf "$BATS_TEST_TMPDIR/podman"
  for name in podman/app:docker podman/app:zstd skopeo/app:docker; do
    pull 0 -q "$PLAIN/$name"
    run_coracle 0 run --rm --network=none "$PLAIN/$name" sh -c 'cmp /etc/random /root/same && echo whole'
    assert_equal "$output" whole
    # What was pulled goes out as it came in.
    before=$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/$name" | sha256sum)
    run_coracle 0 push -q --tls-verify=false "$PLAIN/$name" "$PLAIN/back/$name"
    assert_equal "$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/back/$name" | sha256sum)" "$before"
  done
}

@test "on a terminal there are bars" {
  run in_terminal '' "$CORACLE" pull --tls-verify=false "$PLAIN/team/app:1.0"
  [ "$status" -eq 0 ]
  assert_output 'Copying blob [0-9a-f]{12} done'
  assert_output '/s'
}

@test "equal layers of one image" {
  local dir=$BATS_TEST_TMPDIR layout=$BATS_TEST_TMPDIR/layout name
  # Neither the root nor the directory is in the tars: both are looked up below.
  mkdir "$dir/a"
  head -c 3000000 /dev/zero >"$dir/a/one"
  head -c 2000000 /dev/zero >"$dir/a/two"
  for name in one two; do tar -C "$dir" -cf "$dir/$name.tar" "a/$name"; done
  python3 "$BATS_TEST_DIRNAME/make_layout.py" "$layout" equal:1 application/vnd.oci.image.layer.v1.tar \
    "$dir"/{one,two,two,two,two,two,one,one}.tar
  for _ in 1 2 3 4 5; do
    TIMEOUT=20 run_coracle 0 pull -q "oci:$layout:equal:1"
    run_coracle 0 rmi -f "$output"
  done
  tar -C "$layout" -cf "$BATS_TEST_TMPDIR/layout.tar" .
  TIMEOUT=20 run_coracle 0 pull -q "oci-archive:$BATS_TEST_TMPDIR/layout.tar"
}
