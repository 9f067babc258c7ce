#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes an image archive (docker-archive) that means harm, or is merely large.

usage: hostile.py KIND OUTPUT [DIRECTORY]

DIRECTORY is what a hostile entry tries to reach on the host. The kinds are the functions below that
take an Image.
"""
import bz2
import hashlib
import io
import json
import os
import sys
import tarfile


class Image:
    """Layers of tar entries, and what is to be wrong about them."""

    def __init__(self, target):
        self.target = target  # a directory of the host
        self.layers = []
        self.change_manifest = lambda manifest: manifest
        self.change_config = lambda config: config
        self.truncate = None

    def layer(self, *entries):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for info, content in entries:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        self.layers.append(out.getvalue())

    def write(self, path):
        config = {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "amd64"),
            "os": "linux",
            "config": {"Cmd": ["true"]},
            "rootfs": {"type": "layers",
                       "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in self.layers]},
        }
        config = json.dumps(self.change_config(config)).encode()
        manifest = [{"Config": "config.json", "RepoTags": ["localhost/hostile:latest"],
                     "Layers": [f"{i}/layer.tar" for i in range(len(self.layers))]}]
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            def member(name, content):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
            for i, layer in enumerate(self.layers):
                member(f"{i}/layer.tar", layer)
            member("config.json", config)
            member("manifest.json", json.dumps(self.change_manifest(manifest)).encode())
        data = out.getvalue()
        with open(path, "wb") as file:
            file.write(data[:self.truncate])


def entry(name, kind=tarfile.REGTYPE, link="", mode=0o644, uid=0, gid=0, pax=None):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.uid, info.gid = kind, link, mode, uid, gid
    info.pax_headers = pax or {}
    return info


def file(name, content=b"evil", **kinds):
    return entry(name, **kinds), content


def directory(name, mode=0o755):
    return entry(name, tarfile.DIRTYPE, mode=mode), b""


def symlink(name, target):
    return entry(name, tarfile.SYMTYPE, target, 0o777), b""


def hard_link(name, target):
    return entry(name, tarfile.LNKTYPE, target), b""


def absolute(image):
    image.layer(file(image.target + "/absolute"))


def dotdot(image):
    image.layer(file("a/" + "../" * 40 + image.target.lstrip("/") + "/dotdot"))


def through_symlink(image):
    image.layer(symlink("out", image.target), file("out/through"))


def through_relative_symlink(image):
    image.layer(symlink("out", "../" * 40 + image.target.lstrip("/")), file("out/through"))


def overwrite_symlink(image):
    image.layer(symlink("out", image.target + "/secret"), file("out"))


def hard_link_out(image):
    image.layer(hard_link("stolen", image.target + "/secret"))


def hard_link_dotdot(image):
    image.layer(hard_link("stolen", "../" * 40 + image.target.lstrip("/") + "/secret"))


def hard_link_through_symlink(image):
    image.layer(symlink("out", image.target), hard_link("stolen", "out/secret"))


def swapped_between_layers(image):
    image.layer(directory("data"), file("data/file", b"first"))
    image.layer(symlink("data", image.target))
    image.layer(file("data/swapped"))


def whiteout_dotdot(image):
    image.layer(file("etc/motd", b"x"))
    image.layer(file(".wh..."), file("a/.wh..."), file("etc/.wh.../secret"))


def whiteout_through_symlink(image):
    image.layer(symlink("out", image.target))
    image.layer(file("out/.wh.secret", b""), file("out/.wh..wh..opq", b""))


def bomb(image):
    """10 GiB of zeros in 30 KB: bzip2, member by member."""
    header = entry("zeros")
    header.size = 10 << 30
    image.layers.append(bz2.compress(header.tobuf(tarfile.PAX_FORMAT)) + bz2.compress(bytes(1 << 24)) * 640)


def truncated(image):
    image.layer(file("file", os.urandom(100000)))
    image.truncate = 60000


def truncated_layer(image):
    image.layer(file("file", os.urandom(100000)))
    image.layers[0] = image.layers[0][:60000]


def wrong_diff_id(image):
    image.layer(file("file"))

    def change(config):
        config["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64]
        return config
    image.change_config = change


def missing_layer(image):
    image.layer(file("file"))

    def change(manifest):
        manifest[0]["Layers"] = ["../../../../etc/passwd"]
        return manifest
    image.change_manifest = change


def fewer_layers(image):
    image.layer(file("file"))

    def change(config):
        config["rootfs"]["diff_ids"] *= 2
        return config
    image.change_config = change


def bad_manifest(image):
    image.layer(file("file"))
    image.change_manifest = lambda manifest: {"not": "a list"}


def deep_manifest(image):
    image.layer(file("file"))

    def change(config):
        for _ in range(900):
            config = {"config": config}
        return config
    image.change_config = change


# These are odd, and have to work.

def duplicates(image):
    image.layer(directory("d"), file("f", b"first"), symlink("l", "f"), file("f", b"second"),
                file("l", b"file now"), directory("d", 0o711), file("d", b"no directory any more"))


def many_layers(image):
    for i in range(200):
        image.layer(directory("layers"), file(f"layers/{i}", str(i).encode()), file("last", str(i).encode()))


def many_files(image):
    image.layer(*[file(f"files/{i // 1000}/{i}", b"") for i in range(100000)])


def long_names(image):
    name = "/".join(["n" * 250] * 16)
    image.layer(file(name, b"deep"), symlink("link", "t" * 4000), file("m" * 255, b"wide"))


def foreign_owners(image):
    image.layer(file("big", b"", uid=4000000000, gid=4000000001), file("low", b"", uid=33, gid=33))


def devices(image):
    node = entry("dev/disk", tarfile.BLKTYPE, mode=0o666)
    node.devmajor, node.devminor = 8, 0
    memory = entry("dev/mem", tarfile.CHRTYPE, mode=0o666)
    memory.devmajor, memory.devminor = 1, 1
    fuse = entry("fuse", tarfile.CHRTYPE, mode=0o666)
    fuse.devmajor, fuse.devminor = 10, 229
    image.layer((node, b""), (memory, b""), (fuse, b""), (entry("pipe", tarfile.FIFOTYPE), b""), file("file", b"x"))


def main():
    kind, output = sys.argv[1:3]
    image = Image(sys.argv[3] if len(sys.argv) > 3 else "/nonexistent")
    globals()[kind](image)
    image.write(output)


if __name__ == "__main__":
    main()
