#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who we are to registries, and who they are: TLS, certificates, login, helpers, tokens, proxies.
load helpers
load registries

setup_file() {
  setup_store
  own_settings
  export CA=$BATS_FILE_TMPDIR/ca
  make_authority "$CA"
  htpasswd -Bbn user secret >"$BATS_FILE_TMPDIR/htpasswd" 2>/dev/null
  start_registry SECURE "tls: {certificate: $CA/server.crt, key: $CA/server.key}"
  start_registry STRICT "tls: {certificate: $CA/server.crt, key: $CA/server.key, clientcas: [$CA/ca.crt]}"
  REGISTRY_EXTRA="auth: {htpasswd: {realm: test, path: $BATS_FILE_TMPDIR/htpasswd}}" start_registry LOCKED
  start_registry PLAIN
  coracle push -q --tls-verify=false base "$PLAIN/team/app:1"
  # An image of which no layer is here afterwards.
  echo content >"$BATS_FILE_TMPDIR/content"
  tar -C "$BATS_FILE_TMPDIR" -cf "$BATS_FILE_TMPDIR/other.tar" content
  coracle import -q "$BATS_FILE_TMPDIR/other.tar" other
  coracle push -q other "oci:$BATS_FILE_TMPDIR/layout:1"
  coracle rmi other
  start_faulty_registry FAULTY "$BATS_FILE_TMPDIR/layout"
  start_faulty_registry OTHER "$BATS_FILE_TMPDIR/layout" --tls "$CA/other.crt" "$CA/other.key"
}
teardown_file() {
  stop_servers
  teardown_store
}
teardown() {
  keep_only_base
  rm -rf "$XDG_CONFIG_HOME/containers/certs.d"
  echo '{}' >"$REGISTRY_AUTH_FILE"
}

# requests FILTER: what the faulty registry was asked, by jq.
requests() { jq -r "$1" "$BATS_FILE_TMPDIR/FAULTY.log"; }

@test "TLS with a private authority" {
  run_coracle 125 push --retry 0 base "$SECURE/app:1"
  assert_output 'the certificate of 127.0.0.1 is not accepted'
  run_coracle 0 push -q --tls-verify=false base "$SECURE/app:1"
  mkdir -p "$BATS_TEST_TMPDIR/certs" "$XDG_CONFIG_HOME/containers/certs.d/$SECURE"
  cp "$CA/ca.crt" "$BATS_TEST_TMPDIR/certs"
  run_coracle 0 pull -q --cert-dir "$BATS_TEST_TMPDIR/certs" "$SECURE/app:1"
  run_coracle 0 rmi "$SECURE/app:1"
  run_coracle 125 pull --retry 0 "$SECURE/app:1"
  cp "$CA/ca.crt" "$XDG_CONFIG_HOME/containers/certs.d/$SECURE/ca.crt"
  run_coracle 0 pull -q "$SECURE/app:1"
  run_coracle 0 rmi "$SECURE/app:1"
  rm -r "$XDG_CONFIG_HOME/containers/certs.d"
  SSL_CERT_FILE=$CA/ca.crt run_coracle 0 pull -q "localhost:${SECURE#*:}/app:1"
  # A certificate for another name is no good.
  SSL_CERT_FILE=$CA/ca.crt run_coracle 125 pull --retry 0 "$OTHER/ok/app:1"
  assert_output 'the certificate of 127.0.0.1 is not accepted: .*mismatch'
  run_coracle 0 pull -q --tls-verify=false "$OTHER/ok/app:1"
}

@test "client certificates" {
  local dir=$XDG_CONFIG_HOME/containers/certs.d/$STRICT
  mkdir -p "$dir"
  cp "$CA/ca.crt" "$dir"
  run_coracle 125 push --retry 0 base "$STRICT/app:1"
  cp "$CA/client.cert" "$CA/client.key" "$dir"
  run_coracle 0 push -q base "$STRICT/app:1"
  run_coracle 0 pull -q "$STRICT/app:1"
  rm "$dir/client.key"
  run_coracle 125 pull --retry 0 "$STRICT/app:1"
  assert_output 'missing key'
  echo nonsense >"$dir/ca.crt"
  run_coracle 125 pull --retry 0 "$STRICT/app:1"
  assert_output 'cannot use certificate'
}

@test "login, get-login, logout with a password file" {
  run_coracle 125 push --tls-verify=false --retry 0 base "$LOCKED/app:1"
  assert_output "coracle login $LOCKED"
  run_coracle 125 login --tls-verify=false -u user -p wrong "$LOCKED"
  assert_output 'invalid username/password'
  assert_equal "$(cat "$REGISTRY_AUTH_FILE")" '{}'
  run_coracle 125 login --get-login "$LOCKED"
  assert_output "not logged into $LOCKED"
  run_coracle 0 login --tls-verify=false -u user --password-stdin "$LOCKED" <<<secret
  assert_equal "$output" 'Login Succeeded!'
  assert_equal "$(stat -c %a "$REGISTRY_AUTH_FILE")" 600
  assert_equal "$(jq -r ".auths[\"$LOCKED\"].auth" "$REGISTRY_AUTH_FILE" | base64 -d)" user:secret
  run_coracle 0 login --get-login "$LOCKED"
  assert_equal "$output" user
  run_coracle 0 login --tls-verify=false "$LOCKED"
  assert_output 'Existing credentials are valid. Already logged in'
  run_coracle 0 push -q --tls-verify=false base "$LOCKED/app:1"
  run_coracle 0 pull -q --tls-verify=false "$LOCKED/app:1"
  # Other tools read the file, and we theirs.
  skopeo inspect --tls-verify=false "docker://$LOCKED/app:1" >/dev/null
  run_coracle 0 logout "$LOCKED"
  assert_output "Removed login credentials for $LOCKED"
  run_coracle 125 logout "$LOCKED"
  assert_output "not logged into $LOCKED"
  skopeo login --tls-verify=false -u user -p secret "$LOCKED"
  run_coracle 0 login --get-login "$LOCKED"
  run_coracle 0 rmi "$LOCKED/app:1"
  run_coracle 0 pull -q --tls-verify=false "$LOCKED/app:1"
  run_coracle 0 logout --all
  run_coracle 125 login --get-login "$LOCKED"
  run_coracle 125 login --tls-verify=false "$LOCKED" </dev/null
  assert_output 'not a terminal'
  run_coracle 0 pull -q --tls-verify=false --creds user:secret "$LOCKED/app:1"
  run_coracle 125 pull --tls-verify=false --retry 0 --creds user:wrong "$LOCKED/app:1"
  assert_output 'status 401'
  run_coracle 0 login --tls-verify=false --authfile "$BATS_TEST_TMPDIR/own.json" -u user -p secret "$LOCKED"
  run_coracle 0 pull -q --tls-verify=false --authfile "$BATS_TEST_TMPDIR/own.json" "$LOCKED/app:1"
  run_coracle 125 login --tls-verify=false nowhere/
  run_coracle 125 login --tls-verify=false 'no registry'
  assert_output 'is no registry'
}

@test "login asks on a terminal, and shows no password" {
  run in_terminal '<Username: |user\n|<Password: |secret\n' "$CORACLE" login --tls-verify=false "$LOCKED"
  [ "$status" -eq 0 ]
  assert_output 'Username: '
  assert_output 'Password: '
  assert_output 'Login Succeeded!'
  refute_output secret
}

@test "credential helpers" {
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/docker-credential-test" <<'EOF'
#!/bin/sh
# Keeps one login in a file beside itself.
file=$0.kept
case $1 in
  store) cat >"$file" ;;
  get) read -r server; [ -e "$file" ] || { echo 'credentials not found in native keychain'; exit 1; }; cat "$file" ;;
  erase) rm -f "$file" ;;
esac
EOF
  chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-test"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH
  echo "{\"credHelpers\": {\"$LOCKED\": \"test\"}}" >"$REGISTRY_AUTH_FILE"
  run_coracle 0 login --tls-verify=false -u user -p secret "$LOCKED"
  grep -q secret "$BATS_TEST_TMPDIR/bin/docker-credential-test.kept"
  run ! grep -q secret "$REGISTRY_AUTH_FILE"
  run_coracle 0 login --get-login "$LOCKED"
  assert_equal "$output" user
  run_coracle 0 push -q --tls-verify=false base "$LOCKED/helped:1"
  run_coracle 0 logout "$LOCKED"
  [ ! -e "$BATS_TEST_TMPDIR/bin/docker-credential-test.kept" ]
  echo '{"credsStore": "nothing-of-the-kind"}' >"$REGISTRY_AUTH_FILE"
  run_coracle 125 pull --tls-verify=false --retry 0 "$LOCKED/helped:1"
  assert_output 'docker-credential-nothing-of-the-kind'
  echo '{"auths": 7}' >"$REGISTRY_AUTH_FILE"
  run_coracle 125 pull --tls-verify=false --retry 0 "$LOCKED/helped:1"
  assert_output "$REGISTRY_AUTH_FILE"
}

@test "tokens: anonymous, for a user, refused, and round in circles" {
  run_coracle 0 pull -q --tls-verify=false "$FAULTY/token/app:1"
  assert_equal "$(requests 'select(.path | startswith("/token")) | .headers.Authorization' | sort -u)" null
  requests 'select(.path | startswith("/token")) | .path' | grep -q 'scope=repository%3Atoken%2Fapp%3Apull'
  run_coracle 0 rmi "$FAULTY/token/app:1"
  run_coracle 125 pull --tls-verify=false --retry 0 "$FAULTY/private/app:1"
  assert_output 'authentication required'
  run_coracle 0 pull -q --tls-verify=false --creds user:secret "$FAULTY/private/app:1"
  run_coracle 125 pull --tls-verify=false --retry 0 --creds user:wrong "$FAULTY/private/app:1"
  assert_output 'incorrect username or password'
  run_coracle 125 pull --tls-verify=false "$FAULTY/loop401/app:1"
  assert_output 'authentication required'
  run_coracle 125 pull --tls-verify=false "$FAULTY/denied/app:1"
  assert_output 'requested access to the resource is denied'
}

@test "a redirect to another host does not take the credentials with it" {
  : >"$BATS_FILE_TMPDIR/FAULTY.log"
  run_coracle 0 pull -q --tls-verify=false "$FAULTY/redirect/app:1"
  [ "$(requests 'select(.path | startswith("/moved/"))' | wc -l)" -gt 0 ]
  run_coracle 0 rmi "$FAULTY/redirect/app:1"
  : >"$BATS_FILE_TMPDIR/FAULTY.log"
  # With Basic the header would go to whoever asks for it.
  run_coracle 0 pull -q --tls-verify=false --creds user:secret "$FAULTY/redirect/app:1"
  assert_equal "$(requests 'select(.path | startswith("/moved/")) | .headers.Authorization' | sort -u)" null
  run_coracle 125 pull --tls-verify=false --retry 0 "$FAULTY/redirect-loop/app:1"
  assert_output 'redirects again and again'
}

@test "a redirect from https to http is refused" {
  start_faulty_registry TLSFAULTY "$BATS_FILE_TMPDIR/layout" --tls "$CA/server.crt" "$CA/server.key"
  SSL_CERT_FILE=$CA/ca.crt run_coracle 125 pull --retry 0 "$TLSFAULTY/redirect/app:1"
  assert_output 'which is not encrypted'
  SSL_CERT_FILE=$CA/ca.crt run_coracle 0 pull -q "$TLSFAULTY/ok/app:1"
}

@test "proxies: plain, with CONNECT, with a password, and hosts that need none" {
  local port
  port=$(free_port)
  cat >"$BATS_TEST_TMPDIR/tinyproxy.conf" <<EOF
Port $port
Listen 127.0.0.1
Timeout 60
LogFile "$BATS_TEST_TMPDIR/tinyproxy.log"
LogLevel Connect
BasicAuth proxy word
EOF
  serve tinyproxy -d -c "$BATS_TEST_TMPDIR/tinyproxy.conf"
  wait_until 10 answers "$port"
  local proxy=http://proxy:word@127.0.0.1:$port
  # Nobody goes by way of a proxy to a loopback address. That "127.1" is one knows only who resolves it.
  HTTP_PROXY=http://127.0.0.1:1 run_coracle 0 pull -q --tls-verify=false "$PLAIN/team/app:1"
  run_coracle 0 rmi "$PLAIN/team/app:1"
  HTTP_PROXY=$proxy HTTPS_PROXY=$proxy run_coracle 0 pull -q --tls-verify=false "127.1:${PLAIN#*:}/team/app:1"
  grep -q "GET http://127.1:${PLAIN#*:}/v2/team/app/manifests/1" "$BATS_TEST_TMPDIR/tinyproxy.log"
  run_coracle 0 push -q --tls-verify=false base "$SECURE/app:1"
  HTTPS_PROXY=$proxy run_coracle 0 pull -q --tls-verify=false "127.1:${SECURE#*:}/app:1"
  grep -q "CONNECT 127.1:${SECURE#*:}" "$BATS_TEST_TMPDIR/tinyproxy.log"
  HTTPS_PROXY=$proxy run_coracle 0 push -q --tls-verify=false base "127.1:${SECURE#*:}/proxied:1"
  HTTPS_PROXY=http://127.0.0.1:$port run_coracle 125 pull --retry 0 nothing.invalid/x
  assert_output 'the proxy refuses a connection to nothing.invalid:443: status 40[17]'
  HTTPS_PROXY=$proxy run_coracle 125 pull --retry 0 nothing.invalid/x
  assert_output 'the proxy refuses a connection to nothing.invalid:443'
  HTTPS_PROXY=$proxy NO_PROXY=other,.invalid run_coracle 125 pull --retry 0 nothing.invalid/x
  assert_output 'cannot look up host'
  HTTPS_PROXY=ftp://127.0.0.1:$port run_coracle 125 pull --retry 0 nothing.invalid/x
  assert_output 'is not a URL'
}

@test "nginx as a mirror and as a reverse proxy with redirects" {
  local port dir=$BATS_TEST_TMPDIR/nginx
  port=$(free_port)
  mkdir -p "$dir"
  cat >"$dir/nginx.conf" <<EOF
daemon off;
$(is_root && echo 'user root;' || true)
pid $dir/pid;
error_log $dir/error.log;
worker_processes 1;
events { worker_connections 64; }
http {
  access_log $dir/access.log;
  client_body_temp_path $dir/body;
  proxy_temp_path $dir/proxy;
  fastcgi_temp_path $dir/fastcgi;
  uwsgi_temp_path $dir/uwsgi;
  scgi_temp_path $dir/scgi;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:$port;
    location /v2/moved/ { return 307 http://$PLAIN\$request_uri; }
    location ~ ^/v2/(.*)/blobs/(sha256:.*)\$ { return 302 http://$PLAIN\$request_uri; }
    location / { proxy_pass http://$PLAIN; proxy_set_header Host \$http_host; }
  }
}
EOF
  serve nginx -c "$dir/nginx.conf" -e "$dir/error.log"
  wait_until 10 answers "$port"
  run_coracle 0 pull -q --tls-verify=false "127.0.0.1:$port/team/app:1"
  run_coracle 0 rmi "127.0.0.1:$port/team/app:1"
  printf '[[registry]]\nlocation = "127.0.0.1:1"\n[[registry.mirror]]\nlocation = "127.0.0.1:%s"\ninsecure = true\n' "$port" \
    >"$CONTAINERS_REGISTRIES_CONF"
  run_coracle 0 pull -q --retry 0 127.0.0.1:1/team/app:1
  : >"$CONTAINERS_REGISTRIES_CONF"
  run_coracle 0 push -q --tls-verify=false base "127.0.0.1:$port/team/pushed:1"
  run_coracle 0 pull -q --tls-verify=false "$PLAIN/team/pushed:1"
}
