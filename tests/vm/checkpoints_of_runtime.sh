#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# coracle-oci writes down and brings back processes of a bundle: by itself, and for podman.
. checkpoint_support.sh
. bundle_support.sh
last() { tail -n 1 "$1" 2>/dev/null; }
is_beyond() { [ "$(last "$1")" -gt "$2" ] 2>/dev/null; }
is_stopped() { [ "$(state c)" = stopped ]; }
counting='trap \\"exit 7\\" TERM; i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'

echo '-- a container goes on where it was, with streams of who brings it back'
bundle /rootfs "$counting"
(oci create --bundle /tmp/bundle --pid-file /tmp/pid c </dev/null 2>&1; oci start c >/dev/null) | cat >/tmp/first &
wait_until is_beyond /tmp/first 5
oci checkpoint --image-path /tmp/images --work-path /tmp/work c || { grep Error /tmp/work/dump.log; tail -n 20 /tmp/work/dump.log; exit 1; }
expect stopped "$(state c)"
wait
before=$(last /tmp/first)
oci delete c
(oci restore --detach --bundle /tmp/bundle --image-path /tmp/images --work-path /tmp/work --pid-file /tmp/pid c </dev/null 2>&1) \
  | cat >/tmp/second &
wait_until is_beyond /tmp/second $((before + 5))
expect $((before + 1)) "$(head -n 1 /tmp/second)"
expect "running $(cat /tmp/pid)" "$(state c) $(oci state c | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')"
expect '*1*' "$(oci exec c cat /proc/1/status)"

echo '-- one that is left running goes on; what was written before is not written again'
oci checkpoint --leave-running --image-path /tmp/left c || expect 0 $?
expect running "$(state c)"
oci checkpoint --pre-dump --image-path /tmp/before c || expect 0 $?
expect running "$(state c)"
oci checkpoint --image-path /tmp/after --parent-path ../before c || expect 0 $?
expect stopped "$(state c)"
[ -L /tmp/after/parent ] || expect parent 'no parent'
expect '*not relative*' "$(oci checkpoint --image-path /tmp/after --parent-path /tmp/before c 2>&1)"
wait
before=$(last /tmp/second)
oci delete c

echo '-- in the foreground its exit code is that of the program, and nothing is left'
(oci restore --bundle /tmp/bundle --image-path /tmp/after c </dev/null 2>&1; echo $? >/tmp/code) | cat >/tmp/third &
wait_until is_beyond /tmp/third $((before + 3))
oci kill c TERM
wait
expect 7 "$(cat /tmp/code)"
expect '' "$(ls /tmp/states)"
expect '' "$(find /sys/fs/cgroup -name c -type d)"

echo '-- the socket for a service manager is there again if it was, whoever brings the container back'
bundle /rootfs "$counting"
for before in '' /tmp/manager; do
  rm -rf /rootfs/run
  (NOTIFY_SOCKET=$before oci create --bundle /tmp/bundle c </dev/null 2>&1; oci start c >/dev/null) | cat >/tmp/first &
  wait_until is_beyond /tmp/first 3
  oci checkpoint --image-path "/tmp/images$before" c || expect 0 $?
  wait
  oci delete c
  for now in '' /tmp/manager; do
    rm -rf /rootfs/run
    NOTIFY_SOCKET=$now oci restore --detach --bundle /tmp/bundle --image-path "/tmp/images$before" c </dev/null >/tmp/out 2>&1 \
      || { echo "FAILED: '$before' '$now': $(cat /tmp/out)"; failed=1; }
    expect running "$(state c)"
    if [ -n "$before" ]; then
      expect '* /run/notify ro*' "$(oci exec c cat /proc/self/mountinfo)"
    else
      expect '' "$(ls -d /rootfs/run 2>/dev/null)"
    fi
    oci delete --force c
  done
done

echo '-- what cannot be'
expect '*does not exist*' "$(oci checkpoint --image-path /tmp/images c 2>&1)"
oci restore --detach --bundle /tmp/bundle --image-path /tmp/nothing c >/dev/null 2>&1 && expect failure success
expect '' "$(ls /tmp/states)"
oci create --bundle /tmp/bundle c </dev/null >/dev/null 2>&1
expect '*not running*' "$(oci checkpoint --image-path /tmp/images c 2>&1)"
oci delete --force c
expect '*lazy-pages*' "$(oci restore --lazy-pages --bundle /tmp/bundle c 2>&1)"

echo '-- podman'
mkdir -p /etc/containers /var/tmp
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
echo 'unqualified-search-registries = []' >/etc/containers/registries.conf
podman() {
  /host/podman --runtime "$HOME/bin/coracle-oci" --conmon "$(command -v conmon)" --cgroup-manager cgroupfs --events-backend file \
    --storage-driver vfs --root /tmp/podman --runroot /tmp/podman-run "$@"
}
podman import -q /tmp/base.tar localhost/base >/dev/null || expect 0 $?
podman run -d --name p --network=none --log-driver k8s-file localhost/base sh -c "$memory" >/dev/null || expect 0 $?
podman_count() { podman logs p 2>/dev/null | tail -n 1; }
podman_beyond() { [ "$(podman_count)" -gt "$1" ] 2>/dev/null; }
wait_until podman_beyond 3
expect p "$(podman container checkpoint p 2>&1 | tail -n 1)"
before=$(podman_count)
expect 'exited true' "$(podman inspect --format '{{.State.Status}} {{.State.Checkpointed}}' p)"
expect p "$(podman container restore p 2>&1 | tail -n 1)"
wait_until podman_beyond $((before + 3))
expect running "$(podman inspect --format '{{.State.Status}}' p)"
podman rm --force --time 0 p >/dev/null || expect 0 $?

coracle system reset --force
exit $failed
