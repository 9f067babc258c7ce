#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a pseudo terminal: terminal.py INPUT COMMAND...

INPUT is typed piece by piece. Pieces are separated by "|"; "<text" waits until the output holds that
text, "~SECONDS" pauses, anything else is typed with escapes such as \\r, \\x04 and \\x10 decoded. "@ROWSxCOLUMNS" changes
the window size. Prints the output; exits as the command does.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time


def resize(master, rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    pieces = [piece for piece in sys.argv[1].split("|") if piece]
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    resize(master, 24, 80)
    seen = b""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        while pieces:
            piece = pieces[0]
            if piece.startswith("<"):
                wanted = piece[1:].encode()
                at = seen.find(wanted)
                if at < 0:
                    break
                seen = seen[at + len(wanted):]
            elif piece.startswith("~"):
                time.sleep(float(piece[1:]))
            elif piece.startswith("@"):
                rows, columns = piece[1:].split("x")
                resize(master, int(rows), int(columns))
                os.kill(pid, signal.SIGWINCH)
            else:
                os.write(master, piece.encode().decode("unicode_escape").encode("latin-1"))
            pieces.pop(0)
        ready, _, _ = select.select([master], [], [], 0.1)
        if not ready:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:
            data = b""
        if not data:
            break
        seen += data
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        os.kill(pid, signal.SIGKILL)
        print(f"\n# timed out waiting for {pieces[:1]}")
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) % 256)


main()
