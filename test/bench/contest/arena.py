"""Where the contest takes place: three namespaces, the origins, the load, and the files that contestants are given."""

import itertools
import json
import os
import subprocess

from harness import certificates, topology
from harness.name_server import NameServer

from . import machine

ONE_NAME = "www.bench.test"
MANY_NAMES = "n%d.bench.test"
ORIGIN = topology.ORIGIN  # keeps connections open, resumes sessions
CLOSING_ORIGIN = "203.0.113.11"  # closes after each answer, gives no tickets
BAD_ORIGIN = "203.0.113.12"  # its certificate comes from an unknown root
BULK_BYTES = 1 << 30
_FIRST_CLIENT, _CLIENTS = 10, 200


class Arena:
    """Made once for a run; `close` ends what it started, the caller removes the namespaces and the folders."""

    def __init__(self, prefix, folder, large_folder, build, steering):
        self.folder, self.large_folder, self.build, self.steering = folder, large_folder, build, steering
        self.core, self.other_cores = machine.cores()
        self.load_program = os.path.join(build, "bench-load")
        self.topology = topology.Topology(prefix)
        self.client_side, self.gateway_side, self.origin_side = (self.topology.client, self.topology.gateway, self.topology.origin)
        self.authority = certificates.authority("Contest interception CA", path_length=1)
        self.root = certificates.authority("Contest origin root")
        self.identity = self.write("authority.both.pem", self.authority.pem() + certificates.key_pem(self.authority.key))
        self.authority_file = self.write("authority.pem", self.authority.pem())
        self.authority_key = self.write("authority.key", certificates.key_pem(self.authority.key))
        self.roots_file = self.write("roots.pem", self.root.pem())
        self.static_identity = self._identity("static", self.authority)
        self.origin_identity = self._identity("origin", self.root)
        self._numbers, self._names = itertools.count(_FIRST_CLIENT), itertools.count(0, 1_000_000)
        self._prepare_clients()
        self._start_origins()
        self._name_server = NameServer(self.origin_side, topology.NAME_SERVER, {"*": [ORIGIN]})

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    def _identity(self, name, issuer):
        made = certificates.issue(issuer, ["*.bench.test", "bench.test"])
        return self.write(f"{name}.pem", made.pem() + certificates.key_pem(made.key))

    def _prepare_clients(self):
        """Each start of a contestant meets a client address of its own: sockets in TIME_WAIT under an address make the kernel
        drop later packets that early demux matches to them."""
        lines = [f"addr add 10.1.0.{number}/24 dev lan" for number in range(_FIRST_CLIENT, _FIRST_CLIENT + _CLIENTS)]
        subprocess.run(["ip", "-n", self.client_side.name, "-batch", "-"], input="\n".join(lines), text=True, check=True)
        for side in (self.client_side, self.gateway_side, self.origin_side):
            side.run(["sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=1024 65000"])

    def new_client(self):
        return f"10.1.0.{_FIRST_CLIENT + (next(self._numbers) - _FIRST_CLIENT) % _CLIENTS}"

    def new_names(self):
        """The first number of a range of names that nobody has asked for yet."""
        return next(self._names)

    def _start_origins(self):
        root = os.path.join(self.large_folder, "www")
        os.makedirs(root)
        with open(os.path.join(root, "1k"), "wb") as file:
            file.write(b"x" * 1024)
        with open(os.path.join(root, "bulk"), "wb") as file:
            file.truncate(BULK_BYTES)
        for folder in (self.large_folder, root):
            os.chmod(folder, 0o755)
        stranger = certificates.issue(certificates.authority("A root that nobody trusts"), ["*.bench.test"])
        bad = self.write("bad.pem", stranger.pem() + certificates.key_pem(stranger.key))
        config = self.write("origin.conf", _ORIGINS.format(
            folder=self.folder, root=root, identity=self.origin_identity, bad=bad, origin=ORIGIN, closing=CLOSING_ORIGIN,
            strange=BAD_ORIGIN))
        self.origin_side.run(machine.pinned(["nginx", "-e", f"{self.folder}/origin-error.log", "-c", config], self.other_cores))

    # --- the load

    def load(self, kind, client, *options, name=ONE_NAME, address=ORIGIN, path="/1k", roots=None, timeout=600):
        """Runs one piece of work to its end; gives what the load program says of it."""
        done = self.client_side.run(self._load_command(kind, client, name, address, path, roots, options), check=False,
                                    timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(f"{kind} {' '.join(map(str, options))}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def hold(self, client, count, name=ONE_NAME):
        """Opens idle connections and gives the process that holds them, once they are there."""
        command = self._load_command("idle", client, name, ORIGIN, "/1k", None, ["--count", count])
        process = self.client_side.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if not process.stdout.readline():
            raise RuntimeError(f"idle connections: {process.communicate()[1].strip()}")
        return process

    def _load_command(self, kind, client, name, address, path, roots, options):
        return machine.pinned([self.load_program, kind, "--address", address, "--source", client, "--roots",
                               roots or self.authority_file, "--name", name, "--path", path, *options], self.other_cores)

    def floor(self):
        """What OpenSSL itself spends on the two full handshakes of an intercepted connection, in µs: a server's and a client's."""
        command = [self.load_program, "floor", "--identity", self.origin_identity, "--roots", self.roots_file, "--name", ONE_NAME,
                   "--count", "1000"]
        said = subprocess.run(machine.pinned(command, self.core), check=True, capture_output=True, text=True).stdout
        figures = json.loads(said)
        return figures["client_us"] + figures["server_us"]

    def probe(self):
        return machine.Probe(self.load_program, self.origin_identity, self.roots_file, ONE_NAME, self.core)


_ORIGINS = """
user nobody nogroup;
worker_processes 1;
pid {folder}/origin.pid;
events {{ worker_connections 12000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/o1; proxy_temp_path {folder}/o2; fastcgi_temp_path {folder}/o3; uwsgi_temp_path {folder}/o4;
  scgi_temp_path {folder}/o5;
  client_max_body_size 0; sendfile on; keepalive_requests 100000000; keepalive_timeout 600s;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate {identity}; ssl_certificate_key {identity}; ssl_session_cache shared:contest:8m;
  root {root};
  server {{
    listen {origin}:443 ssl http2 backlog=4096;
    location = /sink {{ return 200 "taken\\n"; }}
  }}
  server {{
    listen {closing}:443 ssl backlog=4096;
    ssl_session_tickets off; ssl_session_cache off; keepalive_timeout 0;
  }}
  server {{
    listen {strange}:443 ssl; ssl_certificate {bad}; ssl_certificate_key {bad};
  }}
}}
"""
