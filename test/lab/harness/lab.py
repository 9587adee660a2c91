"""The bench a scenario works at: the namespaces, the gateway, origins, clients, and the assertions."""

import itertools
import os
import ssl
import subprocess
import threading
import time

from . import certificates, client, topology
from .capture import Capture
from .daemon import Daemon, DaemonFiles
from .name_server import NameServer
from .origin import Origin
from .scenario import Check, Stop

PASSTHROUGH_POLICY = f"[passthrough]\nclient = {topology.LAN}\n         {topology.LAN6}\n"


class World:
    """What all scenarios of a run share, made once: the programs and the two authorities."""

    def __init__(self, folder, large_folder, build, steering, measures, patience, at_length=False):
        self.folder, self.large_folder, self.build = folder, large_folder, build
        self.steering, self.measures, self.patience = steering, measures, patience
        self.at_length = at_length  # nothing waits for the result: what scales may be scaled up
        self.daemon_program = os.path.join(build, "sallyportd")
        self.command_program = os.path.join(build, "sallyport")
        self.authority = certificates.authority("Laboratory interception CA", path_length=1)
        self.root = certificates.authority("Laboratory origin root")

    @property
    def protocol_daemon(self):
        """The daemon with the protocols of test/protocol/ linked in."""
        path = os.path.join(self.build, "protocol/sallyportd")
        if not os.path.exists(path):
            raise FileNotFoundError("protocol/sallyportd has not been built: run `make lab-programs` first")
        return path


class Lab:
    """One run of one scenario. It owns its namespaces' content and the folder; the runner removes both."""

    def __init__(self, world, prefix, folder, control, masquerade):
        self.world, self.folder, self.control = world, folder, control
        self.topology = topology.Topology(prefix, masquerade)
        self.client_side, self.gateway_side = self.topology.client, self.topology.gateway
        self.origin_side = self.topology.origin
        self.checks, self.notes, self.daemons, self.settings_used = [], [], [], {}
        self.root, self.authority = world.root, world.authority
        self._contexts, self._lock, self._numbers = {}, threading.Lock(), itertools.count(1)
        self._steered, self.last_files = False, None

    @property
    def in_control(self):
        return self.control is not None

    @property
    def measures(self):
        """Whether sizes and CPU times mean something: not in a sanitizer's build."""
        return self.world.measures

    @property
    def patience(self):
        """Seconds within which what has to come has come, however slow and busy the machine is. In a control run, where it is
        not to come, a few."""
        return 4 if self.in_control else 30 * self.world.patience

    def large_folder(self):
        """A folder for files of 1 GiB, removed with the run; whoever needs it for less time empties it."""
        path = os.path.join(self.world.large_folder, os.path.basename(self.folder))
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o777)
        return path

    # --- assertions

    def expect(self, name, held, detail=""):
        """Records whether `name` holds; the scenario goes on."""
        self.checks.append(Check(name, bool(held), str(detail)[:2000]))
        return bool(held)

    def require(self, name, held, detail=""):
        """The same, and the end of the scenario where it does not hold."""
        if not self.expect(name, held, detail):
            raise Stop(name)

    def note(self, text):
        """A figure to be shown below the scenario's line."""
        self.notes.append(text)

    # --- the gateway

    def files(self, settings=None, policy="", authority=None):
        """The daemon's folder, without a daemon."""
        settings = dict(settings or {})
        if self.control:
            settings |= self.control.settings
            if self.control.passthrough:
                policy = PASSTHROUGH_POLICY
            elif self.control.policy is not None:
                policy = self.control.policy
        self.last_files = DaemonFiles(os.path.join(self.folder, f"gateway{next(self._numbers)}"),
                                      authority or self.authority, self.root.pem(), settings, policy)
        if not self.control:
            for name, value in self.last_files.settings.items():
                self.settings_used.setdefault(name, []).append(value)
        return self.last_files

    def gateway(self, settings=None, policy="", *, authority=None, files=None, steered=True, environment=None,
                program=None):
        """A running gateway with the shipped rules up, once it says `ready`."""
        daemon = self.launch(files or self.files(settings, policy, authority), environment, program)
        daemon.wait_ready()
        if steered and not self._steered:
            self.steer("up")
            self._steered = True
        return daemon

    def launch(self, files, environment=None, program=None):
        """A gateway that has just been started; nothing is waited for."""
        daemon = Daemon(self.gateway_side, program or self.world.daemon_program, files, environment)
        self.daemons.append(daemon)
        return daemon

    def steer(self, verb, *options, check=True):
        """The shipped steering script, on the configuration of the gateway made last."""
        return self.gateway_side.run(
            [self.world.steering, "--config", self.last_files.config, "--sallyport", self.world.command_program, *options,
             verb], check=check, env={**os.environ, "STATE_DIRECTORY": self.folder})

    def command(self, *arguments, check=False, **options):
        """The `sallyport` command in the gateway's namespace."""
        return self.gateway_side.run([self.world.command_program, *arguments], check=check, **options)

    def check_files(self, files):
        """`sallyportd --check` on these files."""
        return self.gateway_side.run([self.world.daemon_program, "--config", files.config, "--check"], check=False)

    def exchanges(self, daemon, count, **wanted):
        """The logged exchanges whose keys have these values, once there are `count`; fewer when they do not come. The log is
        written behind the answers."""
        def find(_lines):
            found = [one for one in daemon.exchanges() if all(one.get(key) == value for key, value in wanted.items())]
            return found if len(found) >= count else None
        try:
            return daemon.wait_for(find, "", 1 if self.in_control else self.patience)
        except TimeoutError:
            return [one for one in daemon.exchanges() if all(one.get(key) == value for key, value in wanted.items())]

    @staticmethod
    def until(holds, timeout=20):
        """Asks again and again, for what no event tells of; the first true answer, or the last one."""
        deadline = time.monotonic() + timeout
        while not (answer := holds()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return answer

    def logged(self, daemon, answer):
        """The log's line for an answer, found by its request id; an empty one where there is none."""
        try:
            return daemon.wait_exchange(self.patience, request_id=answer.get("x-request-id"))
        except TimeoutError:
            return {}

    # --- origins

    def origin(self, addresses=(topology.ORIGIN, topology.ORIGIN6), *, contexts=None, **options):
        return Origin(self.origin_side, addresses, contexts or self.good_context, **options)

    def plain_origin(self, addresses=(topology.ORIGIN, topology.ORIGIN6), *, port=80, **options):
        """One that speaks HTTP without TLS."""
        return Origin(self.origin_side, addresses, lambda *_: None, port=port, **options)

    def good_context(self, server_name, address):
        """A context with a good certificate for the name asked for, or for the address."""
        name = server_name or address
        with self._lock:
            if name not in self._contexts:
                self._contexts[name] = self.server_context(certificates.issue(self.root, [name]))
            return self._contexts[name]

    def server_context(self, identity, *, alpn=("http/1.1",), weak=False, ciphers=None, minimum=None, maximum=None):
        """A server's context with this identity; `weak` allows what nobody should."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if weak:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.options &= ~ssl.OP_NO_TLSv1 & ~ssl.OP_NO_TLSv1_1
        if ciphers:
            context.set_ciphers(ciphers)
        if minimum:
            context.minimum_version = minimum
        if maximum:
            context.maximum_version = maximum
        if alpn:
            context.set_alpn_protocols(list(alpn))
        context.load_cert_chain(self.identity_file(identity))
        return context

    def identity_file(self, identity):
        """A PEM file with the identity's chain and key."""
        path = os.path.join(self.folder, f"identity{next(self._numbers)}.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(identity.pem() + certificates.key_pem(identity.key))
        return path

    def name_server(self, names=None):
        """Answers every name with the origin's addresses, or from the table."""
        return NameServer(self.origin_side, topology.NAME_SERVER,
                          names or {"*": [topology.ORIGIN, topology.ORIGIN6]})

    # --- clients

    def client_context(self, **options):
        """Trusts the gateway's authority alone; in a control run it believes anything, to see what would get through."""
        return client.tls_context(None if self.in_control else self.authority.pem(), **options)

    def open(self, name, address=topology.ORIGIN, *, port=443, source=None, context=None, proxy=None, session=None,
             server_name="", timeout=30):
        """A TLS connection of the client to `name`: transparently to `address`, or through `proxy` (address, port)."""
        context = context or self.client_context()
        if proxy:
            made = client.dial(self.client_side, *proxy, source=source, timeout=timeout)
            client.connect_through(made, f"{name}:{port}")
        else:
            made = client.dial(self.client_side, address, port, source=source, timeout=timeout)
        shown = name if server_name == "" else server_name
        return client.Connection(made, context, shown, session)

    def get(self, name, target="/", address=topology.ORIGIN, *, fields="", method="GET", body=b"", host=None, **options):
        """One request on a connection of its own; the response carries the `leaf` that was shown."""
        with self.open(name, address, **options) as connection:
            response = connection.request(target, host or name, method=method, fields=fields, body=body)
            response.leaf = connection.leaf
            return response

    def curl(self, *arguments, roots=None, check=False, **options):
        """Debian's curl in the client's namespace, which trusts the gateway's authority alone."""
        path = os.path.join(self.folder, "client-roots.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(roots or self.authority.pem())
        return self.client_side.run(["curl", "-sS", "--max-time", "60", "--cacert", path, *arguments], check=check,
                                    **options)

    def trusts_file(self):
        """The gateway's authority as a PEM file for clients."""
        return self._public_file("authority.pem", self.authority.pem())

    def origin_roots_file(self):
        """The origins' root as a PEM file, for clients that nothing intercepts."""
        return self._public_file("origin-roots.pem", self.root.pem())

    def _public_file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)
        return path

    # --- the wire

    def capture_wan(self):
        """What passes between the gateway and the origins."""
        return Capture(self.gateway_side, "wan0", topology.ORIGIN)

    def capture_lan(self):
        """What passes between the client and the gateway."""
        return Capture(self.gateway_side, "lan0", topology.CLIENT)

    # --- the end

    def finish(self):
        """Ends the gateways as an admin would and judges how they ended."""
        for daemon in self.daemons:
            if daemon.running:
                try:
                    status = daemon.stop()
                except (TimeoutError, subprocess.SubprocessError) as error:
                    status = str(error)
                self.expect("the daemon ends with 0 after SIGTERM", status == 0, f"it ended with {status}")
            reports = daemon.sanitizer_reports()
            self.expect("no sanitizer report", not reports, "\n".join(reports[:5]))
