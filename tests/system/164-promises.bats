#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What coracle-security(7) promises of a container that nobody has given more: system calls, capabilities, masks, and
# what it learns of the host.
load helpers
load attacks

setup_file() {
  setup_store
  make_probe
  make_hostile_rootfs "$BATS_FILE_TMPDIR/probed"
  import_hostile "$BATS_FILE_TMPDIR/probed" probed
}
teardown_file() { teardown_store; }
teardown() { remove_containers; }

inside() { run_coracle 0 run --rm --network=none "$@"; }
holder() { coracle run -d --name holder --network=none "$@" sleep "$nap" >/dev/null; }

# What only the kernel's owner may do, and ways in that have been holes before. Answered as if they were not there, or
# not permitted.
k_refused='add_key request_key bpf userfaultfd io_uring_setup perf_event_open fanotify_init quotactl lookup_dcookie acct
unshare_mount unshare_net setns mount umount remount pivot_root open_tree fsopen move_mount mount_setattr mknod_disk sethostname
clock_settime reboot swapon finit_module delete_module kexec_load open_by_handle_at'

# assert_refused LINES NAME...: each of them has one of the two answers.
assert_refused() {
  local lines=$1 name
  shift
  for name in "$@"; do
    grep -qE "^$name (EPERM|ENOSYS)$" <<<"$lines" || { printf '# %s\n' "$(grep "^$name " <<<"$lines" || echo "$name: no answer")" >&2; return 1; }
  done
}

@test "system calls that are none of a container's business" {
  inside probed /probe calls
  refute_output 'killed by'
  assert_refused "$output" $k_refused
  if [ "$(uname -m)" == x86_64 ]; then assert_refused "$output" iopl; fi
  # As podman's: debuggers work, and user namespaces, in which nothing of the above is right.
  assert_output $'\nptrace 0'
  assert_output 'unshare_user 0'
  assert_output 'keyctl 0'
  # exec, a build and a health check have the same.
  local first=$output
  holder probed
  run_coracle 0 exec holder /probe calls
  assert_refused "$output" $k_refused
  assert_equal "$output" "$first"
  run_coracle 0 build --network=none --no-cache -t called - <<<$'FROM probed\nRUN /probe calls >/called'
  assert_equal "$(coracle run --rm --network=none called cat /called)" "$first"
  coracle rmi -f called >/dev/null
}

@test "system calls of a user who is not root inside, and without capabilities" {
  inside --user 1000 probed /probe calls
  assert_refused "$output" $k_refused
  inside --cap-drop all --security-opt no-new-privileges probed /probe calls
  assert_refused "$output" $k_refused
}

@test "what a capability gives, and the filter with it" {
  inside --cap-add SYS_ADMIN probed /probe calls
  assert_output 'unshare_mount 0'
  assert_refused "$output" add_key userfaultfd io_uring_setup kexec_load finit_module clock_settime open_by_handle_at
  # The host's clock, modules and file handles stay out of reach of an ordinary user's containers.
  if ! is_root; then
    inside --cap-add SYS_MODULE --cap-add SYS_TIME --cap-add DAC_READ_SEARCH probed /probe calls
    refute_output 'delete_module 0'
    refute_output 'clock_settime 0'
    refute_output 'open_by_handle_at 0'
  fi
}

@test "a filter of one's own holds, with execveat and without, by a path from here too" {
  cd "$BATS_TEST_TMPDIR"
  echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execveat","mkdir","mkdirat"],"action":"SCMP_ACT_KILL_PROCESS"}]}' >killing.json
  inside --security-opt seccomp=killing.json probed sh -c 'grep Seccomp: /proc/self/status; mkdir /x; echo $?'
  assert_output 'Seccomp:[[:space:]]2'
  assert_output '159'
  run_coracle 127 run --rm --network=none --security-opt seccomp=killing.json probed /nothing
  echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_KILL_PROCESS"}]}' >lenient.json
  inside --security-opt seccomp=lenient.json probed sh -c 'mkdir /x; echo $?'
  assert_output '159'
  holder --security-opt seccomp="$PWD/killing.json" probed
  run_coracle 0 exec holder echo runs
  assert_equal "$output" runs
}

@test "a user namespace inside gives no way to what is masked" {
  inside probed sh -c 'unshare -Urm sh -c "for i in /proc/kcore /proc/keys /sys/firmware /proc; do umount \$i && echo gone: \$i; done; mount -o remount,rw,bind /proc/sys && echo writable; mount -t proc none /tmp && echo fresh; mount --bind /proc /tmp && wc -c </tmp/keys; echo done"'
  refute_output 'gone: /proc/k|gone: /sys'
  refute_output 'writable'
  refute_output 'fresh'
  assert_output 'done'
  refute_output '[1-9][0-9]+$'
}

# sets OPTION...: the five capability sets, and no_new_privs, in one line.
sets() {
  local kind=$1
  shift
  case $kind in
    run) coracle run --rm --network=none "$@" probed cat /proc/self/status ;;
    exec) coracle exec "$@" holder cat /proc/self/status ;;
  esac | awk '/^Cap|^NoNewPrivs/ {printf "%s ", $2}'
}

@test "each capability set is what is promised, and nothing is inherited" {
  local usual=00000000800405fb none=0000000000000000
  # Inheritable, permitted, effective, bounding, ambient; no_new_privs.
  assert_equal "$(sets run)" "$none $usual $usual $usual $none 0 "
  assert_equal "$(sets run --user 1000)" "$none $none $none $usual $none 0 "
  assert_equal "$(sets run --cap-drop all)" "$none $none $none $none $none 0 "
  assert_equal "$(sets run --cap-drop all --cap-add chown)" "$none 0000000000000001 0000000000000001 0000000000000001 $none 0 "
  assert_equal "$(sets run --security-opt no-new-privileges)" "$none $usual $usual $usual $none 1 "
  assert_equal "$(sets run --security-opt no-new-privileges --user 1000)" "$none $none $none $usual $none 1 "
  assert_equal "$(sets run --init)" "$none $usual $usual $usual $none 0 "
  holder probed
  assert_equal "$(sets exec)" "$none $usual $usual $usual $none 0 "
  assert_equal "$(sets exec --user 1000)" "$none $none $none $usual $none 0 "
  coracle rm -f -t 0 holder >/dev/null
  holder --security-opt no-new-privileges --cap-drop all probed
  assert_equal "$(sets exec)" "$none $none $none $none $none 1 "
  coracle rm -f -t 0 holder >/dev/null
  # A user who is not root has what was asked for by name, and can hand it on.
  assert_equal "$(sets run --user 1000 --cap-add net_raw)" "$(coracle run --rm --network=none --user 1000 --cap-add net_raw probed sh -c 'exec cat /proc/self/status' | awk '/^Cap|^NoNewPrivs/ {printf "%s ", $2}')"
  # Programs with file capabilities do not get more from an inheritable set that was left over (CVE-2022-24769).
  run_coracle 0 build --network=none --no-cache - <<<$'FROM probed\nRUN awk \'/^Cap/ {printf "%s ", $2}\' /proc/self/status'
  assert_output "$none $usual $usual $usual $none"
}

@test "the caller's own inheritable and ambient capabilities do not come in" {
  if ! is_root; then skip 'only root has some'; fi
  run setpriv --inh-caps=+sys_admin,+net_admin --ambient-caps=+sys_admin,+net_admin timeout 60 "$CORACLE" run --rm --network=none probed cat /proc/self/status
  assert_equal "$(awk '/^CapInh|^CapAmb/ {printf "%s ", $2}' <<<"$output")" '0000000000000000 0000000000000000 '
}

@test "what of procfs and sysfs speaks of the host is masked or read-only" {
  local path
  holder probed
  for path in /proc/acpi /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats \
    /proc/sched_debug /proc/scsi /sys/firmware /sys/fs/selinux /sys/dev/block /sys/devices/virtual/powercap \
    /sys/devices/system/cpu/cpu*/thermal_throttle; do
    [ -e "$path" ] || continue
    run_coracle 0 exec holder sh -c "if [ -d $path ]; then ls -A $path | wc -l; else wc -c <$path; fi"
    assert_equal "$path: $(echo $output)" "$path: 0"
    run coracle exec holder sh -c "[ -d $path ] && touch $path/x || umount $path"
    [ "$status" -ne 0 ]
  done
  # As --privileged and unmask say.
  for path in /proc/asound /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
    [ -e "$path" ] || continue
    run coracle exec holder sh -c "grep -E \" $path (ro|[a-z,]*ro)\" /proc/self/mountinfo"
    assert_output "$path ro"
  done
  for path in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/sys/vm/drop_caches \
    /sys/kernel/uevent_helper /sys/power/state /proc/irq/0/smp_affinity; do
    run coracle exec holder sh -c "echo x >$path"
    [ "$status" -ne 0 ]
  done
  run_coracle 0 exec holder sh -c 'grep -E " - (proc|sysfs|devpts|mqueue|cgroup2?) " /proc/self/mountinfo | cut -d" " -f5,6'
  refute_output '/sys rw'
  [ "$(grep -c nosuid <<<"$output")" -eq "$(grep -c . <<<"$output")" ]
}

@test "nothing of the caller's environment, command line or secrets is inside" {
  export TELLTALE_VARIABLE=telltale-value
  echo telltale-secret >"$BATS_TEST_TMPDIR/secret"
  coracle secret create told "$BATS_TEST_TMPDIR/secret" >/dev/null
  coracle run -d --name holder --network=none --label telltale-label=1 --log-opt tag=telltale-tag probed sleep "$nap" >/dev/null
  # Of the first process, of the one that looks, and of all that there are.
  run_coracle 0 exec holder sh -c 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/comm /proc/[0-9]*/mountinfo /etc/* /run/.containerenv 2>/dev/null | tr "\0" "\n"; env; ls -lR /run /dev'
  refute_output telltale
  refute_output "$(basename "$CORACLE") *run"
  # And of a step of a build.
  run_coracle 0 build --network=none --no-cache --secret id=told,src="$BATS_TEST_TMPDIR/secret" - <<<$'FROM probed\nRUN cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"; env; ls -R /run; true'
  refute_output telltale
  coracle secret rm told >/dev/null
}

@test "the only processes that a container sees are its own" {
  holder probed
  run_coracle 0 exec holder sh -c 'for i in /proc/[0-9]*; do cat $i/comm; done'
  refute_output 'coracle|pasta|fuse-overlayfs|bats'
  run_coracle 0 exec holder sh -c 'cat /proc/1/comm; ls -l /proc/1/exe; ls -l /proc/self/exe'
  assert_output '^sleep'
  refute_output 'coracle'
}

@test "another user of the machine reads nothing of a store, its sockets and its records" {
  local file
  holder probed
  for file in "$CORACLE_ROOT" "$CORACLE_RUNROOT"; do
    # Who may not enter the top may not read what is below it.
    assert_equal "$file $(stat -c %a "$file")" "$file 700"
  done
}

@test "what outlives a command shows none of its arguments to other users of the machine" {
  local pid shown=
  coracle run -d --name told -e PASSWORD=hunter2 -p 127.0.0.1::80 base sleep 100
  for pid in $(pgrep -u "$(id -u)" '^coracle:'); do
    shown+=$(tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null)$'\n' || true
  done
  [[ $shown == *"monitor $(coracle ps -q --filter name=told) told"* ]]
  [[ $shown != *hunter2* ]]
  coracle rm -f -t 0 told
}
