# SPDX-License-Identifier: Apache-2.0
# Loaded by tests of the OCI runtime: a bundle for each test, and the runtime's states, $OCI_ROOT.

# begin_bundles: call from setup_file.
begin_bundles() {
  export ROOTFS=$BATS_FILE_TMPDIR/rootfs OCI_ROOT=$BATS_FILE_TMPDIR/states
  export RUNTIME=$BATS_FILE_TMPDIR/coracle-oci
  make_rootfs "$ROOTFS"
  ln -s "$CORACLE" "$RUNTIME"
}
# end_bundles: call from teardown_file. Fails if anything of the file's tests is left behind.
end_bundles() {
  local leaks
  leaks=$(pgrep -u "$(id -u)" -f -a "$BATS_FILE_TMPDIR/(states|rootfs)" || true)
  [ -z "$leaks" ] || { printf '# left running: %s\n' "$leaks" >&2; return 1; }
  [ ! -e "$OCI_ROOT" ] || [ -z "$(ls "$OCI_ROOT")" ]
}
# make_bundle: call from setup. Sets $bundle and $id.
make_bundle() {
  bundle=$BATS_TEST_TMPDIR/bundle
  mkdir "$bundle"
  oci spec --bundle "$bundle" $(is_root || echo --rootless)
  # A path that a bundle shares, a program without a terminal.
  change '.root.path = $root | .process.terminal = false' --arg root "$ROOTFS"
  id=c$RANDOM$BATS_TEST_NUMBER
}
remove_bundles() {
  local name
  for name in $(oci list -q); do oci delete --force "$name"; done
}

oci() { timeout --kill-after=5 "$TIMEOUT" "$RUNTIME" --root "$OCI_ROOT" "$@"; }
# run_oci CODE ARGUMENT...: as run_coracle.
run_oci() {
  local expected=$1
  shift
  run oci "$@"
  [ "$status" -eq "$expected" ] && return
  printf '# coracle-oci %s\n# exit code %s, expected %s\n%s\n' "$*" "$status" "$expected" "$output" >&2
  return 1
}
# change FILTER [OPTIONS OF JQ...]: of the bundle's configuration.
change() {
  jq "${@:2}" "$1" "$bundle/config.json" >"$bundle/new.json"
  mv "$bundle/new.json" "$bundle/config.json"
}
# program WORD...: what the container runs.
program() { change '.process.args = $words' --argjson words "$(jq -nc '$ARGS.positional' --args -- "$@")"; }
# begin: the container, with its program running, in the background; its output is in $bundle/out.
begin() {
  oci create --bundle "$bundle" "$id" >"$bundle/out" 2>&1 </dev/null 3>&-
  oci start "$id"
}
status_is() { [ "$(oci state "$id" | jq -r .status)" = "$1" ]; }
pid_of() { oci state "$id" | jq .pid; }
