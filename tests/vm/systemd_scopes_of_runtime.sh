#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# coracle-oci --systemd-cgroup: scopes of root by the machine's systemd, and of an ordinary user by their own.
. systemd_support.sh
if [ -n "${OF_USER-}" ]; then
  scope=--user
  slice=user.slice
  top=/user.slice/user-1000.slice/user@1000.service/user.slice
else
  export HOME=/root
  scope=
  slice=machine.slice
  top=/machine.slice
fi
. bundle_support.sh
make_base
unit=test-c.scope
# group FILE: what the kernel says of the container's.
group() { cat "/sys/fs/cgroup$top/$unit/container/$1"; }
limits='\"memory\": {\"limit\": 67108864, \"swap\": 67108864}, \"cpu\": {\"quota\": 50000, \"period\": 100000}, \"pids\": {\"limit\": 50}'
limits=$(echo "$limits" | tr -d '\\')
is_gone() { [ -z "$(systemctl $scope list-units --all --plain --no-legend 'test-*')" ]; }
is_stopped() { [ "$(state c)" = stopped ]; }

echo "-- $(id -un): systemd and the kernel say the same"
bundle "$HOME/rootfs" 'trap \\"exit 7\\" TERM; while :; do sleep 0.1; done' "$slice:test:c" "$limits"
oci --systemd-cgroup create --bundle "$HOME/bundle" c </dev/null >/dev/null 2>"$HOME/error" || cat "$HOME/error"
expect created "$(state c)"
expect "active $slice yes" "$(property "$unit" ActiveState) $(property "$unit" Slice) $(property "$unit" Transient)"
expect '67108864 500ms 50' "$(property "$unit" MemoryMax) $(property "$unit" CPUQuotaPerSecUSec) $(property "$unit" TasksMax)"
expect '67108864 50000 100000 50' "$(group memory.max) $(group cpu.max) $(group pids.max)"
oci --systemd-cgroup start c
expect running "$(state c)"
expect '0::/' "$(oci exec c /bin/busybox cat /proc/self/cgroup)"
[ "$(group pids.current)" -ge 1 ] || expect processes none
# Nobody else of that name, and what is there is left alone.
oci --systemd-cgroup create --bundle "$HOME/bundle" other </dev/null >/dev/null 2>&1 && expect failure success
expect running "$(state c)"
expect active "$(property "$unit" ActiveState)"
expect '' "$(oci list -q | grep other)"

echo '-- what is changed, is changed for both'
oci --systemd-cgroup update --memory 33554432 --memory-swap 33554432 --cpu-quota 25000 --cpu-period 100000 --pids-limit 40 c || expect 0 $?
systemctl $scope daemon-reload
expect '33554432 250ms 40' "$(property "$unit" MemoryMax) $(property "$unit" CPUQuotaPerSecUSec) $(property "$unit" TasksMax)"
expect '33554432 25000 100000 40' "$(group memory.max) $(group cpu.max) $(group pids.max)"
oci pause c
expect paused "$(state c)"
oci resume c
expect running "$(state c)"

echo '-- delete removes the scope, of who has ended and of who has not'
oci kill c TERM
wait_until is_stopped
oci --systemd-cgroup delete c || expect 0 $?
wait_until is_gone
oci --systemd-cgroup create --bundle "$HOME/bundle" c </dev/null >/dev/null 2>&1
oci --systemd-cgroup start c
expect active "$(property "$unit" ActiveState)"
oci --systemd-cgroup delete --force c || expect 0 $?
wait_until is_gone
bundle "$HOME/rootfs" 'exit 3' "$slice:test:c" "$limits"
oci --systemd-cgroup run --bundle "$HOME/bundle" c </dev/null
expect 3 $?
wait_until is_gone
# A creation that fails leaves none.
bundle "$HOME/nothing" 'exit 3' "$slice:test:c" "$limits"
oci --systemd-cgroup create --bundle "$HOME/bundle" c </dev/null >/dev/null 2>&1 && expect failure success
wait_until is_gone

echo '-- paths that name none, and a slice that is systemd'"'"'s to choose'
bundle "$HOME/rootfs" 'exit 0' /a/path
expect '*slice:prefix:name*' "$(oci --systemd-cgroup run --bundle "$HOME/bundle" c </dev/null 2>&1)"
bundle "$HOME/rootfs" 'exec cat /proc/1/cgroup' ::c
oci --systemd-cgroup create --bundle "$HOME/bundle" c </dev/null >/dev/null 2>&1
expect active "$(property c.scope ActiveState)"
oci --systemd-cgroup delete --force c
expect '' "$(ls "$HOME/states")"
expect '' "$(find /sys/fs/cgroup -name 'test-*')"

if [ -z "${OF_USER-}" ]; then
  loginctl enable-linger me
  has_manager() { [ -S /run/user/1000/bus ]; }
  wait_until has_manager
  # A login, whose own group is not the user's.
  systemd-run --quiet --wait --pipe --property PAMName=login --uid me --setenv HOME=/home/me --setenv OF_USER=yes \
    --setenv PATH="$PATH" --setenv XDG_RUNTIME_DIR=/run/user/1000 sh "$0" || failed=1
fi
exit $failed
