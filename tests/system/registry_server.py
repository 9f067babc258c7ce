#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry for tests, which serves an OCI layout under any name and behaves as the first component of
the name says: "ok/app", "cut/app". Prints its port, then serves until it is killed. Every request goes
into LOG, one JSON object a line.

    registry_server.py LAYOUT LOG [--tls CERT KEY]
"""
import base64
import json
import pathlib
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
USER, PASSWORD = 'user', 'secret'


class Registry:
    def __init__(self, layout, log):
        self.blobs = layout / 'blobs' / 'sha256'
        self.index = json.loads((layout / 'index.json').read_text())
        self.log = open(log, 'a', buffering=1, encoding='utf-8')
        self.seen = {}
        self.lock = threading.Lock()
        self.tokens = {}

    def count(self, key):
        """How often something has been asked for, this time included."""
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key]


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    registry = None
    other_port = 0

    def log_message(self, *arguments):
        pass

    def note(self):
        headers = {name: value for name, value in self.headers.items()}
        self.registry.log.write(json.dumps(
            {'method': self.command, 'path': self.path, 'port': self.server.server_address[1], 'headers': headers}) + '\n')

    def begin(self, status, length=None, **headers):
        """The head of an answer, of which the body follows."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        if length is not None:
            self.send_header('Content-Length', str(length))
        self.end_headers()

    def answer(self, status, body=b'', **headers):
        self.begin(status, len(body), **headers)
        if self.command != 'HEAD':
            self.wfile.write(body)

    def drip(self, body, size=1, pause=0.1):
        for i in range(0, len(body), size):
            self.wfile.write(body[i:i + size])
            time.sleep(pause)

    def break_off(self, body):
        self.wfile.write(body)
        self.wfile.flush()
        self.hang_up()

    def fail(self, status, code, message, **headers):
        self.answer(status, json.dumps({'errors': [{'code': code, 'message': message}]}).encode(),
                    Content_Type='application/json', **headers)

    def hang_up(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_HEAD = lambda self: self.do_GET()

    def do_GET(self):
        self.note()
        try:
            self.serve()
        except (BrokenPipeError, ConnectionResetError, OSError):
            self.close_connection = True

    def serve(self):
        path = urllib.parse.urlsplit(self.path)
        if path.path == '/token':
            self.serve_token(urllib.parse.parse_qs(path.query))
        elif path.path in ('/v2', '/v2/'):
            self.answer(200, b'{}')
        elif path.path.startswith('/moved/'):
            self.serve_blob('ok', path.path.removeprefix('/moved/'))
        elif path.path.startswith('/v2/'):
            self.serve_repository(path.path.removeprefix('/v2/').split('/'), path.query)
        else:
            self.fail(404, 'UNSUPPORTED', 'no such place')

    # Tokens.

    def serve_token(self, query):
        given = self.headers.get('Authorization', '')
        known = 'Basic ' + base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
        if given and given != known:
            self.answer(401, json.dumps({'details': 'incorrect username or password'}).encode())
            return
        scopes = query.get('scope', [])
        token = f'token-{self.registry.count("token")}'
        self.registry.tokens[token] = (bool(given), scopes)
        name = 'access_token' if len(self.registry.tokens) % 2 else 'token'
        self.answer(200, json.dumps({name: token, 'expires_in': 300}).encode())

    def is_authorized(self, kind, name):
        if kind == 'private':
            need_user = True
        elif kind in ('token', 'loop401'):
            need_user = False
        else:
            return True
        token = self.headers.get('Authorization', '').removeprefix('Bearer ')
        user, scopes = self.registry.tokens.get(token, (False, None))
        good = scopes is not None and (user or not need_user) and any(
            scope.startswith(f'repository:{name}:') and 'pull' in scope for scope in scopes)
        if good and kind != 'loop401':
            return True
        where = f'http://{self.headers["Host"]}/token'
        self.fail(401, 'UNAUTHORIZED', 'authentication required', WWW_Authenticate=f'Bearer realm="{where}",service="test",scope="repository:{name}:pull"')
        return False

    # Repositories.

    def serve_repository(self, parts, query):
        kind = parts[0]
        if parts[-1] == 'list':
            self.serve_tags(kind, parts, query)
            return
        name, what, reference = '/'.join(parts[:-2]), parts[-2], parts[-1]
        if not self.is_authorized(kind, name):
            return
        if kind == 'redirect-loop':
            self.answer(307, Location=self.path)
        elif kind == 'busy' and self.registry.count(self.path) <= 2:
            self.fail(429, 'TOOMANYREQUESTS', 'slow down', Retry_After='1')
        elif kind == 'busy-for-ever':
            self.fail(429, 'TOOMANYREQUESTS', 'slow down', Retry_After='0')
        elif kind == 'busy-for-hours':
            self.fail(429, 'TOOMANYREQUESTS', 'come back tomorrow', Retry_After='86400')
        elif kind == 'broken' and self.registry.count(self.path) <= 1:
            self.answer(500, b'<html>oops</html>')
        elif kind == 'denied':
            self.fail(403, 'DENIED', 'requested access to the resource is denied')
        elif kind == 'large-head':
            self.begin(200, **{f'X_Filler_{i}': 'x' * 1000 for i in range(10_000)})
            self.hang_up()
        elif kind == 'no-http':
            self.break_off(b'SSH-2.0-OpenSSH_9.2\r\n')
        elif kind == 'silent':
            time.sleep(30)
            self.hang_up()
        elif what == 'manifests':
            self.serve_manifest(kind, reference)
        elif what == 'blobs':
            self.serve_blob(kind, reference)
        else:
            self.fail(404, 'UNSUPPORTED', 'no such place')

    def serve_tags(self, kind, parts, query):
        if kind == 'endless-tags':
            page = int(urllib.parse.parse_qs(query).get('page', ['0'])[0]) + 1
            body = json.dumps({'name': 'x', 'tags': [f't{page}']}).encode()
            self.answer(200, body, Link=f'</v2/{"/".join(parts)}?page={page}>; rel="next"')
            return
        tags = sorted(entry['annotations']['org.opencontainers.image.ref.name'] for entry in self.registry.index['manifests'])
        last = urllib.parse.parse_qs(query).get('last', [''])[0]
        left = [tag for tag in tags if tag > last]
        headers = {}
        if len(left) > 1:
            headers['Link'] = f'</v2/{"/".join(parts)}?n=1&last={left[0]}>; rel="next"'
        self.answer(200, json.dumps({'name': 'x', 'tags': left[:1]}).encode(), **headers)

    def digest_of(self, reference):
        if reference.startswith('sha256:'):
            return reference
        for entry in self.registry.index['manifests']:
            if entry.get('annotations', {}).get('org.opencontainers.image.ref.name') == reference:
                return entry['digest']
        return None

    def serve_manifest(self, kind, reference):
        if kind == 'large-manifest':
            self.begin(200, 100 << 20, Content_Type=MANIFEST)
            for _ in range(100):
                self.wfile.write(b' ' * (1 << 20))
            return
        digest = self.digest_of(reference)
        file = self.registry.blobs / (digest or 'x').removeprefix('sha256:')
        if digest is None or not file.exists():
            self.fail(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
            return
        body = file.read_bytes()
        kind_of_text = json.loads(body).get('mediaType', MANIFEST)
        if kind == 'wrong-manifest':
            body = body.replace(b'"schemaVersion"', b'"schemaversion"')
        if kind == 'slow-manifest':
            self.begin(200, len(body))
            self.drip(body)
            return
        self.answer(200, body, Content_Type=kind_of_text, Docker_Content_Digest=digest)

    def serve_blob(self, kind, reference):
        file = self.registry.blobs / reference.removeprefix('sha256:')
        if not file.exists():
            self.fail(404, 'BLOB_UNKNOWN', 'blob unknown to registry')
            return
        if kind == 'redirect':
            self.answer(307, Location=f'http://127.0.0.1:{self.other_port}/moved/{reference}')
            return
        body = file.read_bytes()
        is_config = body.startswith(b'{')
        if not is_config:
            if self.misserve(kind, body, reference):
                return
        start = 0
        status, headers = 200, {}
        wanted = self.headers.get('Range')
        if wanted and kind != 'no-range':
            start = int(wanted.removeprefix('bytes=').split('-')[0])
            status = 206
            headers['Content_Range'] = f'bytes {start}-{len(body) - 1}/{len(body)}'
        part = body[start:]
        cuts = {'cut': 100_000, 'no-range': 400_000, 'cut-small': 1000}
        once = kind == 'no-range' and self.registry.count(self.path) > 1
        if kind in cuts and not is_config and len(part) > cuts[kind] and not once:
            self.begin(status, len(part), **headers)
            self.break_off(part[:cuts[kind]])
            return
        if kind == 'slow' and not is_config:
            self.begin(status, len(part), **headers)
            self.drip(part, 50_000, 0.05)
            return
        self.answer(status, part, **headers)

    def misserve(self, kind, body, reference):
        """What is wrong whatever is asked for. True when it has answered."""
        if kind == 'flipped':
            middle = len(body) // 2
            self.answer(200, body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1:])
        elif kind == 'flipped-end':
            self.answer(200, body[:-1] + bytes([body[-1] ^ 1]))
        elif kind == 'other-blob':
            self.answer(200, b'\0' * len(body))
        elif kind == 'too-short':
            self.answer(200, body[:-10])
        elif kind == 'too-long':
            self.answer(200, body + b'more')
        elif kind == 'endless':
            self.begin(200, Transfer_Encoding='chunked')
            self.wfile.write(b'%x\r\n%s\r\n' % (len(body), body))
            for _ in range(1 << 20):
                self.wfile.write(b'10000\r\n' + b'x' * 0x10000 + b'\r\n')
        elif kind == 'drip':
            self.begin(200, len(body))
            self.drip(body)
        elif kind == 'bad-range' and self.registry.count(self.path) == 1:
            self.begin(200, len(body))
            self.break_off(body[:1000])
        elif kind == 'bad-range':
            self.answer(206, body[5:], Content_Range=f'bytes 5-{len(body) - 1}/{len(body)}')
        else:
            return False
        return True


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


def main():
    layout, log = sys.argv[1:3]
    Handler.registry = Registry(pathlib.Path(layout), log)
    # A second host, to which blobs are moved.
    other = Server(('127.0.0.1', 0), Handler)
    Handler.other_port = other.server_address[1]
    threading.Thread(target=other.serve_forever, daemon=True).start()
    server = Server(('127.0.0.1', 0), Handler)
    if '--tls' in sys.argv:
        certificate, key = sys.argv[sys.argv.index('--tls') + 1:][:2]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == '__main__':
    main()
