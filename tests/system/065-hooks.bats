#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Lifecycle hooks of the OCI runtime specification, chosen by the files of oci-hooks(5).
load helpers

setup_file() { setup_store; }
teardown_file() { teardown_store; }
setup() {
  HOOKS=$BATS_TEST_TMPDIR/hooks
  TRACE=$BATS_TEST_TMPDIR/trace
  mkdir "$HOOKS" "$TRACE"
}
teardown() { remove_containers; }

# hook NAME STAGES WHEN SCRIPT [MORE]: a hook file; the script has its state in $state.
hook() {
  printf '#!/bin/sh\nstate=$(cat)\n%s\n' "$4" > "$HOOKS/$1.sh"
  chmod +x "$HOOKS/$1.sh"
  printf '{"version": "1.0.0", "stages": %s, "when": %s, "hook": {"path": "%s", "args": ["%s", "an argument"]%s}}\n' \
    "$2" "$3" "$HOOKS/$1.sh" "$1" "${5-}" > "$HOOKS/$1.json"
}
with_hooks() { run_coracle "$1" --hooks-dir "$HOOKS" "${@:2}"; }

@test "hooks run at their stages, in their namespaces, with the state" {
  local stage
  for stage in prestart createRuntime createContainer poststart poststop; do
    hook $stage "[\"$stage\"]" '{"always": true}' \
      "echo \"\$state\" > $TRACE/$stage; readlink /proc/self/ns/uts > $TRACE/$stage.uts; hostname > $TRACE/$stage.name"
  done
  with_hooks 0 run --name hooked --annotation key=value --hostname inside --network=none base sh -c 'readlink /proc/self/ns/uts'
  uts=$output
  id=$(coracle inspect --format '{{.Id}}' hooked)
  wait_until 5 test -s "$TRACE/poststop.name"
  for stage in prestart createRuntime createContainer poststart poststop; do
    jq -e --arg id "$id" '.id == $id and .annotations.key == "value" and (.bundle | startswith("/"))' "$TRACE/$stage" >/dev/null
  done
  assert_equal "$(jq -r .status "$TRACE/prestart" "$TRACE/createContainer" "$TRACE/poststart" "$TRACE/poststop" | xargs)" \
    'creating creating running stopped'
  jq -e '.pid > 1' "$TRACE/createRuntime" >/dev/null
  # createContainer sees the container's namespaces and the host's files, the others the host's.
  assert_equal "$(cat "$TRACE/createContainer.uts")" "$uts"
  assert_equal "$(cat "$TRACE/createContainer.name")" inside
  [ "$(cat "$TRACE/prestart.uts")" != "$uts" ]
  [ "$(cat "$TRACE/poststart.uts")" != "$uts" ]
}

@test "a createContainer hook changes the container's mounts" {
  echo 'from the hook' > "$BATS_TEST_TMPDIR/motd"
  hook mounts '["createContainer"]' '{"always": true}' \
    "root=\$(awk '\$5 ~ /merged\$|upper\$/ {print \$5}' /proc/self/mountinfo | tail -1); mount --bind $BATS_TEST_TMPDIR/motd \"\$root/etc/motd\""
  with_hooks 0 run --rm --network=none base cat /etc/motd
  assert_equal "$output" 'from the hook'
}

@test "a startContainer hook runs inside, before the program" {
  cat > "$HOOKS/start.json" <<'JSON'
{"version": "1.0.0", "stages": ["startContainer"], "when": {"always": true},
 "hook": {"path": "/bin/sh", "args": ["sh", "-c", "cat > /state; readlink /proc/self/ns/pid > /ns; echo $WORD > /word"],
          "env": ["WORD=given", "PATH=/bin"]}}
JSON
  with_hooks 0 run --rm --network=none --user 1000 base \
    sh -c 'grep -c created /state; cat /word; [ "$(cat /ns)" = "$(readlink /proc/self/ns/pid)" ] && echo same'
  assert_equal "$(echo $output)" '1 given same'
  with_hooks 0 run --rm --network=none --userns=keep-id base sh -c 'cat /word'
  assert_equal "$output" given
}

@test "a hook that fails keeps the container from running" {
  # What hooks have made can be taken back.
  hook after '["poststop"]' '{"always": true}' "echo \"\$state\" | jq -r .status >> $TRACE/after"
  hook bad '["createRuntime"]' '{"always": true}' 'echo this went wrong >&2; exit 3'
  with_hooks 125 run --name failed --network=none base touch /ran
  assert_output "createRuntime hook '.*/bad.sh': exit code 3: this went wrong"
  assert_equal "$(cat "$TRACE/after")" stopped
  rm "$TRACE/after"
  run_coracle 0 ps -aq --filter status=running
  assert_equal "$output" ''
  hook bad '["startContainer"]' '{"always": true}' 'exit 1'
  with_hooks 125 run --rm --network=none base true
  assert_output "startContainer hook"
  # The program runs already, and is ended.
  rm "$TRACE/after"
  hook bad '["poststart"]' '{"always": true}' 'exit 4'
  with_hooks 125 run --rm --network=none base sleep "$nap"
  assert_output "poststart hook '.*/bad.sh': exit code 4"
  wait_until 5 no_process "[s]leep $nap"
  assert_equal "$(cat "$TRACE/after")" stopped
  run_coracle 0 ps -aq
  assert_equal "$output" "$(coracle ps -aq --filter name=failed)"
}

@test "a hook that does not end is killed at its timeout" {
  hook slow '["prestart"]' '{"always": true}' "echo \$\$ > $TRACE/pid; exec sleep $nap" ', "timeout": 1'
  with_hooks 125 run --rm --network=none base true
  assert_output "did not end within 1 seconds"
  refute is_running_process "$(cat "$TRACE/pid")"
  hook slow '["createContainer"]' '{"always": true}' "echo \$\$ > $TRACE/pid; sleep $nap" ', "timeout": 1'
  with_hooks 125 run --rm --network=none base true
  wait_until 5 sh -c "! pgrep -u $(id -u) -f '[s]leep $nap'"
}

@test "hooks are chosen by annotation, command and mounts" {
  hook chosen '["prestart"]' '{"annotations": {"^want$": "^y"}, "commands": ["true$"]}' "echo \$1 >> $TRACE/runs"
  with_hooks 0 run --rm --network=none base true
  with_hooks 0 run --rm --network=none --annotation want=yes base echo
  with_hooks 0 run --rm --network=none --annotation want=no base true
  [ ! -e "$TRACE/runs" ]
  with_hooks 0 run --rm --network=none --annotation want=yes base true
  assert_equal "$(cat "$TRACE/runs")" 'an argument'
  hook chosen '["prestart"]' '{"hasBindMounts": true}' "echo mounts > $TRACE/mounts"
  with_hooks 0 run --rm --network=none base true
  [ ! -e "$TRACE/mounts" ]
  with_hooks 0 run --rm --network=none --tmpfs /hooks base true
  [ ! -e "$TRACE/mounts" ]
  local volume
  for volume in "$HOOKS:/hooks" named:/hooks /hooks; do
    with_hooks 0 run --rm --network=none -v "$volume" base true
    rm "$TRACE/mounts"
  done
  coracle volume rm named
}

@test "a hook file that is wrong is an error that names it" {
  echo '{"version": "1.0.0", "stages": ["never"], "when": {"always": true}, "hook": {"path": "/bin/true"}}' > "$HOOKS/x.json"
  with_hooks 125 run --rm --network=none base true
  assert_output "hook file '.*/x.json': unknown stage 'never'"
  echo '{"version": "1.0.0"' > "$HOOKS/x.json"
  with_hooks 125 run --rm --network=none base true
  assert_output "x.json"
}
