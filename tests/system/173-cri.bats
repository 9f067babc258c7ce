#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Kubernetes' way to coracle-oci: the Container Runtime Interface of containerd, configured as coracle-runtime(7) says. Pods
# with networks, security contexts, limits, logs; what a kubelet calls in the life of a container.
# bats file_tags=root
load helpers
load registries

setup_file() {
  is_root || return 0
  export ROOTFS=$BATS_FILE_TMPDIR/rootfs RUNTIME=$BATS_FILE_TMPDIR/coracle-oci PLACE=$BATS_FILE_TMPDIR
  export CORACLE_ROOT=$PLACE/store CORACLE_RUNROOT=$PLACE/store-run
  # A group for all pods, below the one that containerd is in.
  export PARENT=/coracle-cri-$BASHPID
  make_rootfs "$ROOTFS"
  tar -C "$ROOTFS" --owner=0 --group=0 -cf "$PLACE/base.tar" .
  install -m 0755 "$CORACLE" "$RUNTIME"
  write_configuration
  write_network
  begin_containerd
  # It reaps what it inherits.
  add_image pause --change 'ENTRYPOINT ["/bin/sh", "-c", "trap exit TERM; while :; do sleep 1000 & wait $!; done"]'
  add_image base
}
teardown_file() {
  is_root || return 0
  local id leaks
  for id in $(cri ListPodSandbox | jq -r '.items[].id'); do
    cri StopPodSandbox "{\"pod_sandbox_id\": \"$id\"}" >/dev/null || true
    cri RemovePodSandbox "{\"pod_sandbox_id\": \"$id\"}" >/dev/null || true
  done
  # Nothing of the runtime's is left: no state, no group, no process.
  leaks=$(in_namespaces ls /run/containerd/runc/k8s.io || true)
  leaks+=$(find /sys/fs/cgroup -path "*$PARENT/*" -type d || true)
  stop_servers
  wait_until 30 no_process "$PLACE" || leaks+=" $(pgrep -f -a "$PLACE")"
  find /sys/fs/cgroup -depth -path "*$PARENT" -type d -exec rmdir {} + 2>/dev/null || true
  coracle system reset --force
  [ -z "$leaks" ] || { printf '# left: %s\n' "$leaks" >&2; return 1; }
}

# write_configuration: that of the manual page, and what keeps this containerd by itself.
write_configuration() {
  local page=$BATS_TEST_DIRNAME/../../man/coracle-runtime.7.scd
  {
    printf 'root = "%s/root"\nstate = "%s/state"\n' "$PLACE" "$PLACE"
    sed -n '/^# CONTAINERD/,/^# /{/^```/,/^```/{/^```/d;p}}' "$page" | sed '/^apiVersion/,$d; /^\[crio/,$d' \
      | sed "s|/usr/local/bin/coracle-oci|$RUNTIME|; s|SystemdCgroup = true|SystemdCgroup = false|"
    cat <<END
[grpc]
  address = "$PLACE/c.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:latest"
  # For a root that may not lower it, as in many containers.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "$PLACE/cni"
END
  } >"$PLACE/config.toml"
  grep -q "BinaryName = \"$RUNTIME\"" "$PLACE/config.toml"
}
write_network() {
  mkdir "$PLACE/cni"
  cat >"$PLACE/cni/pods.conflist" <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods0", "isGateway": true,
   "ipam": {"type": "host-local", "dataDir": "$PLACE/addresses", "ranges": [[{"subnet": "10.234.0.0/24"}]]}}]}
END
}

# begin_containerd: in namespaces of its own, so that bridges, mounts and the directories of its shims are, too.
begin_containerd() {
  mkdir -p /run/containerd
  serve unshare --mount --net bash -c '
    mount -t tmpfs tmpfs /run/containerd && mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns &&
    ip link set lo up && exec containerd --config "$1"' bash "$PLACE/config.toml"
  tail -n 1 "$PLACE/servers" >"$PLACE/containerd.pid"
  wait_until 60 cri Version
}
in_namespaces() { nsenter --target "$(cat "$PLACE/containerd.pid")" --mount --net "$@"; }

# cri METHOD [REQUEST]: prints the answer. Debian's python is the one that has the packages.
cri() { timeout --kill-after=5 "$TIMEOUT" /usr/bin/python3 "$BATS_TEST_DIRNAME/../support/cri.py" "$PLACE/c.sock" "$@"; }

# add_image NAME [OPTION...]
add_image() {
  coracle import -q "${@:2}" "$PLACE/base.tar" "localhost/$1" >/dev/null
  coracle save -q --format oci-archive -o "$PLACE/$1.oci" "localhost/$1"
  ctr --address "$PLACE/c.sock" --namespace k8s.io images import --index-name "localhost/$1:latest" "$PLACE/$1.oci" >/dev/null
  wait_until 30 has_image "$1"
}
has_image() { [ "$(cri ImageStatus "{\"image\": {\"image\": \"localhost/$1:latest\"}}" | jq .image)" != null ]; }

# sandbox [JQ FILTER]: runs a pod, $POD, of which $SANDBOX is the configuration.
sandbox() {
  mkdir -p "$BATS_TEST_TMPDIR/logs"
  SANDBOX=$(jq -n --arg name "pod-$BATS_TEST_NUMBER-$RANDOM" --arg logs "$BATS_TEST_TMPDIR/logs" --arg parent "$PARENT" '
    {metadata: {name: $name, uid: $name, namespace: "default"}, hostname: "inside", log_directory: $logs,
     linux: {cgroup_parent: $parent, security_context: {namespace_options: {pid: "CONTAINER"}}}} | '"${1:-.}")
  POD=$(cri RunPodSandbox "{\"config\": $SANDBOX, \"runtime_handler\": \"coracle\"}" | jq -r .pod_sandbox_id)
  [ -n "$POD" ]
}
# container NAME SCRIPT [JQ FILTER]: makes a container of $POD; prints its ID. Its PID namespace is its own.
container() {
  local config
  config=$(jq -n --arg name "$1" --arg script "$2" '
    {metadata: {name: $name}, image: {image: "localhost/base:latest"}, command: ["/bin/sh", "-c", $script],
     log_path: ($name + ".log"), linux: {security_context: {namespace_options: {pid: "CONTAINER"}}, resources: {}}}
    | .linux.security_context as $security | '"${3:-.}")
  cri CreateContainer "{\"pod_sandbox_id\": \"$POD\", \"config\": $config, \"sandbox_config\": $SANDBOX}" \
    | jq -r .container_id
}
start() { cri StartContainer "{\"container_id\": \"$1\"}" >/dev/null; }
stop() { cri StopContainer "{\"container_id\": \"$1\", \"timeout\": $2}" >/dev/null; }
remove() { cri RemoveContainer "{\"container_id\": \"$1\"}" >/dev/null; }
status_of() { cri ContainerStatus "{\"container_id\": \"$1\"}" | jq -r ".status.$2"; }
is_in_state() { [ "$(status_of "$1" state)" = "CONTAINER_$2" ]; }
# exec_in ID SCRIPT: its output; $code is its exit code.
exec_in() {
  local answer
  answer=$(cri ExecSync "$(jq -n --arg id "$1" --arg script "$2" \
    '{container_id: $id, cmd: ["sh", "-c", $script], timeout: 30}')")
  code=$(jq .exit_code <<<"$answer")
  output=$(jq -r '.stdout + .stderr' <<<"$answer")
}
# said NAME: what a container has written, without the heads of the lines.
said() { cut -d ' ' -f 4- "$BATS_TEST_TMPDIR/logs/$1.log"; }
# output_of SCRIPT [JQ FILTER]: of a container that ends by itself. Two streams would have no order.
output_of() {
  local id name=job$RANDOM
  id=$(container "$name" "exec 2>&1; $1" "${@:2}")
  start "$id"
  wait_until 30 is_in_state "$id" EXITED
  output=$(said "$name")
  code=$(status_of "$id" exit_code)
  remove "$id"
}
forever='trap "exit 9" TERM; while :; do sleep 0.1; done'

@test "the node is ready, for the runtime and for networks" {
  run cri Status
  assert_equal "$(jq -r '.status.conditions[] | "\(.type) \(.status)"' <<<"$output")" $'RuntimeReady true\nNetworkReady true'
  assert_equal "$(cri Version | jq -r .runtime_name)" containerd
}

@test "a container's life: create, start, exec, stop with a grace period, remove" {
  sandbox
  local id
  id=$(container web "echo out; echo err >&2; $forever" '.envs = [{key: "A", value: "b c"}] | .working_dir = "/tmp"')
  assert_equal "$(status_of "$id" state)" CONTAINER_CREATED
  start "$id"
  assert_equal "$(status_of "$id" state)" CONTAINER_RUNNING
  exec_in "$id" 'echo $A; pwd; hostname; echo oops >&2; exit 5'
  assert_equal "$code" 5
  assert_equal "$output" $'b c\n/tmp\ninside\noops'
  # A time that is over ends what was executed, not the container.
  run cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"sleep\", \"$nap\"], \"timeout\": 1}"
  assert_equal "$status" 1
  assert_output 'DEADLINE_EXCEEDED'
  wait_until 10 no_process "^sleep $nap"
  assert_equal "$(status_of "$id" state)" CONTAINER_RUNNING
  run cri ExecSync "{\"container_id\": \"$id\", \"cmd\": [\"/nothing-here\"], \"timeout\": 30}"
  assert_equal "$status" 1
  assert_output 'no such file|not found'
  # The log is the interface's: time, stream, whether the line is whole.
  wait_until 10 grep -q err "$BATS_TEST_TMPDIR/logs/web.log"
  run sort -k 2 "$BATS_TEST_TMPDIR/logs/web.log"
  assert_output '^[0-9T:.-]+(Z|[+-][0-9:]+) stderr F err
[0-9T:.-]+(Z|[+-][0-9:]+) stdout F out$'
  mv "$BATS_TEST_TMPDIR/logs/web.log" "$BATS_TEST_TMPDIR/logs/web.log.1"
  cri ReopenContainerLog "{\"container_id\": \"$id\"}"
  exec_in "$id" 'echo again >/proc/1/fd/1'
  wait_until 10 grep -q 'stdout F again' "$BATS_TEST_TMPDIR/logs/web.log"
  stop "$id" 20
  assert_equal "$(status_of "$id" 'state + " " + (.status.exit_code|tostring)')" 'CONTAINER_EXITED 9'
  # Again is no error.
  stop "$id" 20
  remove "$id"
  remove "$id"
  run cri ContainerStatus "{\"container_id\": \"$id\"}"
  assert_output NOT_FOUND
}

@test "a container that does not listen is killed after its grace period; one without is at once" {
  sandbox
  local id
  for seconds in 1 0; do
    id=$(container "deaf$seconds" 'trap "" TERM; while :; do sleep 0.1; done')
    start "$id"
    stop "$id" "$seconds"
    assert_equal "$(status_of "$id" exit_code)" 137
    remove "$id"
  done
  # What runs is removed by force, with all that it has begun.
  id=$(container crowd "sleep $nap & sleep $nap & wait")
  start "$id"
  wait_until 10 pgrep -u 0 -f "^sleep $nap"
  remove "$id"
  wait_until 10 no_process "^sleep $nap"
}

@test "a container with a terminal" {
  sandbox
  output_of 'tty; test -t 0 && test -t 1 && echo both; exit 6' '.tty = true | .stdin = true'
  assert_output '^/dev/pts/0'
  assert_output both
  assert_equal "$code" 6
}

@test "programs that are missing or no programs" {
  sandbox
  local id
  for file in /nothing-here /etc; do
    id=$(container "bad$RANDOM" x ".command = [\"$file\"]")
    run cri StartContainer "{\"container_id\": \"$id\"}"
    assert_equal "$status" 1
    assert_output 'exec|not found|ermission denied'
    assert_equal "$(status_of "$id" state)" CONTAINER_EXITED
    remove "$id"
  done
}

@test "users, groups, capabilities, no new privileges, a root that is read-only" {
  sandbox
  output_of 'id -u; id -g; id -G; grep -E "^(CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; touch /x' \
    '.linux.security_context += {run_as_user: {value: 1000}, run_as_group: {value: 33}, supplemental_groups: [50, 60],
      no_new_privs: true, readonly_rootfs: true, seccomp: {profile_type: "RuntimeDefault"}, capabilities: {drop_capabilities: ["ALL"]}}'
  assert_output '^1000
33
33 10 29 50 60
CapEff:	0000000000000000
CapBnd:	0000000000000000
NoNewPrivs:	1
Seccomp:	2
touch: /x: Read-only file system'
  output_of 'id -un; grep ^CapEff: /proc/self/status; mount -t tmpfs tmpfs /tmp && echo mounted' \
    '.linux.security_context += {run_as_username: "root", capabilities: {add_capabilities: ["SYS_ADMIN"]},
      seccomp: {profile_type: "Unconfined"}}'
  assert_output '^root
CapEff:	00000000a82425fb
mounted$'
}

@test "seccomp: the runtime's, none, the node's own; paths that are masked and read-only" {
  sandbox
  output_of 'grep ^Seccomp: /proc/self/status' '.linux.security_context += {seccomp: {profile_type: "RuntimeDefault"}}'
  assert_equal "$output" 'Seccomp:	2'
  output_of 'grep ^Seccomp: /proc/self/status' '.linux.security_context += {seccomp: {profile_type: "Unconfined"}}'
  assert_equal "$output" 'Seccomp:	0'
  cat >"$BATS_TEST_TMPDIR/profile.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW",
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
END
  output_of 'mkdir /new' ".linux.security_context += {seccomp: {profile_type: \"Localhost\",
    localhost_ref: \"$BATS_TEST_TMPDIR/profile.json\"}}"
  assert_output 'Operation not supported'
  output_of 'cat /etc/motd; echo x >/proc/sys/kernel/domainname' '.linux.security_context += {
    masked_paths: ["/etc/motd"], readonly_paths: ["/proc/sys"]}'
  refute_output 'from the image'
  assert_output 'Read-only file system'
}

@test "a privileged container has what the node has" {
  sandbox '.linux.security_context.privileged = true'
  output_of 'grep -E "^(CapBnd|Seccomp):" /proc/self/status; grep -c -E " /(proc|sys)/[^ ]+ [^ ]+ ro" /proc/mounts
    echo inside >/proc/sys/kernel/domainname; cat /proc/sys/kernel/domainname; ls /dev | wc -l' \
    '.linux.security_context.privileged = true'
  assert_output "^CapBnd:	$(sed -n 's/^CapBnd:	//p' /proc/self/status)
Seccomp:	0
0
inside
"
  # Those of the node, beside its own.
  [ "${output##*$'\n'}" -gt 20 ]
}

@test "mounts of the node, and its devices" {
  mkdir "$BATS_TEST_TMPDIR"/{data,fixed}
  echo hello >"$BATS_TEST_TMPDIR/data/file"
  sandbox
  output_of 'cat /data/file; echo new >/data/new; touch /fixed/x; cat /one; stat -c %t:%T /dev/mine; head -c 3 /dev/mine | wc -c' "
    .mounts = [{container_path: \"/data\", host_path: \"$BATS_TEST_TMPDIR/data\"},
               {container_path: \"/fixed\", host_path: \"$BATS_TEST_TMPDIR/fixed\", readonly: true},
               {container_path: \"/one\", host_path: \"$BATS_TEST_TMPDIR/data/file\"}]
    | .devices = [{container_path: \"/dev/mine\", host_path: \"/dev/zero\", permissions: \"r\"}]"
  assert_equal "$output" $'hello\ntouch: /fixed/x: Read-only file system\nhello\n1:5\n3'
  assert_equal "$(cat "$BATS_TEST_TMPDIR/data/new")" new
}

@test "the mounts of the node that come later show, and those of the container on the node" {
  local shared=$BATS_TEST_TMPDIR/shared id
  in_namespaces mkdir -p "$shared/sub" "$shared/back"
  in_namespaces mount -t tmpfs tmpfs "$shared"
  in_namespaces mount --make-shared "$shared"
  in_namespaces mkdir "$shared/sub" "$shared/back"
  sandbox '.linux.security_context.privileged = true'
  id=$(container both "$forever" "
    .linux.security_context.privileged = true
    | .mounts = [{container_path: \"/host\", host_path: \"$shared\", propagation: \"PROPAGATION_BIDIRECTIONAL\"}]")
  start "$id"
  in_namespaces mount -t tmpfs -o size=64k later "$shared/sub"
  exec_in "$id" 'grep -c ^later /proc/mounts; mount -t tmpfs mine /host/back'
  assert_equal "$output" 1
  run in_namespaces grep "^mine $shared/back" /proc/mounts
  assert_output mine
  stop "$id" 0
  in_namespaces umount "$shared/sub" "$shared/back"
  remove "$id"
  in_namespaces umount "$shared"
}

@test "limits, what is used, and limits that change" {
  sandbox
  local id
  id=$(container limited "$forever" '.linux.resources = {cpu_quota: 50000, cpu_period: 100000, cpu_shares: 512,
    memory_limit_in_bytes: 67108864, cpuset_cpus: "0", oom_score_adj: 500}')
  start "$id"
  of() { cat /sys/fs/cgroup/"$1$PARENT/$id/$2" 2>/dev/null || cat "/sys/fs/cgroup$PARENT/$id/$3"; }
  assert_equal "$(of memory memory.limit_in_bytes memory.max)" 67108864
  assert_equal "$(of cpu cpu.cfs_quota_us cpu.max)" 50000
  assert_equal "$(of cpu cpu.shares cpu.weight)" 512
  assert_equal "$(of cpuset cpuset.cpus cpuset.cpus)" 0
  exec_in "$id" 'cat /proc/1/oom_score_adj'
  assert_equal "$output" 500
  cri UpdateContainerResources "{\"container_id\": \"$id\", \"linux\": {\"memory_limit_in_bytes\": 33554432, \"cpu_quota\": 20000}}"
  assert_equal "$(of memory memory.limit_in_bytes memory.max)" 33554432
  assert_equal "$(of cpu cpu.cfs_quota_us cpu.max)" 20000
  assert_equal "$(of cpu cpu.shares cpu.weight)" 512
  run cri ContainerStats "{\"container_id\": \"$id\"}"
  assert_equal "$(jq '(.stats.cpu.usage_core_nano_seconds.value | tonumber) > 0' <<<"$output")" true
  assert_equal "$(jq '(.stats.memory.working_set_bytes.value | tonumber) | . > 0 and . < 33554432' <<<"$output")" true
}

@test "a container that runs out of memory is known for it" {
  sandbox
  local id
  id=$(container hungry 'ulimit -v 2000000; exec tail /dev/zero' '.linux.resources = {memory_limit_in_bytes: 20971520}')
  start "$id"
  wait_until 60 is_in_state "$id" EXITED
  assert_equal "$(status_of "$id" exit_code)" 137
  assert_equal "$(status_of "$id" reason)" OOMKilled
}

@test "the containers of a pod share network, IPC and names, and processes where they are to" {
  sandbox '.linux.security_context.namespace_options.pid = "POD" | .linux.sysctls = {"net.ipv4.ip_unprivileged_port_start": "80"}'
  local a b
  a=$(container a "$forever" '.linux.security_context.namespace_options.pid = "POD"')
  b=$(container b "nc -l -p 8080 -e echo served & $forever" '.linux.security_context.namespace_options.pid = "POD"')
  start "$a"
  start "$b"
  exec_in "$a" 'readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/pid'
  local namespaces=$output
  exec_in "$b" 'readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/pid'
  assert_equal "$output" "$namespaces"
  exec_in "$b" 'tr "\0" " " </proc/1/cmdline; echo; ps | grep -c "trap .exit [9]"; cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
  assert_output '^/bin/sh -c trap exit TERM.*
2
80$'
  served() { exec_in "$a" 'nc -w 5 127.0.0.1 8080 </dev/null' && [[ $output == served ]]; }
  wait_until 10 served
  # The one goes, the other stays.
  stop "$a" 0
  exec_in "$b" 'echo still'
  assert_equal "$output" still
  assert_equal "$(status_of "$b" state)" CONTAINER_RUNNING
}

@test "a container joins the processes of another" {
  sandbox
  local target id
  target=$(container target "$forever")
  start "$target"
  id=$(container debugger "$forever" ".linux.security_context.namespace_options = {pid: \"TARGET\", target_id: \"$target\"}")
  start "$id"
  exec_in "$id" 'tr "\0" " " </proc/1/cmdline; readlink /proc/self/ns/pid'
  local seen=$output
  exec_in "$target" 'tr "\0" " " </proc/1/cmdline; readlink /proc/self/ns/pid'
  assert_equal "$seen" "$output"
  stop "$id" 0
  assert_equal "$(status_of "$target" state)" CONTAINER_RUNNING
}

@test "pods on a network have addresses and reach each other; one on the node's has that" {
  sandbox '.dns_config = {servers: ["10.234.0.1"], searches: ["a.example"]}'
  local first=$POD address id
  address=$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" | jq -r '.status.network.ip + " " + .status.runtime_handler')
  [[ $address == 10.234.0.*' coracle' ]]
  address=${address% *}
  id=$(container server "while :; do nc -l -p 8080 -e echo served; done")
  start "$id"
  exec_in "$id" 'cat /etc/resolv.conf; ip addr show eth0'
  assert_output 'a.example.*nameserver 10.234.0.1.*'"$address"
  sandbox
  output_of "until nc -w 2 $address 8080 </dev/null | grep served; do sleep 0.2; done"
  assert_equal "$output" served
  sandbox '.linux.security_context.namespace_options.network = "NODE" | del(.hostname)'
  output_of 'ls /sys/class/net; readlink /proc/self/ns/net' '.linux.security_context.namespace_options.network = "NODE"'
  assert_output "pods0.*$(in_namespaces readlink /proc/self/ns/net | sed 's/[][]/\\&/g')"
  # A pod that is stopped takes its containers along.
  POD=$first
  cri StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
  cri StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
  assert_equal "$(status_of "$id" state)" CONTAINER_EXITED
  assert_equal "$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" | jq -r .status.state)" SANDBOX_NOTREADY
  cri RemovePodSandbox "{\"pod_sandbox_id\": \"$POD\"}"
  run cri PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}"
  assert_output NOT_FOUND
}

@test "containers live on while containerd does not" {
  sandbox
  local id pid
  id=$(container survivor "$forever")
  start "$id"
  kill -9 "$(cat "$PLACE/containerd.pid")"
  wait_until 10 refute is_running_process "$(cat "$PLACE/containerd.pid")"
  # In the namespaces of the first, which a process of the container's shim keeps.
  pid=$(pgrep -u 0 -f "containerd-shim-runc-v2 .*$POD")
  serve nsenter --target "$pid" --mount --net containerd --config "$PLACE/config.toml"
  tail -n 1 "$PLACE/servers" >"$PLACE/containerd.pid"
  wait_until 60 cri Version
  assert_equal "$(status_of "$id" state)" CONTAINER_RUNNING
  exec_in "$id" 'echo still'
  assert_equal "$output" still
  stop "$id" 20
  assert_equal "$(status_of "$id" exit_code)" 9
}
