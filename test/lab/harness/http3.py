"""HTTP/3 by Debian's ngtcp2: a server, and a client that is no browser."""

import contextlib
import os
import subprocess

from . import certificates

_PAGE = "over HTTP/3\n"  # short: gtlsclient shows it as a dump of 16 bytes a line


@contextlib.contextmanager
def server(lab, address, names):
    """Serves a page that says how it came, with a good certificate for the names."""
    folder = os.path.join(lab.folder, "htdocs")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "index.html"), "w", encoding="ascii") as file:
        file.write(_PAGE)
    path = lab.identity_file(certificates.issue(lab.root, list(names)))
    process = lab.origin_side.start(["gtlsserver", "-q", "-d", folder, address, "443", path, path], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def fetch(lab, name, *options, seconds=8):
    """gtlsclient asks for the page; whether it came, and what the client said."""
    client_run = lab.client_side.run(
        ["gtlsclient", "--no-quic-dump", "--exit-on-all-streams-close", f"--handshake-timeout={seconds}s", *options, name, "443",
         f"https://{name}/index.html"], check=False, timeout=60)
    said = client_run.stdout + client_run.stderr
    return "over HTTP/3" in said, said
