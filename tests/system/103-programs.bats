#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real programs on networks: a web server, a name server, a database, the package manager of Debian.
load helpers
load registries

setup_file() {
  setup_store
  local programs=${DEBIAN_PROGRAMS:-$BATS_FILE_TMPDIR/programs.tar}
  if ! timeout 600 "$BATS_TEST_DIRNAME/make_debian" "$programs"; then
    export LACKING='no Debian root file system can be made here'
    return 0
  fi
  coracle import "$programs" debian >/dev/null
  # By which others reach this host.
  export HOST_ADDRESS
  HOST_ADDRESS=$(ip -4 -o addr show scope global | sed -n '1s/.*inet \([^/]*\).*/\1/p')
}
teardown_file() { teardown_store; }
setup() { [ -z "${LACKING:-}" ] || skip "$LACKING"; }
teardown() {
  remove_containers
  coracle network prune --force >/dev/null
  wait_until 10 no_network_leftovers || { network_leftovers >&2; return 1; }
}

# address_of CONTAINER NETWORK [MEMBER]
address_of() { coracle inspect --format "{{.NetworkSettings.Networks.$2.${3:-IPAddress}}}" "$1"; }

# run_nginx OPTION...: the container "web".
run_nginx() { coracle run -d --name web "$@" debian nginx -g 'daemon off;' >/dev/null; }

# last_clients COUNT: who asked the container "web" last, by its log.
last_clients() { coracle exec web tail -n "$1" /var/log/nginx/access.log | cut -d' ' -f1; }

# package_index: an address that the image's package manager asks for, as its configuration has it.
package_index() {
  coracle run --rm --network none debian sed -n 's,^deb \(http[^ ]*\) \([^ ]*\) .*,\1/dists/\2/InRelease,p' /etc/apt/sources.list | head -n 1
}

@test "nginx is reached by a published port and by name, with IPv4 and IPv6, and logs who asks" {
  local port
  port=$(free_port)
  coracle network create --ipv6 front
  run_nginx --network front -p "$port:80"
  coracle run -d --name client --network front debian sleep 1000
  wait_until 20 curl -fsS -m 2 "http://127.0.0.1:$port/"
  run_coracle 0 exec client curl -4fsS -m 10 http://web/
  assert_output 'Welcome to nginx'
  assert_equal "$(last_clients 1)" "$(address_of client front)"
  run_coracle 0 exec client curl -6fsS -m 10 http://web/
  assert_output 'Welcome to nginx'
  assert_equal "$(last_clients 1)" "$(address_of client front GlobalIPv6Address)"
  curl -fsS -m 10 "http://[::1]:$port/" >/dev/null
  assert_equal "$(last_clients 1)" "$(address_of web front IPv6Gateway)"
  [ -n "$HOST_ADDRESS" ] || skip 'this host has no address but the loopback one'
  curl -fsS -m 10 "http://$HOST_ADDRESS:$port/" >/dev/null
  assert_equal "$(last_clients 1)" "$HOST_ADDRESS"
}

@test "a server of datagrams is reached by a published port and by name, and logs who asks" {
  local port
  port=$(free_port)
  coracle network create --ipv6 front
  coracle run -d --name names --network front -p "$port:53/udp" debian \
    dnsmasq --no-daemon --no-resolv --no-hosts --log-queries --log-facility=- --user=root --address=/example.test/192.0.2.7
  coracle run -d --name client --network front debian sleep 1000
  ask() { dig +short +time=2 +tries=1 example.test "@$1" -p "$port"; }
  wait_until 20 ask 127.0.0.1
  assert_equal "$(ask 127.0.0.1)" 192.0.2.7
  assert_equal "$(ask ::1)" 192.0.2.7
  for version in 4 6; do
    run_coracle 0 exec client dig "-$version" +short +time=2 example.test @names
    assert_equal "$output" 192.0.2.7
  done
  coracle logs names >"$BATS_TEST_TMPDIR/log" 2>&1
  grep -F "from $(address_of client front)" "$BATS_TEST_TMPDIR/log"
  grep -F "from $(address_of client front GlobalIPv6Address)" "$BATS_TEST_TMPDIR/log"
  grep -F "from $(address_of names front Gateway)" "$BATS_TEST_TMPDIR/log"
  grep -F "from $(address_of names front IPv6Gateway)" "$BATS_TEST_TMPDIR/log"
  [ -n "$HOST_ADDRESS" ] || skip 'this host has no address but the loopback one'
  assert_equal "$(ask "$HOST_ADDRESS")" 192.0.2.7
  coracle logs names 2>&1 | grep -F "from $HOST_ADDRESS"
}

@test "a thousand requests at a time are answered" {
  local port
  port=$(free_port)
  coracle network create front
  run_nginx --network front -p "$port:80"
  wait_until 20 curl -fsS -m 2 "http://127.0.0.1:$port/"
  run timeout 60 ab -q -n 5000 -c 200 "http://127.0.0.1:$port/"
  [ "$status" -eq 0 ]
  assert_output 'Complete requests: +5000'
  assert_output 'Failed requests: +0'
}

@test "postgres serves a private network and no other" {
  coracle network create --internal secret
  coracle network create public
  coracle run -d --name db --network secret debian sh -c 'cd /etc/postgresql/15/main
    echo "host all all samenet trust" >>pg_hba.conf
    exec runuser -u postgres -- /usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main \
      -c config_file=/etc/postgresql/15/main/postgresql.conf -c listen_addresses="*" -c ssl=off -c unix_socket_directories=/tmp'
  coracle run -d --name client --network secret --network public debian sleep 1000
  coracle run -d --name stranger --network public debian sleep 1000
  query() { coracle exec -e PGCONNECT_TIMEOUT=3 "$1" psql -h "$2" -U postgres -Atc "$3"; }
  wait_until 30 query client db 'select 1'
  query client db 'create table boats (name text, crew int)'
  query client db "insert into boats select 'coracle', 1 from generate_series(1, 1000)"
  assert_equal "$(query client db 'select sum(crew), inet_client_addr() from boats')" "1000|$(address_of client secret)"
  run_coracle 0 exec client sh -c 'pgbench -h db -U postgres -q -i -s 1 postgres && pgbench -h db -U postgres -c 8 -T 2 postgres'
  assert_output 'number of failed transactions: 0 '
  run query stranger db 'select 1'
  [ "$status" -ne 0 ]
  assert_output 'could not translate host name'
  run query stranger "$(address_of db secret)" 'select 1'
  [ "$status" -ne 0 ]
  assert_output 'timeout expired|No route to host|Network is unreachable|Connection refused'
}

@test "apt-get update" {
  local index network
  index=$(package_index)
  [ -n "$index" ] || skip 'the image says of no place to get packages from'
  curl -fsS -m 20 -o /dev/null "$index" || skip "the package servers of the image cannot be reached from this host"
  coracle network create lan
  for network in default bridge lan; do
    run_coracle 0 run --rm --network "$network" debian \
      sh -c 'rm -rf /var/lib/apt/lists; apt-get -o Acquire::Retries=2 update && ls /var/lib/apt/lists | grep Packages'
    refute_output 'Err:|Failed to fetch|^[WE]:'
  done
}

@test "nginx is connected and disconnected under traffic" {
  local port load
  port=$(free_port)
  coracle network create one
  coracle network create two
  run_nginx --network one -p "$port:80"
  coracle run -d --name inside --network one debian \
    sh -c 'for i in $(seq 300); do curl -fsS -m 10 http://web/ >/dev/null || echo failed; done; echo done'
  coracle run -d --name other --network two debian sleep 1000
  wait_until 20 curl -fsS -m 2 "http://127.0.0.1:$port/"
  timeout 60 ab -q -n 4000 -c 10 "http://127.0.0.1:$port/" >"$BATS_TEST_TMPDIR/ab" 2>&1 &
  load=$!
  for _ in $(seq 10); do
    coracle network connect two web
    run_coracle 0 exec other curl -fsS -m 10 http://web/
    coracle network disconnect two web
  done
  run_coracle 6 exec other curl -fsS -m 10 http://web/
  wait "$load"
  grep -E 'Complete requests: +4000' "$BATS_TEST_TMPDIR/ab"
  grep -E 'Failed requests: +0' "$BATS_TEST_TMPDIR/ab"
  coracle wait inside >/dev/null
  assert_equal "$(coracle logs inside)" done
}

@test "nginx is found at once when it comes back with its address" {
  coracle network create --subnet 198.18.31.0/24 fixed
  run_nginx --network fixed --ip 198.18.31.9
  coracle run -d --name client --network fixed debian sleep 1000
  ask() { coracle exec client curl -fsS --connect-timeout 2 "http://web/" >/dev/null; }
  wait_until 20 ask
  for _ in 1 2 3; do
    coracle restart -t 0 web
    # What others remember of who had the address holds for longer than this.
    wait_until 4 ask
  done
}

@test "a published port leads to the container wherever it moves" {
  local port
  port=$(free_port)
  coracle network create one
  coracle network create two
  run_nginx --network one -p "$port:80"
  wait_until 20 curl -fsS -m 2 "http://127.0.0.1:$port/"
  coracle network connect two web
  curl -fsS -m 5 "http://127.0.0.1:$port/" >/dev/null
  coracle network disconnect one web
  wait_until 5 curl -fsS -m 2 "http://127.0.0.1:$port/"
  coracle network disconnect two web
  run curl -fsS -m 2 "http://127.0.0.1:$port/"
  [ "$status" -ne 0 ]
  coracle network connect one web
  wait_until 5 curl -fsS -m 2 "http://127.0.0.1:$port/"
}
