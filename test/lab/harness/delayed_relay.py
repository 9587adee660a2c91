"""A long path: a relay that hands on what comes, in either direction, after a fixed time. A program of its own, so that the
tests' own work delays nothing:

    delayed_relay.py ADDRESS PORT TO_ADDRESS TO_PORT SECONDS
"""

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading
import time

_PIECE = 1 << 18


def start(namespace, listen, to, one_way):
    """Relays connections to `listen` on to `to`, both (address, port) as the namespace sees them, each direction `one_way`
    seconds late. Takes connections once this returns; ends with the namespace."""
    command = ["/usr/bin/python3", os.path.abspath(__file__), *listen, *to, one_way]
    program = namespace.start(command, stdout=subprocess.PIPE, text=True)
    if program.stdout.readline() != "listening\n":
        raise RuntimeError(f"the relay at {listen} did not begin")


def _take(source, pieces, one_way):
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            pieces.put((time.monotonic() + one_way, piece))
    pieces.put((time.monotonic() + one_way, b""))


def _hand_on(pieces, sink):
    with contextlib.suppress(OSError):
        while True:
            due, piece = pieces.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not piece:
                break
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def _relay(near, to, one_way):
    far = socket.create_connection(to)
    for made in (near, far):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for source, sink in ((near, far), (far, near)):
        pieces = queue.SimpleQueue()
        threading.Thread(target=_take, args=(source, pieces, one_way), daemon=True).start()
        threading.Thread(target=_hand_on, args=(pieces, sink), daemon=True).start()


def _main(address, port, to_address, to_port, one_way):
    listener = socket.create_server((address, int(port)))
    print("listening", flush=True)
    while True:
        near, _ = listener.accept()
        _relay(near, (to_address, int(to_port)), float(one_way))


if __name__ == "__main__":
    _main(*sys.argv[1:])
