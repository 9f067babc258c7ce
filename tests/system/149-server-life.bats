#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real servers through their whole life: a database on a volume whose password is a secret, a web server that is
# loaded again and whose log turns over, a program that stops answering.
load helpers

setup_file() {
  [ -f "${DEBIAN_PROGRAMS-}" ] || skip 'no DEBIAN_PROGRAMS: tools/check makes it'
  setup_store
  coracle import "$DEBIAN_PROGRAMS" debian >/dev/null
  # As the images that projects publish: they say by which signal they end well.
  printf 'FROM debian\nSTOPSIGNAL SIGINT\nUSER postgres\nENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin\n' \
    >"$BATS_FILE_TMPDIR/postgres"
  printf 'FROM debian\nSTOPSIGNAL SIGQUIT\nRUN %s\nCMD ["nginx", "-g", "daemon off; error_log /dev/stderr notice;"]\n' \
    'ln -sf /dev/stdout /var/log/nginx/access.log' >"$BATS_FILE_TMPDIR/nginx"
  for image in postgres nginx; do
    coracle build -q --network=none -t $image -f "$BATS_FILE_TMPDIR/$image" "$(mktemp -d -p "$BATS_FILE_TMPDIR")" >/dev/null
  done
}
teardown_file() { [ ! -f "${DEBIAN_PROGRAMS-}" ] || teardown_store; }
teardown() {
  remove_containers
  coracle volume prune --all --force >/dev/null
  coracle secret rm --all >/dev/null
}

field() { coracle inspect --format "{{$2}}" "$1"; }
is_status() { [ "$(field "$1" .State.Status)" == "$2" ]; }
is_healthy() { [ "$(field "$1" .State.Health.Status)" == healthy ]; }
# was_restarted NAME COUNT: it runs, and was started so often by its policy.
was_restarted() { [ "$(field "$1" .RestartCount) $(field "$1" .State.Status)" == "$2 running" ]; }
# kill_program NAME: as the kernel does when memory runs out, with a signal that nobody sees coming.
kill_program() {
  local kill=(kill)
  is_root || kill=(coracle unshare kill)
  "${kill[@]}" -KILL "$(field "$1" .State.Pid)"
}

# --- PostgreSQL.

run_postgres() {
  coracle run -d --name "$1" --network=none --restart on-failure -v rows:/data --secret password \
    --secret password,type=env,target=PGPASSWORD --health-cmd 'pg_isready -q -h /tmp' --health-interval 300ms \
    --health-retries 1000 postgres sh -c 'test -s /data/PG_VERSION ||
      initdb -D /data -U postgres --pwfile=/run/secrets/password -A scram-sha-256 >/tmp/initdb || exit 1
      exec postgres -D /data -c unix_socket_directories=/tmp -c listen_addresses=' >/dev/null
}
query() { coracle exec "$1" psql -h /tmp -U postgres -v ON_ERROR_STOP=1 -Atqc "$2"; }
sum_is() { [ "$(query "$1" 'select count(*), sum(n) from boats')" == "$2" ]; }

@test "a database: its password is a secret, its rows outlive its process, its monitor and its container" {
  TIMEOUT=120
  printf 'open sesame' | coracle secret create password - >/dev/null
  run_postgres db
  wait_until 100 is_healthy db
  query db 'create table boats (n int primary key); insert into boats select generate_series(1, 20000)'
  sum_is db '20000|200010000'
  # Without the password nobody gets in, and it is written down nowhere but where secrets are.
  run coracle exec --env PGPASSWORD=wrong db psql -h /tmp -U postgres -Atc 'select 1'
  [ "$status" -ne 0 ]
  assert_output 'password authentication failed'
  refute grep -rqF 'open sesame' "$CORACLE_ROOT/containers" "$CORACLE_RUNROOT"

  # Killed while it writes: the policy starts it again, and what was committed is there.
  query db 'insert into boats select generate_series(20001, 30000)'
  coracle exec -d db psql -h /tmp -U postgres -c 'insert into boats select generate_series(30001, 90000000)' >/dev/null
  kill_program db
  wait_until 60 was_restarted db 1
  wait_until 100 is_healthy db
  sum_is db '30000|450015000'

  # Its monitor is killed: it goes with it, and can be started.
  kill -KILL "$(field db .State.ConmonPid)"
  wait_until 20 is_status db exited
  assert_equal "$(field db .State.ExitCode)" 137
  run_coracle 0 start db
  wait_until 100 is_healthy db
  sum_is db '30000|450015000'

  # The image's signal is the fast shutdown, which postgres ends with 0.
  run_coracle 0 stop --time 60 db
  assert_equal "$(field db '.State.ExitCode')" 0
  run_coracle 0 logs db
  assert_output 'received fast shutdown request'
  coracle rm db >/dev/null
  run_postgres other
  wait_until 100 is_healthy other
  sum_is other '30000|450015000'
  # What it was given as its password, it was given once.
  run_coracle 2 volume rm rows
}

# --- nginx.

get() { coracle exec web curl -fsS -m 20 "http://127.0.0.1/$1"; }
says() { [ "$(get "$1")" == "$2" ]; }
# worker: the process that answers; another one after the configuration was read again.
worker() { coracle exec web pgrep -f 'nginx: worker' 2>/dev/null || coracle top web pid args | awk '/nginx: worker/ {print $1}'; }

@test "a web server: files of a volume, configuration read again by a signal, logs that turn over, its own signal to stop" {
  TIMEOUT=120
  coracle volume create site >/dev/null
  coracle run -d --name web --network=none -v site:/var/www/html --log-opt max-size=20k --log-opt max-file=3 nginx >/dev/null
  wait_until 60 get ''
  # The volume has what the image had there; what is put into it is served.
  get '' | grep -q 'Welcome to nginx'
  echo 'first' >"$BATS_TEST_TMPDIR/page"
  coracle cp "$BATS_TEST_TMPDIR/page" web:/var/www/html/page
  says page first
  begun=$(field web .State.StartedAt)
  pid=$(field web .State.Pid)

  # Another configuration, by the signal that operators send.
  echo 'server { listen 8080; location / { return 200 second; } }' >"$BATS_TEST_TMPDIR/extra.conf"
  coracle cp "$BATS_TEST_TMPDIR/extra.conf" web:/etc/nginx/conf.d/extra.conf
  run_coracle 22 exec web curl -fsS -m 5 -o /dev/null http://127.0.0.1/missing
  run_coracle 7 exec web curl -fsS -m 5 http://127.0.0.1:8080/
  run_coracle 0 kill --signal HUP web
  answers_twice() { [ "$(coracle exec web curl -fsS -m 5 http://127.0.0.1:8080/)" == second ] && says page first; }
  wait_until 30 answers_twice
  assert_equal "$(field web .State.StartedAt) $(field web .State.Pid) $(field web .RestartCount)" "$begun $pid 0"

  # Far more lines than the log may hold: the newest are there, in files of the size that was asked for.
  coracle exec web sh -c 'for i in $(seq 20); do echo url = "http://127.0.0.1/page?round=$i&[1-50]"; echo output = /dev/null; done >/tmp/many; curl -fsS -K /tmp/many' >/dev/null
  get 'page?last' >/dev/null
  log=$(field web .LogPath)
  has_last() { coracle logs --tail 5 web 2>&1 | grep -q 'page?last'; }
  wait_until 20 has_last
  [ -e "$log.1" ]
  [ "$(ls "$log"* | wc -l)" -le 3 ]
  for file in "$log"*; do [ "$(stat -c %s "$file")" -le 21000 ]; done
  coracle logs web 2>/dev/null | grep 'round=20&50'
  refute grep -q 'round=1&1 ' "$log"*
  # Whoever follows while it turns over misses nothing.
  coracle logs --follow --tail 0 web >"$BATS_TEST_TMPDIR/followed" 2>/dev/null 3>&- &
  follower=$!
  follows() { get 'page?ready' >/dev/null; grep -q 'page?ready' "$BATS_TEST_TMPDIR/followed"; }
  wait_until 20 follows
  # As long as it keeps up: what has turned over twice is gone.
  local last
  for last in 100 200 300 400; do
    coracle exec web curl -fsS -o /dev/null "http://127.0.0.1/page?followed=[$((last - 99))-$last]"
    wait_until 30 grep -q "followed=$last " "$BATS_TEST_TMPDIR/followed"
  done
  assert_equal "$(grep -c 'followed=' "$BATS_TEST_TMPDIR/followed")" 400

  run_coracle 0 stop --time 60 web
  assert_equal "$(field web .State.ExitCode)" 0
  wait "$follower"
  coracle logs web 2>&1 | grep -q 'signal 3 (SIGQUIT) received'
}

# --- A program that stops answering.

@test "a program that answers no more is found unhealthy, started again, and healthy" {
  TIMEOUT=120
  cat >"$BATS_TEST_TMPDIR/serve.py" <<'END'
import os, socket
open("/tmp/fine", "w").close()
listener = socket.create_server(("127.0.0.1", 8000))
while True:
    client = listener.accept()[0]
    client.recv(4096)
    status = "200 OK" if os.path.exists("/tmp/fine") else "503 Service Unavailable"
    client.sendall(f"HTTP/1.0 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    client.close()
END
  coracle run -d --name app --network=none --stop-timeout 1 -v "$BATS_TEST_TMPDIR/serve.py:/serve.py:ro" \
    --health-cmd 'curl -fsS -m 5 http://127.0.0.1:8000/' --health-interval 200ms --health-retries 3 --health-start-period 60s \
    --health-timeout 20s --health-on-failure restart debian python3 /serve.py >/dev/null
  wait_until 60 is_healthy app
  since=$(date +%s.%N)
  coracle exec app rm /tmp/fine
  wait_until 60 was_restarted app 1
  wait_until 60 is_healthy app
  run_coracle 0 events --stream=false --since "$since" --filter container=app --format '{{.Status}}:{{.HealthStatus}}'
  assert_output 'health_status:unhealthy'
  assert_output 'died:.*start:.*health_status:healthy'
  # It is the same container, once.
  assert_equal "$(coracle ps -q | wc -l)" 1
}
