"""Where the contest takes place: three namespaces and one far away, the origins, the load, and the files that contestants are
given."""

import contextlib
import itertools
import json
import os
import subprocess

from harness import certificates, namespaces, topology
from harness.name_server import NameServer

from . import machine
from .nginx_origin import NginxOrigin

ONE_NAME = "www.bench.test"
MANY_NAMES = "n%d.bench.test"
ORIGIN = topology.ORIGIN  # keeps connections open, resumes sessions
CLOSING_ORIGIN = "203.0.113.11"  # closes after each answer, gives no tickets
BAD_ORIGIN = "203.0.113.12"  # its certificate comes from an unknown root
LIVE_ORIGIN, LIVE_NAME = "203.0.113.13", "live.bench.test"  # see live_origin.py
FAR_ORIGIN, FAR_MILLISECONDS = "198.51.100.60", 40  # there and back
BULK_BYTES = 1 << 30
_FIRST_CLIENT, _CLIENTS = 10, 200
_CROWD = "10.2.0.0/16"
_URGENT = ["chrt", "-f", "20"]


class RunningLoad:
    """A piece of work that goes on while others do."""

    def __init__(self, process, what):
        self._process, self._what = process, what

    def end(self):
        """Waits for its end; gives what it says."""
        said, complaints = self._process.communicate()
        if self._process.returncode != 0:
            raise RuntimeError(f"{self._what}: {complaints.strip()}")
        return json.loads(said)


class Arena:
    """Made once for a run; `close` ends what it started, the caller removes the namespaces and the folders."""

    def __init__(self, prefix, folder, large_folder, build, steering):
        self.folder, self.large_folder, self.build, self.steering = folder, large_folder, build, steering
        self.core, self.other_cores = machine.cores()
        self.load_cores = self.other_cores
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
        self._crowds, self._own_questions, self._folders = itertools.count(1), itertools.count(1), itertools.count(1)
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
        # Crowds of clients that nobody has to be told of: their whole prefix is at home in the client's namespace.
        self.client_side.run(["ip", "route", "add", "local", _CROWD, "dev", "lo"])
        self.gateway_side.run(["ip", "route", "add", _CROWD, "via", topology.CLIENT])
        self.origin_side.run(["ip", "route", "add", _CROWD, "via", topology.GATEWAY_WAN])
        for side in (self.client_side, self.gateway_side, self.origin_side):
            side.run(["sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=1024 65000",
                      "net.ipv4.ip_local_reserved_ports=8443-8445"])  # where contestants listen

    def new_folder(self, name):
        """An empty one, in which everybody may write."""
        path = os.path.join(self.folder, f"{name}-{next(self._folders)}")
        os.makedirs(path)
        os.chmod(path, 0o777)
        return path

    def new_client(self):
        """An address; after the last one the first again, whose sockets have had their time."""
        return f"10.1.0.{_FIRST_CLIENT + (next(self._numbers) - _FIRST_CLIENT) % _CLIENTS}"

    def new_crowd(self, number):
        """The first of so many addresses of clients, at most 1,024, that nobody has been yet."""
        assert number <= 1024
        start = next(self._crowds) * 4
        return f"10.2.{start % 256}.1"

    def new_names(self):
        """The first number of a range of names that nobody has asked for yet."""
        return next(self._names)

    def _start_origins(self):
        self.root_folder = root = os.path.join(self.large_folder, "www")
        os.makedirs(root)
        with open(os.path.join(root, "1k"), "wb") as file:
            file.write(b"x" * 1024)
        with open(os.path.join(root, "bulk"), "wb") as file:
            file.truncate(BULK_BYTES)
        self.upload = os.path.join(root, "upload")
        os.makedirs(os.path.join(root, "body"))
        for folder, mode in ((self.large_folder, 0o755), (root, 0o777)):
            os.chmod(folder, mode)
        stranger = certificates.issue(certificates.authority("A root that nobody trusts"), ["*.bench.test"])
        bad = self.write("bad.pem", stranger.pem() + certificates.key_pem(stranger.key))
        self._near_origins = NginxOrigin(self, self.origin_side, "origins", _SERVERS.format(
            root=root, identity=self.origin_identity, bad=bad, origin=ORIGIN, closing=CLOSING_ORIGIN, strange=BAD_ORIGIN))
        self._start_far_origin()

    def _start_far_origin(self):
        """An origin behind a wire that keeps each packet for half the time: a program carries them between two namespaces."""
        self._far_side = namespaces.Namespace(self.topology.origin.name.replace("-origin", "-far"))
        self._wire = self.origin_side.start(
            machine.pinned([self.load_program, "delay", "--interface", "far", "--namespace", f"/run/netns/{self._far_side.name}",
                            "--milliseconds", FAR_MILLISECONDS / 2], self.other_cores),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if not self._wire.stdout.readline():
            raise RuntimeError("the wire to the far origin cannot be laid")
        self.origin_side.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        for side, commands in ((self.origin_side, [["link", "set", "far", "up"], ["route", "add", FAR_ORIGIN, "dev", "far"]]),
                               (self._far_side, [["link", "set", "far", "up"], ["addr", "add", FAR_ORIGIN, "dev", "far"],
                                                 ["route", "add", "default", "dev", "far"]])):
            for command in commands:
                side.run(["ip", *command])
        NginxOrigin(self, self._far_side, "far-origin", _FAR_SERVER.format(identity=self.origin_identity, far=FAR_ORIGIN))

    @contextlib.contextmanager
    def uploaded(self):
        """Gives a function that tells the size of what was put at /upload, which is gone before and after."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.upload)
        try:
            yield lambda: os.stat(self.upload).st_size
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.upload)

    def accepted(self):
        """How many connections the near origins have accepted so far."""
        said = self.origin_side.run(["curl", "-s", "http://127.0.0.1:8080/"]).stdout
        return int(said.splitlines()[2].split()[0]) - next(self._own_questions)

    # --- the load

    def load(self, kind, client, *options, name=ONE_NAME, address=ORIGIN, path="/1k", roots=None, timeout=600, urgent=False):
        """Runs one piece of work to its end; gives what the load program says of it. `urgent`: before whatever else wants its
        cores."""
        command = self._load_command(kind, client, name, address, path, roots, options)
        done = self.client_side.run(_URGENT + command if urgent else command, check=False, timeout=timeout)
        if done.returncode != 0:
            raise RuntimeError(f"{kind} {' '.join(map(str, options))}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def begin_load(self, kind, client, *options, name=ONE_NAME, address=ORIGIN, path="/1k", roots=None):
        command = self._load_command(kind, client, name, address, path, roots, options)
        return RunningLoad(self.client_side.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                                  text=True), kind)

    @contextlib.contextmanager
    def holding(self, contestant, client, count, sources):
        """So many idle connections, all of which have had an answer, are there meanwhile."""
        options = ["--groups", contestant.groups, "--count", count, "--sources", sources]
        command = self._load_command("idle", client, ONE_NAME, ORIGIN, "/1k", None, options)
        process = self.client_side.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            if not process.stdout.readline():
                raise RuntimeError(f"idle connections: {process.communicate()[1].strip()}")
            yield
        finally:
            if process.poll() is None:
                process.communicate()

    def _load_command(self, kind, client, name, address, path, roots, options):
        return machine.pinned([self.load_program, kind, "--address", address, "--source", client, "--roots",
                               roots or self.authority_file, "--name", name, "--path", path, *options], self.load_cores)

    @contextlib.contextmanager
    def spread_load(self):
        """Clients and origins may run on every core meanwhile, the contestants' included."""
        def pin(cores):
            for pid in self._near_origins.processes():
                machine.pin(pid, cores)
            self.load_cores = cores
        pin([self.core, *self.other_cores])
        try:
            yield
        finally:
            pin(self.other_cores)

    @contextlib.contextmanager
    def urgent_origin(self):
        """The origin answers before whatever else wants its cores meanwhile."""
        for pid in self._near_origins.processes():
            os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(10))
        try:
            yield
        finally:
            for pid in self._near_origins.processes():
                os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))

    def on_the_core(self, kind, *options):
        """What the load program says of a measure that it takes on the contestants' core."""
        command = machine.pinned([self.load_program, kind, *options], self.core)
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def floor(self):
        """What OpenSSL itself spends on the two full handshakes of an intercepted connection, in µs: a server's and a client's."""
        figures = self.on_the_core("floor", "--identity", self.origin_identity, "--roots", self.roots_file, "--name", ONE_NAME,
                                   "--count", 1000)
        return figures["client_us"] + figures["server_us"]

    def probe(self, core=None):
        return machine.Probe(self.load_program, self.origin_identity, self.roots_file, ONE_NAME, self.core if core is None else core)

    def blacklist(self, pattern, number):
        """The text of a policy that blacklists the first so many names of the pattern, by a list file."""
        path = self.write("listed.txt", "".join(f"{pattern % one}\n" for one in range(number)))
        return f"[blacklist]\nfile = {path}\n"


_SERVERS = """
  ssl_certificate {identity}; ssl_certificate_key {identity}; ssl_session_cache shared:contest:8m;
  server {{
    listen {origin}:443 ssl http2 backlog=4096;
    location = /upload {{ dav_methods PUT; client_body_temp_path {root}/body; }}
  }}
  server {{
    listen 127.0.0.1:8080;
    location / {{ stub_status; }}
  }}
  server {{
    listen {closing}:443 ssl backlog=4096;
    ssl_session_tickets off; ssl_session_cache off; keepalive_timeout 0;
  }}
  server {{
    listen {strange}:443 ssl; ssl_certificate {bad}; ssl_certificate_key {bad};
  }}
"""

_FAR_SERVER = """
  server {{ listen {far}:443 ssl backlog=4096; ssl_certificate {identity}; ssl_certificate_key {identity}; }}
"""
