#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods: containers that share namespaces, and what is done with all of them at once.
load helpers
load registries

setup_file() {
  setup_store
  export WWW=$BATS_FILE_TMPDIR/www
  mkdir "$WWW"
  echo 'from the pod' >"$WWW/index.html"
}
teardown_file() {
  coracle pod rm --all --force --time 0 >/dev/null
  teardown_store
}
teardown() {
  coracle pod rm --all --force --time 0 >/dev/null 2>&1 || true
  remove_containers
}

status_of() { coracle pod inspect --format '{{.State}}' "$1"; }
pod_is() { [ "$(status_of "$1")" == "$2" ]; }
id_of() { coracle pod inspect --format '{{.Id}}' "$1"; }
infra_of() { coracle pod inspect --format '{{.InfraContainerID}}' "$1"; }
state_of() { coracle inspect --format '{{.State.Status}}' "$1"; }
is_in_state() { [ "$(state_of "$1")" == "$2" ]; }
# namespace_of CONTAINER KIND: as the kernel calls it.
namespace_of() { coracle exec "$1" readlink "/proc/self/ns/$2"; }
# shared_memory_of CONTAINER: the size of its /dev/shm, by mountinfo.
shared_memory_of() { coracle exec "$1" sed -n 's,.* /dev/shm .*size=\([0-9]*k\).*,\1,p' /proc/self/mountinfo; }
# fetch PORT: what a server on this host's port says.
fetch() { python3 -c 'import sys, urllib.request as r; print(r.urlopen(f"http://127.0.0.1:{sys.argv[1]}/", timeout=5).read().decode(), end="")' "$1"; }

# --- The command line.

@test "a pod is created, found, and removed" {
  run_coracle 0 pod create one
  [[ $output =~ ^[0-9a-f]{64}$ ]]
  local id=$output
  run_coracle 0 pod exists one
  run_coracle 0 pod exists "$id"
  run_coracle 0 pod exists "${id:0:8}"
  run_coracle 1 pod exists nope
  run_coracle 0 pod create --name two
  run_coracle 0 pod create
  run_coracle 0 pod ps --format '{{.Name}}' --sort name
  assert_equal "${#lines[@]}" 3
  run_coracle 0 pod rm one
  assert_equal "$output" "$id"
  run_coracle 1 pod exists one
  run_coracle 0 pod rm --all
  assert_equal "${#lines[@]}" 2
  run_coracle 0 pod ps --quiet
  assert_equal "$output" ''
}

@test "pods that are not there" {
  for verb in start stop restart kill pause unpause; do
    run_coracle 125 pod $verb nope
    assert_equal "$output" 'Error: no pod with name or ID nope found: no such pod'
  done
  run_coracle 1 pod rm nope
  assert_output 'no such pod'
  run_coracle 0 pod rm --ignore nope
  run_coracle 0 pod rm --force nope
  run_coracle 0 pod stop --ignore nope
  run_coracle 125 pod logs nope
  run_coracle 125 pod top nope
  run_coracle 125 pod stats --no-stream nope
  run_coracle 125 pod clone nope
  run_coracle 125 pod inspect nope
  assert_equal "${lines[0]}" '[]'
  run_coracle 125 run --pod nope base true
  assert_output 'no such pod'
  # The others are dealt with all the same.
  coracle pod create there
  run_coracle 1 pod rm nope there
  run_coracle 1 pod exists there
}

@test "what does not go together" {
  run_coracle 125 pod create --name a b
  assert_output 'cannot specify --name and NAME at the same time'
  run_coracle 125 pod create a b
  assert_output 'accepts at most 1 arg'
  run_coracle 125 pod create --replace
  assert_output 'cannot replace pod without --name being set'
  run_coracle 125 pod create --infra=false --share net a
  assert_output 'cannot set share\(net\) namespaces without an infra container'
  run_coracle 125 pod create --infra=false --publish 8080:80 a
  assert_output 'you must have an infra container to publish port bindings to the host'
  run_coracle 125 pod create --infra=false --no-hosts a
  run_coracle 125 pod create --infra=false --infra-name holder a
  run_coracle 125 pod create --gpus all a
  assert_output 'not supported'
  for verb in start stop restart kill pause unpause rm; do
    run_coracle 125 pod $verb
    assert_output 'you must provide at least one name or id'
    run_coracle 125 pod $verb --all a
    assert_output 'no arguments are needed with --all'
    run_coracle 125 pod $verb --latest a
    assert_output '\-\-latest and pods cannot be used together'
    run_coracle 125 pod $verb --latest --all
    assert_output '\-\-all and --latest cannot be used together'
    run_coracle 125 pod $verb --latest
    assert_output 'no such pod'
    run_coracle 0 pod $verb --all
  done
  run_coracle 125 pod rm --time 1 a
  assert_output '\-\-force option must be specified'
  run_coracle 125 pod kill --signal nope a
  run_coracle 125 pod logs
  assert_output 'specify at least one pod name or ID to log'
  run_coracle 125 pod top
  assert_output 'you must provide the name or id of a running pod'
  run_coracle 125 pod stats --all a
  assert_output '\-\-all, --latest and arguments cannot be used together'
  run_coracle 125 pod inspect
  assert_output 'no names or ids specified'
  run_coracle 125 pod prune extra
  run_coracle 125 pod ps extra
  run_coracle 125 run --pod a --pod-id-file b base true
  assert_output 'cannot specify both --pod and --pod-id-file'
  run_coracle 125 run --pod new: base true
  assert_output 'new pod name must be at least one character'
}

@test "pods are listed" {
  coracle pod create first
  coracle pod create second
  run_coracle 0 pod ps
  assert_equal "$(tr -s ' ' <<<"${lines[0]}")" 'POD ID NAME STATUS CREATED INFRA ID # OF CONTAINERS'
  assert_equal "$(awk '{print $2}' <<<"${lines[1]}")" second
  run_coracle 0 pod ls --noheading --format 'table {{.Name}}'
  assert_equal "$output" $'second\nfirst'
  run_coracle 0 pod list --sort name --format '{{.Name}} {{.Status}}'
  assert_equal "$output" $'first Created\nsecond Created'
  run_coracle 0 pod ps --ctr-ids --ctr-names --ctr-status --label --ns
  assert_equal "$(tr -s ' ' <<<"${lines[0]}")" 'POD ID NAME STATUS CREATED INFRA ID LABELS IDS NAMES STATUS CGROUP NAMESPACES'
  run_coracle 0 pod ps --quiet --latest
  assert_equal "$output" "$(id_of second)"
  run_coracle 0 pod ps --no-trunc --format '{{.Id}}' --filter name=first
  assert_equal "$output" "$(id_of first)"
  run_coracle 0 pod ps --format '{{.Id}}' --filter name=first
  assert_equal "$output" "$(id_of first | cut -c1-12)"
  run_coracle 0 pod ps --format json
  assert_equal "$(jq -r '.[1].Name' <<<"$output")" first
  assert_equal "$(jq -c '.[0] | keys' <<<"$output")" \
    '["Cgroup","Containers","Created","Id","InfraId","Labels","Name","Namespace","Networks","Status"]'
  run_coracle 125 pod ps --quiet --format json
  assert_output 'quiet and format cannot be used together'
  run_coracle 125 pod ps --sort size
  assert_output 'invalid option for --sort'
  run_coracle 125 pod ps --format '{{.Nope}}'
}

@test "pods are filtered" {
  coracle pod create --label tier=web --label plain first
  coracle pod create second
  names() { run_coracle 0 pod ps --noheading --sort name --format '{{.Name}}' "$@"; }
  names --filter name=fir
  assert_equal "$output" first
  names --filter "id=$(id_of second)"
  assert_equal "$output" second
  names --filter label=tier=web --filter label=plain
  assert_equal "$output" first
  names --filter label!=plain
  assert_equal "$output" second
  names --filter status=created
  assert_equal "$output" $'first\nsecond'
  names --filter status=running
  assert_equal "$output" ''
  names --filter name=first --filter name=second
  assert_equal "$output" $'first\nsecond'
  names --filter until=1h
  assert_equal "$output" ''
  names --filter network=nope
  assert_equal "$output" ''
  names --filter ctr-number=7
  assert_equal "$output" ''
  run_coracle 0 pod ps --filter name=first --format '{{.Labels}} {{.Label `tier`}}'
  assert_equal "$output" 'map[plain: tier:web] web'
  run_coracle 125 pod ps --filter colour=red
  assert_output 'colour is an invalid filter'
  run_coracle 125 pod ps --filter status=red
  assert_output 'red is not a valid pod status'
  run_coracle 125 pod ps --filter ctr-status=red
  assert_output 'red is not a valid status'
  run_coracle 125 pod ps --filter 'name=('
}

@test "a pod is inspected, by name, as the latest, and as an object of any kind" {
  coracle pod create first
  coracle pod create second
  run_coracle 0 pod inspect first second
  assert_equal "$(jq -r '.[].Name' <<<"$output")" $'first\nsecond'
  run_coracle 0 pod inspect --latest --format '{{.Name}} {{.State}} {{.NumContainers}}'
  assert_output '^second Created'
  run_coracle 0 inspect --format '{{.Name}}' first
  assert_equal "$output" first
  run_coracle 0 inspect --type pod --format '{{.Name}}' first
  assert_equal "$output" first
  run_coracle 125 inspect --type container first
  run_coracle 125 inspect --type pod nope
  # What was found is shown.
  run_coracle 125 pod inspect first nope
  assert_output '"Name": "first"'
}

@test "names of pods are completed" {
  coracle pod create first
  for line in 'pod rm' 'pod start' 'pod exists' 'pod inspect' 'pod top' 'run --pod' 'create --pod'; do
    # shellcheck disable=SC2086
    run_coracle 0 __complete $line 'fi'
    assert_output 'first'
  done
  run_coracle 0 __complete pod rm "$(id_of first | cut -c1-5)"
  assert_output "$(id_of first | cut -c1-12)"
}

@test "without running containers there is nothing to measure" {
  run_coracle 0 pod stats --no-stream
  assert_equal "$(tr -s ' ' <<<"${lines[0]}")" 'POD CID NAME CPU % MEM USAGE/ LIMIT MEM % NET IO BLOCK IO PIDS'
  assert_output '--'
  run_coracle 0 pod stats --no-stream --format json
  assert_equal "$(jq -c . <<<"$output")" '[]'
}

@test "pod prune asks" {
  run_coracle 125 pod prune </dev/null
  assert_output 'This will remove all stopped/exited pods'
  coracle pod create kept
  echo n | coracle pod prune
  coracle pod exists kept
}

# --- What pods do.

@test "create: what is asked for is what there is" {
  run_coracle 0 pod create --label a=b --label-file <(echo c=d) --hostname here --share net,ipc --exit-policy stop \
    --infra-name holder --pod-id-file "$BATS_TEST_TMPDIR/id" shown
  assert_equal "$(cat "$BATS_TEST_TMPDIR/id")" "$output"
  run_coracle 0 pod inspect --format '{{.Hostname}} {{.Labels}} {{.ExitPolicy}} {{.CreateInfra}} {{.SharedNamespaces}}' shown
  assert_output '^here map\[a:b c:d\] stop true \[(net ipc|ipc net)\]$'
  assert_equal "$(coracle inspect --format '{{.Id}} {{.IsInfra}} {{.Pod}}' holder)" "$(infra_of shown) true $(id_of shown)"
  run_coracle 0 pod inspect shown
  assert_equal "$(jq -r '.[0].CreateCommand[1:4] | join(" ")' <<<"$output")" 'pod create --label'
  run_coracle 0 pod create --share +pid more
  run_coracle 0 pod inspect --format '{{.SharedNamespaces}}' more
  assert_output 'pid'
  assert_output 'net'
  run_coracle 125 pod create --share nope bad
  run_coracle 125 pod create --exit-policy nope bad
  run_coracle 125 pod create --restart nope bad
  run_coracle 125 pod create --label-file "$BATS_TEST_TMPDIR/none" bad
  run_coracle 125 pod create --network nope bad
  run_coracle 125 pod create --publish nope bad
  run_coracle 125 pod create 'bad name'
  run_coracle 1 pod exists bad
}

@test "create without an infra container" {
  local flags
  for flags in --infra=false '--share none' '--share='; do
    # shellcheck disable=SC2086
    coracle pod create $flags bare
    run_coracle 0 pod inspect --format '{{.CreateInfra}} {{.NumContainers}}' bare
    assert_equal "$output" 'false 0'
    coracle run -d --pod bare --name a --network none base sleep 1000
    coracle run -d --pod bare --name b --network none base sleep 1000
    [ "$(namespace_of a net)" != "$(namespace_of b net)" ]
    [ "$(namespace_of a uts)" != "$(namespace_of b uts)" ]
    assert_equal "$(status_of bare)" Running
    run_coracle 0 pod stop --time 0 bare
    assert_equal "$(status_of bare)" Exited
    coracle pod rm bare
  done
}

@test "names are given once" {
  coracle pod create taken
  run_coracle 125 pod create taken
  assert_output 'in use'
  local before
  before=$(id_of taken)
  coracle pod create --replace --name taken
  [ "$(id_of taken)" != "$before" ]
  coracle create --name box --network none base true
  run_coracle 125 pod create box
  # Of two at once one wins.
  for _ in 1 2 3 4 5; do
    local codes=() pid one=0 two=0
    "$CORACLE" pod create race >/dev/null 2>&1 3>&- & pid=$!
    coracle pod create race >/dev/null 2>&1 || one=$?
    wait "$pid" || two=$?
    mapfile -t codes < <(printf '%s\n' $one $two | sort -n)
    assert_equal "${codes[*]}" '0 125'
    assert_equal "$(coracle pod ps --noheading --filter name=^race$ | wc -l)" 1
    coracle pod rm race
  done
  # The loser leaves nothing behind.
  coracle pod rm taken
  run_coracle 0 ps --all --noheading --format '{{.Names}}'
  assert_equal "$output" box
}

@test "containers of a pod share network, names and IPC, and not their files" {
  coracle pod create --network none --hostname together --add-host elsewhere:192.0.2.7 --shm-size 3m both
  coracle run -d --pod both --name web -v "$WWW:/www:ro" base httpd -f -p 80 -h /www
  coracle run -d --pod both --name app base sleep 1000
  for kind in net uts ipc; do
    assert_equal "$(namespace_of web $kind)" "$(namespace_of app $kind)"
  done
  for kind in pid mnt; do
    [ "$(namespace_of web $kind)" != "$(namespace_of app $kind)" ]
  done
  wait_until 5 coracle exec app wget -q -O /dev/null http://localhost/
  run_coracle 0 exec app wget -q -O - http://127.0.0.1/
  assert_equal "$output" 'from the pod'
  for name in web app; do
    assert_equal "$(coracle exec $name hostname)" together
    run_coracle 0 exec $name cat /etc/hosts
    assert_output '192.0.2.7[[:space:]]+elsewhere'
  done
  coracle exec web sh -c 'echo shared >/dev/shm/note'
  assert_equal "$(coracle exec app cat /dev/shm/note)" shared
  assert_equal "$(shared_memory_of web)" 3072k
  assert_equal "$(shared_memory_of app)" 3072k
  run_coracle 0 run --rm --pod both base hostname
  assert_equal "$output" together
  # What the pod decides a container cannot.
  run_coracle 125 run --rm --pod both --publish 8080:80 base true
  run_coracle 125 create --pod both --hostname other base true
  run_coracle 0 ps --all --pod --format '{{.Names}} {{.PodName}} {{.Pod}}' --filter pod=both --sort names
  assert_output "web both $(id_of both | cut -c1-12)"
  assert_equal "${#lines[@]}" 3
  run_coracle 0 ps --pod
  assert_equal "$(tr -s ' ' <<<"${lines[0]}")" 'CONTAINER ID IMAGE COMMAND CREATED STATUS PORTS NAMES POD ID PODNAME'
  run_coracle 0 ps --filter pod=nope --noheading
  assert_equal "$output" ''
  run_coracle 0 pod ps --format '{{.NumberOfContainers}} {{.ContainerNames}}'
  assert_output '^3 .*web'
}

@test "volumes, devices and security options of the pod are its containers'" {
  mkdir -p "$BATS_TEST_TMPDIR/all/sub" "$BATS_TEST_TMPDIR/own"
  echo all >"$BATS_TEST_TMPDIR/all/file"
  echo own >"$BATS_TEST_TMPDIR/own/file"
  coracle pod create --network none --volume "$BATS_TEST_TMPDIR/all:/data" --device /dev/fuse:/dev/there \
    --security-opt no-new-privileges site
  run_coracle 0 run --rm --pod site base sh -c 'cat /data/file; test -c /dev/there && grep NoNewPrivs /proc/self/status'
  assert_equal "$(echo $output)" 'all NoNewPrivs: 1'
  # Its own win, also where they are inside.
  run_coracle 0 run --rm --pod site -v "$BATS_TEST_TMPDIR/own:/data:ro" base sh -c 'cat /data/file; touch /data/x 2>/dev/null || echo readonly'
  assert_output '^own'
  assert_output 'readonly$'
  run_coracle 0 run --rm --pod site -v "$BATS_TEST_TMPDIR/own:/data/sub" base cat /data/file /data/sub/file
  assert_equal "$(echo $output)" 'all own'
}

@test "a pod that cannot be made whole leaves nothing, and what it was to replace stays" {
  run_coracle 125 pod create --pod-id-file "$BATS_TEST_TMPDIR/none/id" --network none half
  run_coracle 0 ps --all --noheading
  assert_equal "$output" ''
  run_coracle 1 pod exists half
  coracle pod create --network none site
  coracle run -d --pod site --name app base sleep 1000
  for wrong in '--network nope' '--share nonsense' '--share user' '--memory much' '--restart sometimes' '--volume /nope/nope:/x'; do
    run_coracle 125 pod create --replace --name site $wrong
    is_in_state app running
  done
  run_coracle 0 pod create --replace --name site --infra-name keeper --network none
  run_coracle 0 pod create --replace --name site --infra-name keeper --network none
  run_coracle 0 ps --all --format '{{.Names}}' --noheading
  assert_equal "$output" keeper
}

@test "whoever is killed while a pod is made leaves nothing of it" {
  local i pid record look
  for i in 1 2 3 4 5 6 7 8; do
    "$CORACLE" pod create --network none --name cut >/dev/null 2>&1 &
    pid=$!
    sleep "0.0$((i * 7 % 10))$i"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if coracle pod exists cut; then
      [ -n "$(infra_of cut)" ]
      run_coracle 0 run --rm --pod cut base true
      coracle pod rm -f -t 0 cut
    fi
    run_coracle 0 ps -a -q
    assert_equal "$output" ''
  done
  # When the pod does not know of its infra container yet.
  for look in '0 pod ls --noheading' '1 pod exists cut'; do
    coracle pod create --network none --name cut >/dev/null
    record=$(echo "$CORACLE_ROOT"/pods/*.json)
    sed -i 's/"infra":"[0-9a-f]*"/"infra":"","maker":{"pid":4194303,"start_time":1}/' "$record"
    # shellcheck disable=SC2086
    run_coracle $look
    assert_equal "$output" ''
    run_coracle 0 ps -a -q
    assert_equal "$output" ''
  done
}

@test "nobody joins a pod that is being made, and whoever looks next takes away what its killed maker left" {
  local maker record
  sleep 1000 3>&- &
  maker=$!
  coracle pod create --network none --name cut >/dev/null
  record=$(echo "$CORACLE_ROOT"/pods/*.json)
  sed -i 's/"infra":"[0-9a-f]*"/"infra":"","maker":{"pid":'$maker',"start_time":'"$(cut -d' ' -f22 /proc/$maker/stat)"'}/' "$record"
  run_coracle 125 run --rm --pod cut base true
  assert_output 'pod cut is still being created'
  run_coracle 125 pod create --name cut
  kill -KILL $maker
  wait $maker || true
  run_coracle 125 run --rm --pod cut base true
  assert_output 'no such pod'
  run_coracle 0 ps -a -q
  assert_equal "$output" ''
  run_coracle 0 pod create --name cut
}

@test "a clone has labels, limits and an infra name of its own" {
  coracle pod create --network none --label a=1 --label b=2 --cpus 1 site
  coracle pod clone --label b=3 --memory 64m --infra-name holder site second
  run_coracle 0 ps --all --filter pod=second --format '{{.Names}}' --noheading
  assert_equal "$output" holder
  run_coracle 0 pod inspect --format '{{.Labels.a}}{{.Labels.b}}' second
  assert_equal "$output" 13
  run_coracle 0 pod inspect --format '{{.CPUQuota}} {{.MemoryLimit}}' second
  assert_equal "$output" "100000 $((64 << 20))"
}

@test "a pod that ends with its containers: several at once, and one that comes back" {
  coracle pod create --network none --exit-policy stop site
  coracle run -d --rm --pod site --name a base sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done'
  coracle run -d --rm --pod site --name b base sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done'
  coracle exec a touch /dev/shm/go
  wait_until 10 pod_is site Exited
  # What is about to be started again counts.
  coracle pod create --network none --exit-policy stop again
  coracle run -d --pod again --name c --restart always base sh -c 'sleep 0.1; exit 1'
  coracle run -d --pod again --name d base sleep 0.3
  wait_until 10 is_in_state d exited
  sleep 1
  is_in_state "$(infra_of again)" running
  coracle stop -t 0 c
  wait_until 10 pod_is again Exited
}

@test "the default host name is the pod's" {
  coracle pod create --network none site
  run_coracle 0 run --rm --pod site base hostname
  assert_equal "$output" site
}

@test "ports belong to the pod" {
  local port network=pasta
  is_root && network=bridge
  port=$(free_port)
  coracle pod create --network $network --publish "$port:80" site
  coracle run -d --pod site --name web -v "$WWW:/www:ro" base httpd -f -p 80 -h /www
  wait_until 10 fetch "$port"
  assert_equal "$(fetch "$port")" 'from the pod'
  run_coracle 0 ps --filter name=web --format '{{.Ports}}'
  assert_output ":$port->80/tcp"
  run_coracle 0 pod inspect --format '{{(index (index .InfraConfig.PortBindings "80/tcp") 0).HostPort}}' site
  assert_equal "$output" "$port"
  # They stay when the container goes, and go with the pod.
  coracle rm -f -t 0 web
  run_coracle 125 run --rm --network $network --publish "$port:80" base true
  coracle pod stop -t 0 site
  run_coracle 0 run --rm --network $network --publish "$port:80" base true
}

@test "pods on bridge networks" {
  coracle network create front
  coracle pod create --network front site
  coracle run -d --pod site --name web -v "$WWW:/www:ro" base httpd -f -p 80 -h /www
  run_coracle 0 run --rm --network front base sh -c 'for i in 1 2 3 4 5; do wget -q -O - http://site/ && exit; sleep 0.2; done; exit 1'
  assert_equal "$output" 'from the pod'
  run_coracle 0 pod ps --filter network=front --format '{{.Name}} {{.Networks}}'
  assert_equal "$output" 'site front'
  run_coracle 0 ps --all --filter network=front --format '{{.IsInfra}} {{.Networks}}'
  assert_output 'true front'
  coracle pod rm -f -t 0 site
  coracle network rm front
}

@test "a network goes with the pods that use it" {
  coracle network create front
  coracle pod create --network front site
  coracle run -d --pod site --name web base sleep 1000
  run_coracle 2 network rm front
  assert_output 'network is being used'
  run_coracle 0 network rm --force --time 0 front
  run_coracle 1 network exists front
  run_coracle 1 pod exists site
  run_coracle 1 container exists web
}

@test "a shared process namespace shows the others' processes" {
  coracle pod create --network none --share +pid open
  coracle pod create --network none closed
  for pod in open closed; do
    coracle run -d --pod $pod --name "$pod-one" base sleep 1234
    coracle run -d --pod $pod --name "$pod-two" base sleep 1000
  done
  assert_equal "$(namespace_of open-one pid)" "$(namespace_of open-two pid)"
  run_coracle 0 exec open-two ps
  assert_output 'sleep 1234'
  run_coracle 0 exec closed-two ps
  refute_output 'sleep 1234'
  # Not the first of its namespace, and stopped all the same.
  coracle stop -t 0 open-one
  is_in_state open-one exited
  is_in_state open-two running
}

@test "a pod is started, stopped, paused and killed, and says how it is" {
  coracle pod create --network none site
  assert_equal "$(status_of site)" Created
  coracle create --pod site --name a base sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
  coracle create --pod site --name b --stop-signal KILL base sleep 1000
  assert_equal "$(status_of site)" Created
  run_coracle 0 pod start site
  assert_equal "$output" site
  assert_equal "$(status_of site)" Running
  is_in_state "$(infra_of site)" running
  # What runs is let alone.
  local pid
  pid=$(coracle inspect --format '{{.State.Pid}}' a)
  run_coracle 0 pod start site
  assert_equal "$(coracle inspect --format '{{.State.Pid}}' a)" "$pid"

  if has_cgroup; then
    run_coracle 0 pod pause site
    assert_equal "$output" "$(id_of site)"
    assert_equal "$(status_of site)" Paused
    is_in_state a paused
    run_coracle 0 pod unpause site
    assert_equal "$(status_of site)" Running
  fi

  coracle kill b
  wait_until 5 pod_is site Degraded
  run_coracle 0 pod start site
  assert_equal "$(status_of site)" Running

  run_coracle 0 pod stop -t 5 site
  assert_equal "$output" site
  assert_equal "$(status_of site)" Exited
  assert_equal "$(coracle inspect --format '{{.State.ExitCode}}' a)" 7
  is_in_state "$(infra_of site)" exited
  run_coracle 0 pod stop site
  run_coracle 0 pod kill site

  run_coracle 0 pod restart site
  assert_equal "$output" "$(id_of site)"
  assert_equal "$(status_of site)" Running
  pid=$(coracle inspect --format '{{.State.Pid}}' b)
  run_coracle 0 pod restart site
  assert_equal "$output" "$(id_of site)"
  [ "$(coracle inspect --format '{{.State.Pid}}' b)" != "$pid" ]
  assert_equal "$(namespace_of a net)" "$(namespace_of b net)"

  run_coracle 0 pod kill --signal KILL site
  assert_equal "$output" "$(id_of site)"
  wait_until 5 pod_is site Exited
  coracle create --pod site --name c base true
  assert_equal "$(status_of site)" Stopped
}

@test "the first container starts the infra container, and one that fails does not keep the others" {
  coracle pod create --network none site
  coracle run -d --pod site --name good base sleep 1000
  is_in_state "$(infra_of site)" running
  coracle stop -t 0 good
  coracle create --pod site --name bad base /nothing/here
  run_coracle 125 pod start site
  assert_output "starting container .*/nothing/here"
  is_in_state good running
  assert_equal "$(status_of site)" Degraded
  run_coracle 0 pod stop -t 0 site
  # One started by itself brings the infra container with it.
  coracle start good
  is_in_state "$(infra_of site)" running
}

@test "run --pod new: makes the pod, and takes what is shared" {
  local port network=pasta
  is_root && network=bridge
  port=$(free_port)
  run_coracle 0 run -d --pod new:fresh --name web --network $network --hostname fresh-host -p "$port:80" \
    -v "$WWW:/www:ro" base httpd -f -p 80 -h /www
  assert_equal "$(coracle inspect --format '{{.Pod}}' web)" "$(id_of fresh)"
  assert_equal "$(coracle exec web hostname)" fresh-host
  wait_until 10 fetch "$port"
  run_coracle 0 inspect --format '{{json .HostConfig.PortBindings}}' "$(infra_of fresh)"
  assert_output "$port"
  run_coracle 125 run -d --pod new:fresh base true
  # What comes to nothing leaves no pod.
  run_coracle 125 run -d --pod new:empty --network none --cap-add nope base true
  run_coracle 125 run -d --pod new:empty --network none --pull never no-such-image true
  run_coracle 1 pod exists empty
  coracle pod create --network none --pod-id-file "$BATS_TEST_TMPDIR/id" filed
  run_coracle 0 run --rm --pod-id-file "$BATS_TEST_TMPDIR/id" base hostname
  assert_equal "$output" filed
  run_coracle 0 pod stop --pod-id-file "$BATS_TEST_TMPDIR/id"
  run_coracle 0 pod start --pod-id-file "$BATS_TEST_TMPDIR/id"
  run_coracle 0 pod rm -f -t 0 --pod-id-file "$BATS_TEST_TMPDIR/id"
  run_coracle 1 pod exists filed
  [ ! -e "$BATS_TEST_TMPDIR/id" ]
}

@test "the exit policy decides what becomes of the pod" {
  coracle pod create --network none --exit-policy stop brief
  coracle pod create --network none long
  coracle run -d --pod brief --name brief-one base sleep 1
  coracle run -d --pod brief --name brief-two base sleep 2
  coracle run --pod long base true
  assert_equal "$(status_of long)" Degraded
  is_in_state "$(infra_of long)" running
  wait_until 5 is_in_state brief-one exited
  is_in_state "$(infra_of brief)" running
  wait_until 10 pod_is brief Exited
  is_in_state "$(infra_of brief)" exited
}

@test "the restart policy is for containers that have none" {
  coracle pod create --network none --restart always again
  coracle run -d --pod again --name often base sh -c 'sleep 0.2; exit 1'
  coracle run -d --pod again --name once --restart no base true
  restarted() { [ "$(coracle inspect --format '{{.RestartCount}}' often)" -ge 2 ]; }
  wait_until 10 restarted
  is_in_state once exited
  coracle pod stop -t 0 again
  is_in_state often exited
}

@test "rm refuses what runs, and takes all with it when forced" {
  coracle pod create --network none site
  coracle run -d --pod site --name web base sleep 1000
  local infra
  infra=$(infra_of site)
  run_coracle 125 pod rm site
  is_in_state web running
  run_coracle 125 rm "$infra"
  run_coracle 125 rm --force "$infra"
  is_in_state "$infra" running
  coracle run -d --name apart --network none base sleep 1000
  run_coracle 0 rm --all --force --time 0
  run_coracle 0 ps --all --noheading --no-trunc --format '{{.ID}}'
  assert_equal "$output" "$infra"
  coracle run -d --pod site --name web base sleep 1000
  run_coracle 0 pod rm --force --time 0 site
  run_coracle 0 ps --all --noheading
  assert_equal "$output" ''
  # Of a pod that has nothing but its infra container that one may run.
  coracle pod create --network none lonely
  coracle pod start lonely
  coracle pod rm lonely
  coracle pod create --network none ended
  coracle run --pod ended base true
  coracle pod stop ended
  coracle pod rm ended
}

@test "prune takes pods that have ended" {
  coracle pod create --network none ended
  coracle run --pod ended base true
  coracle pod stop -t 0 ended
  coracle pod create --network none running
  coracle run -d --pod running --name web base sleep 1000
  local id
  id=$(id_of ended)
  run_coracle 0 container prune --force
  coracle pod exists ended
  run_coracle 0 pod prune --force
  assert_equal "$output" "$id"
  run_coracle 0 pod ps --format '{{.Name}}'
  assert_equal "$output" running
  coracle pod stop -t 0 running
  id=$(id_of running)
  run_coracle 0 system prune --force
  assert_output "$id"
  run_coracle 0 pod ps --noheading
  assert_equal "$output" ''
}

@test "a clone is as its original" {
  coracle pod create --network none --hostname twin --label a=b site
  coracle run -d --pod site --name web --stop-signal KILL -e NAME=value base sleep 1000
  run_coracle 0 pod clone site
  run_coracle 0 pod inspect --format '{{.Hostname}} {{.Labels}} {{.NumContainers}} {{.State}}' site-clone
  assert_equal "$output" 'twin map[a:b] 2 Created'
  run_coracle 0 pod clone --start site other
  assert_equal "$(status_of other)" Running
  local copy
  copy=$(coracle ps --filter pod=other --format '{{.Names}} {{.IsInfra}}' | awk '$2 == "false" {print $1}')
  assert_equal "$(coracle exec "$copy" sh -c 'echo $NAME')" value
  [ "$(namespace_of "$copy" net)" != "$(namespace_of web net)" ]
  run_coracle 125 pod clone site other
  run_coracle 125 pod clone --name x site y
  assert_output 'cannot specify --name and NAME at the same time'
  run_coracle 0 pod clone --destroy site moved
  run_coracle 1 pod exists site
}

@test "logs of all containers" {
  coracle pod create --network none site
  coracle run --pod site --name one base sh -c 'echo first; echo second'
  coracle run --pod site --name two base echo third
  run_coracle 0 pod logs site
  assert_output "$(coracle inspect --format '{{.Id}}' one | cut -c1-12) first"
  assert_output "$(coracle inspect --format '{{.Id}}' two | cut -c1-12) third"
  run_coracle 0 pod logs --names site
  assert_output 'one first'
  assert_output 'two third'
  run_coracle 0 pod logs --names --tail 1 site
  refute_output first
  assert_output 'one second'
  run_coracle 0 pod logs --container two site
  assert_output third
  refute_output first
  run_coracle 0 pod logs --timestamps --latest
  assert_output '[0-9]{4}-[0-9]{2}-[0-9]{2}T.* third'
  run_coracle 125 pod logs --container nope site
  coracle run -d --pod site --name slow base sh -c 'sleep 1; echo late'
  run_coracle 0 pod logs --follow --names --container slow site
  assert_output late
}

@test "top shows the processes of all containers under one heading" {
  coracle pod create --network none site
  coracle run -d --pod site --name one base sleep 1234
  coracle run -d --pod site --name two --user 33 base sleep 2345
  run_coracle 0 pod top site
  assert_output '^USER +PID +PPID +%CPU +ELAPSED +TTY +TIME +COMMAND'
  assert_output 'sleep 1234'
  assert_output 'sleep 2345'
  assert_equal "$(grep -c PID <<<"$output")" 1
  run_coracle 0 pod top site pid,args
  assert_output '^PID +COMMAND'
  run_coracle 0 pod top --latest user args
  assert_output 'web +sleep 2345|33 +sleep 2345'
  run_coracle 125 pod top site nope
  coracle stop -t 0 one
  run_coracle 0 pod top site args
  refute_output 'sleep 1234'
}

@test "stats of all containers" {
  coracle pod create --network none site
  coracle run -d --pod site --name busy base sh -c 'while :; do :; done'
  coracle run -d --pod site --name idle base sleep 1000
  run_coracle 0 pod stats --no-stream site
  assert_equal "${#lines[@]}" 4
  run_coracle 0 pod stats --no-stream --format '{{.Name}} {{.CPU}} {{.PIDS}}' site
  assert_output 'busy [1-9][0-9]*\.[0-9]{2}% 1'
  assert_output 'idle 0\.[0-9]{2}% 1'
  run_coracle 0 pod stats --no-stream --format json
  assert_equal "$(jq -r 'map(select(.Name == "idle"))[0].Pod' <<<"$output")" "$(id_of site | cut -c1-12)"
  # Again and again, until nobody reads any more.
  timeout 10 "$CORACLE" pod stats --format '{{.Name}}' site 3>&- | head -n 7 >"$BATS_TEST_TMPDIR/lines"
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/lines")" 7
}

@test "limits of a pod hold for all of its containers" {
  needs_cgroup memory cpu
  coracle pod create --network none --memory 64m --cpus 0.5 --sysctl net.ipv4.ip_default_ttl=77 limited
  coracle run -d --pod limited --name one base sleep 1000
  assert_equal "$(coracle exec one cat /proc/sys/net/ipv4/ip_default_ttl)" 77
  run_coracle 0 pod inspect --format '{{.CgroupPath}}' limited
  [ -n "$output" ]
  run_coracle 0 pod inspect limited
  assert_equal "$(jq '.[0].memory_limit' <<<"$output")" $((64 << 20))
}

@test "a killed monitor of the infra container is noticed" {
  coracle pod create --network none site
  coracle run -d --pod site --name web --stop-signal KILL base sleep 1000
  assert_equal "$(status_of site)" Running
  kill -KILL "$(coracle inspect --format '{{.State.ConmonPid}}' "$(infra_of site)")"
  wait_until 5 is_in_state "$(infra_of site)" exited
  [ "$(status_of site)" != Running ]
  # And the pod can be had again.
  run_coracle 0 pod restart site
  assert_equal "$(status_of site)" Running
  coracle pod rm -f -t 0 site
}

@test "a pod costs next to nothing" {
  coracle pod create --network none site
  coracle pod start site
  local pid pss
  pid=$(coracle inspect --format '{{.State.Pid}}' "$(infra_of site)")
  pss=$(awk '$1 == "Pss:" {print $2}' "/proc/$pid/smaps_rollup")
  [ "$pss" -le 300 ] || { echo "# $pss KiB" >&2; return 1; }
}

# ids_of CONTAINER: the map of its users.
ids_of() { coracle inspect --format '{{json .HostConfig.IDMappings.UidMap}}' "$1"; }

@test "a pod with ids of its own: its containers live in one user namespace, those of its clone in another" {
  coracle pod create --userns auto:size=1000 --name site
  coracle create --pod site --name one -v "$BATS_TEST_TMPDIR:/here" base sh -c 'touch /made /here/made; exec sleep 1000'
  coracle create --pod site --name two base sleep 1000
  run_coracle 0 pod clone site twin
  run_coracle 0 pod start site twin
  assert_equal "$(ids_of one)" "$(ids_of "$(infra_of site)")"
  assert_equal "$(ids_of one-clone)" "$(ids_of "$(infra_of twin)")"
  [ "$(ids_of one)" != "$(ids_of one-clone)" ]
  assert_equal "$(namespace_of one user)" "$(namespace_of two user)"
  [ "$(namespace_of one user)" != "$(namespace_of one-clone user)" ]
  wait_until 10 coracle exec one test -e /made
  run_coracle 0 exec one sh -c 'id -u; stat -c %u /made /etc/motd /etc/hosts; awk "{print \$3}" /proc/self/uid_map'
  assert_equal "$output" $'0\n0\n0\n65534\n1000'
  # Nothing of the host's processes, nor of each other's.
  run_coracle 0 exec two sh -c 'cat /proc/1/comm; set -- /proc/[0-9]*; echo $#'
  assert_equal "$output" $'sleep\n2'
  run_coracle 0 exec -u 33 two sh -c 'id -u; touch /tmp/of-web && stat -c %u /tmp/of-web'
  assert_equal "$output" $'33\n33'
  # Everything else is shared as ever, the network above all.
  for kind in net ipc uts; do assert_equal "$(namespace_of one $kind)" "$(namespace_of two $kind)"; done
  run_coracle 0 exec one ip route
  assert_output 'default via'
  coracle exec -d two sh -c 'echo hello | nc -l -p 8000'
  wait_until 10 coracle exec two sh -c 'grep -q :1F40 /proc/net/tcp*'
  run_coracle 0 exec one nc 127.0.0.1 8000
  assert_equal "$output" hello
  # Once more, with what the first start has left.
  run_coracle 0 pod stop -t 0 site
  run_coracle 0 pod start site
  run_coracle 0 exec one id -u
}

@test "pods with other maps" {
  local options=('--uidmap 0:1:1000 --gidmap 0:1:1000' 'auto') asked
  is_root || options+=('keep-id' 'nomap')
  for asked in "${options[@]}"; do
    [[ $asked == --* ]] || asked="--userns $asked"
    coracle pod create --name site --share net,ipc,uts,pid $asked
    run_coracle 0 run --rm --pod site -u 0 base sh -c 'id -u; stat -c %u /etc/motd; cat /etc/hosts >/made && hostname'
    assert_equal "$output" $'0\n0\nsite'
    coracle pod rm -f -t 0 site
  done
  # What is shared needs no network.
  coracle pod create --name site --share ipc --userns auto
  run_coracle 0 run --rm --pod site --network=none base stat -c %u /etc/motd
  assert_equal "$output" 0
}

@test "ids are the pod's, however they are asked for" {
  local asked
  coracle pod create --name site --userns auto
  for asked in '--userns keep-id' '--userns host' '--userns auto'; do
    run_coracle 125 run --rm --pod site $asked base true
    assert_equal "$output" 'Error: --userns and --pod cannot be set together'
  done
  run_coracle 125 run --rm --pod site --uidmap 0:1:100 base true
  # With the pod that is made for it, and by a setting.
  run_coracle 0 run --rm --pod new:fresh --userns auto:size=700 base sh -c 'cat /proc/self/uid_map; stat -c %u /etc/motd'
  assert_output ' 700'
  assert_equal "${lines[1]}" 0
  printf '[containers]\nuserns = "auto"\n' >"$BATS_TEST_TMPDIR/conf"
  export CONTAINERS_CONF=$BATS_TEST_TMPDIR/conf
  run_coracle 0 pod create --name set
  run_coracle 0 run --pod set --name member base stat -c %u /etc/motd
  assert_equal "$output" 0
  assert_equal "$(ids_of member)" "$(ids_of "$(infra_of set)")"
  unset CONTAINERS_CONF
  # One with ids of its own takes those of the pod that its clone joins.
  coracle create --name apart --userns auto:size=900 --network=none base stat -c %u /etc/motd
  coracle container clone --pod site apart joined
  assert_equal "$(ids_of joined)" "$(ids_of "$(infra_of site)")"
  run_coracle 0 start -a joined
  assert_equal "$output" 0
  coracle pod create --name plain
  coracle container clone --pod plain apart back
  run_coracle 0 start -a back
  assert_equal "$output" 0
}

@test "the setting of user namespaces is the pod's, not its containers'" {
  echo '[containers]
userns = "keep-id"' >"$BATS_TEST_TMPDIR/containers.conf"
  export CONTAINERS_CONF=$BATS_TEST_TMPDIR/containers.conf
  coracle pod create --network none --userns host --name plain
  run_coracle 0 run --rm --pod plain base id -u
  assert_equal "$output" 0
  coracle pod rm -f -t 0 plain
  run_coracle 125 pod create --infra=false --userns auto --name bare
  assert_output 'without an infra container'
}

@test "a copy of a container takes no pod's name" {
  coracle create --name c --network=none base true
  coracle pod create --network none --name c-clone
  run_coracle 0 container clone c
  run_coracle 0 inspect --format '{{.Name}}' "$output"
  assert_equal "$output" c-clone1
  run_coracle 125 create --name c-clone base
  assert_output 'already in use by pod'
}
