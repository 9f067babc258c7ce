#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An OCI layout of layers that are given as files, whatever is in them.

    make_layout.py DIRECTORY NAME MEDIA_TYPE FILE...

Of layers that are not plain tars the diff IDs are zeros: nothing has them.
"""
import hashlib
import json
import pathlib
import sys

MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
TAR = 'application/vnd.oci.image.layer.v1.tar'


def main():
    directory, name, media_type = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    blobs = directory / 'blobs' / 'sha256'
    blobs.mkdir(parents=True)

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {'mediaType': kind, 'digest': 'sha256:' + digest, 'size': len(data)}

    def json_blob(document, kind):
        return blob(json.dumps(document).encode(), kind)

    layers = [blob(pathlib.Path(file).read_bytes(), media_type) for file in sys.argv[4:]]
    config = json_blob({
        'architecture': 'amd64', 'os': 'linux',
        'rootfs': {'type': 'layers', 'diff_ids': [
            layer['digest'] if media_type == TAR else 'sha256:' + '0' * 64 for layer in layers]},
    }, 'application/vnd.oci.image.config.v1+json')
    manifest = json_blob({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': config, 'layers': layers}, MANIFEST)
    manifest['annotations'] = {'org.opencontainers.image.ref.name': name}
    (directory / 'index.json').write_text(json.dumps({'schemaVersion': 2, 'manifests': [manifest]}))
    (directory / 'oci-layout').write_text('{"imageLayoutVersion": "1.0.0"}')


if __name__ == '__main__':
    main()
