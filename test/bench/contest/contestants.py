"""Who competes. Each is started on the contestants' core, steered to, and stopped; all are configured as their manuals say for
this job, with upstream verification wherever they can."""

import os
import subprocess
import time

from harness import topology
from harness.daemon import Daemon, DaemonFiles

from . import arena as places
from . import machine

_PORT = "8443"
_REDIRECT = [["iptables", "-t", "nat", "-{}", "PREROUTING", "-i", "lan0", "-p", "tcp", "--dport", "443", "-j", "REDIRECT",
              "--to-ports", _PORT]]
_TPROXY = [["iptables", "-t", "mangle", "-{}", "PREROUTING", "-i", "wan0", "-p", "tcp", "-m", "socket", "--transparent", "-j",
            "MARK", "--set-mark", "1"],
           ["iptables", "-t", "mangle", "-{}", "PREROUTING", "-i", "lan0", "-p", "tcp", "--dport", "443", "-j", "TPROXY",
            "--on-port", _PORT, "--tproxy-mark", "1"]]
_ROUTES = [["ip", "rule", "{}", "fwmark", "1", "lookup", "100"],
           ["ip", "route", "{}", "local", "default", "dev", "lo", "table", "100"]]


class Contestant:
    """One proxy. `modes` are those it can be started in: intercept, passthrough, resumed, http2, no pool, and sallyport's own.
    `only`: the works it does, all where it is empty; `pace`: its share of the operations, less where it is slow; `may_fail`: the
    share of them that its design loses now and then. `at_start`: what its first thread had spent (CPU seconds; others make
    keys meanwhile, for as long as chance will have it) and what it held (resident KiB) when it was ready."""

    name, package, note = "", "", ""
    modes = frozenset({"intercept"})
    only = frozenset()
    pace = 1.0
    may_fail = 0.0
    at_start = (0.0, 0)
    verifies = True
    groups = "X25519"

    def __init__(self, arena):
        self.arena, self.pid, self._process = arena, None, None
        self.client = arena.new_client()
        self.folder = arena.new_folder(self.name)

    def start(self, mode):
        for command in self.steering():
            self.arena.gateway_side.run([word.format("A" if command[0] == "iptables" else "add") for word in command])
        self._process = self.arena.gateway_side.start(
            machine.pinned(self.command(mode), self.arena.core), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(os.path.join(self.folder, "stderr"), "wb"), cwd=self.folder)
        self.pid = self._process.pid
        self._wait_until_it_serves(mode)

    def stop(self):
        for command in reversed(self.steering()):
            self.arena.gateway_side.run([word.format("D" if command[0] == "iptables" else "del") for word in command])
        if self._process:
            for pid in reversed(machine.family(self.pid)):
                try:
                    os.kill(pid, 15 if pid == self.pid else 9)
                except ProcessLookupError:
                    continue
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def steering(self):
        return []

    def command(self, mode):
        raise NotImplementedError

    def version(self):
        """What dpkg says of the package."""
        return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", self.package], check=True, capture_output=True,
                              text=True).stdout

    def roots(self, mode):
        """What a client trusts that goes through it."""
        return self.arena.roots_file if mode == "passthrough" else self.arena.authority_file

    def load(self, kind, *options, mode="intercept", **how):
        return self.arena.load(kind, self.client, "--groups", self.groups, *options, roots=self.roots(mode), **how)

    def begin_load(self, kind, *options, client=None, **how):
        """The same, which goes on while others do, perhaps from another client."""
        return self.arena.begin_load(kind, client or self.client, "--groups", self.groups, *options, roots=self.roots("intercept"),
                                     **how)

    def _wait_until_it_serves(self, mode):
        """A listener exists some time after the start, and no contestant says when."""
        deadline = time.monotonic() + 30
        while True:
            try:
                said = self.load("connections", "--count", 1, "--threads", 1, mode=mode)
            except RuntimeError as error:
                said = {"completed": 0, "first_error": str(error)}
            if said["completed"]:
                break
            if self._process and self._process.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.folder, "stderr"), encoding="utf-8", errors="replace") as file:
                    raise RuntimeError(f"{self.name} does not serve: {said['first_error']}\n{file.read()[-2000:]}")
            time.sleep(0.1)
        if self.pid:
            machine.until_idle(self.pid)
            self.at_start = (machine.thread_seconds(self.pid), machine.resident_kib(self.pid))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path


class Direct(Contestant):
    """Nothing in between but the kernel's forwarding."""

    name, package = "direct", "nginx-light"
    only = frozenset({"latency", "far"})

    def start(self, mode):
        self.pid = None

    def roots(self, mode):
        return self.arena.roots_file


class Sallyport(Contestant):
    """As it is shipped: history and metrics on, the log in a file; one worker."""

    name, package = "sallyport", "sallyport"
    note = "mints a leaf for each name, keeps the client's address; history, metrics and QUIC guard on, the log in a file"
    settings, history, policy = {}, True, ""
    _daemon = _files = None
    # What a mode sets off its default, beside `workers = 1` and the log file.
    mode_settings = {"intercept": {}, "resumed": {}, "http2": {}, "passthrough": {},
                     "no pool": {"upstream.pool_idle_seconds": "0"},
                     "no quic": {"quic.action": "allow"},
                     "many": {"limits.connections_per_client": "20000"},
                     "two workers": {"gateway.workers": "2"}}
    modes = frozenset(mode_settings)

    def start(self, mode):
        settings = {"gateway.workers": "1", "log.destination": f"{self.folder}/log", **self.settings, **self.mode_settings[mode]}
        if not self.history:
            settings["history.database"] = None
        policy = "[passthrough]\ndomain = *.bench.test\n" if mode == "passthrough" else self.policy
        files = DaemonFiles(self.folder, self.arena.authority, self.arena.root.pem(), settings, policy)
        self._daemon = Daemon(self.arena.gateway_side, os.path.join(self.arena.build, "sallyportd"), files)
        self.pid = self._daemon.pid
        self._files = files
        self._steer("up", files)
        machine.pin(self.pid, self.arena.core)
        self._wait_until_it_serves(mode)

    def stop(self):
        if self._files:
            self._steer("down", self._files)
            self._files = None
        if self._daemon:
            self._daemon.stop()
            self._daemon = None

    @property
    def policy_file(self):
        return self._files.policy

    def rewrite_policy(self, text):
        self._files.write_policy(text)

    def reload(self):
        """Returns once every worker has the new configuration."""
        subprocess.run([os.path.join(self.arena.build, "sallyport"), "--config", self._files.config, "reload"], check=True,
                       capture_output=True)

    def spread_workers(self):
        """One core for each worker; gives {core: thread}. All other threads may run on any of these cores."""
        workers = machine.threads_named(self.pid, "worker-")
        found = dict(zip([self.arena.core, *self.arena.other_cores], workers))
        machine.pin(self.pid, list(found))
        for core, thread in found.items():
            machine.pin_thread(thread, core)
        return found

    def _steer(self, verb, files):
        self.arena.gateway_side.run([self.arena.steering, "--config", files.config, "--sallyport",
                                     os.path.join(self.arena.build, "sallyport"), verb],
                                    env={**os.environ, "STATE_DIRECTORY": self.folder})

    def version(self):
        said = subprocess.run([os.path.join(self.arena.build, "sallyportd"), "--version"], check=True, capture_output=True, text=True)
        return said.stdout.split()[1]


class SallyportWithoutHistory(Sallyport):
    """The same with `[history] database` empty."""

    name, history, note = "sallyport, no history", False, "the same without its history"
    only = frozenset({"new", "h1", "h2"})


class Haproxy(Contestant):
    """A hand-built re-encrypting proxy: one static certificate, nothing is minted; transparent, client's address kept. Each client
    connection keeps its upstream connections to itself: bound to the client's address they carry its port too, so that nobody
    else could use them."""

    name, package = "haproxy", "haproxy"
    note = "static certificate, mints nothing; an upstream connection belongs to one client connection"
    modes = frozenset({"intercept", "passthrough", "resumed", "http2"})
    origin_options = ""
    backend = """  http-reuse never
  max-session-srv-conns 128
  source 0.0.0.0 usesrc clientip
"""

    def steering(self):
        return _TPROXY + _ROUTES

    def command(self, mode):
        passing = mode == "passthrough"
        ends = "" if passing else f" ssl crt {self.arena.static_identity} alpn h2,http/1.1"
        upstream = "" if passing else f" ssl verify required ca-file {self.arena.roots_file} sni req.hdr(host){self.origin_options}"
        if mode == "http2":
            upstream += " alpn h2,http/1.1"
        backend = "  source 0.0.0.0 usesrc clientip\n" if passing else self.backend
        return ["haproxy", "-db", "-f", self.write("haproxy.cfg", _HAPROXY.format(
            kind="tcp" if passing else "http", port=_PORT, ends=ends, upstream=upstream, backend=backend))]


class HaproxyWithPool(Haproxy):
    """The same as an expert would build it: the source address comes from a header of its own making, which leaves the port out,
    so that the next connection of the same client finds what the one before has left."""

    name, note = "haproxy, pool", "the same with a pool for each client, `http-reuse always`"
    only = frozenset({"new", "latency"})
    origin_options = " pool-low-conn 1000"
    backend = """  http-reuse always
  http-request set-header x-contest-from %[src]
  source 0.0.0.0 usesrc hdr_ip(x-contest-from)
"""


class NginxProxy(Contestant):
    """A hand-built re-encrypting proxy: one static certificate, nothing is minted; its pool is shared by all clients."""

    name, package = "nginx", "nginx-light"
    note = "static certificate, mints nothing; its pool mixes clients; of 100 connections one may fail, by the ports that it borrows"
    modes = frozenset({"intercept", "resumed", "http2", "many"})
    # Its connection to the origin may get the very port that the client has towards it, and then the kernel forwards what it sends.
    may_fail = 0.01
    _ports = {places.ORIGIN: "8443", places.CLOSING_ORIGIN: "8444", places.BAD_ORIGIN: "8445"}

    def steering(self):
        """It cannot listen for TPROXY, so that each origin is redirected to a port of its own; answers to the client's address
        come back by the mark."""
        redirects = [["iptables", "-t", "nat", "-{}", "PREROUTING", "-i", "lan0", "-p", "tcp", "-d", address, "--dport", "443", "-j",
                      "REDIRECT", "--to-ports", port] for address, port in self._ports.items()]
        return _TPROXY[:1] + redirects + _ROUTES

    def command(self, mode):
        return ["nginx", "-e", f"{self.folder}/error.log", "-c", self.write("nginx.conf", _NGINX.format(
            folder=self.folder, identity=self.arena.static_identity, roots=self.arena.roots_file, origin=places.ORIGIN,
            closing=places.CLOSING_ORIGIN, strange=places.BAD_ORIGIN))]


class Sslsplit(Contestant):
    """Behind REDIRECT, with its handler `ssl`: its `https` ends each connection after one request."""

    name, package, note = "sslsplit", "sslsplit", "does not verify origins, dials from its own address, does not read HTTP"
    verifies = False
    groups = "P-256"  # it knows no X25519
    pace = 0.5

    def steering(self):
        return _REDIRECT

    def command(self, mode):
        return ["sslsplit", "-k", self.arena.authority_key, "-c", self.arena.authority_file, "ssl", "0.0.0.0", _PORT]


class SpliceRelay(Contestant):
    """Not a proxy: a relay of ours that moves bytes by splice(2) and does nothing else, the floor of a passthrough."""

    name, package, note = "splice relay", "sallyport", "moves bytes by splice(2), two threads a connection, and does nothing else"
    modes = frozenset({"passthrough"})
    only = frozenset({"passthrough"})

    def steering(self):
        return _REDIRECT

    def command(self, mode):
        return [self.arena.load_program, "relay", "--listen", _PORT, "--address", places.ORIGIN]

    def version(self):
        return ""


class Squid(Contestant):
    """ssl-bump of everything, without a cache. It gives no tickets that it would take back."""

    name, package, note = "squid", "squid-openssl", "dials from its own address"
    modes = frozenset({"intercept", "passthrough"})
    pace = 0.3

    def steering(self):
        return _REDIRECT

    def command(self, mode):
        subprocess.run(["/usr/lib/squid/security_file_certgen", "-c", "-s", f"{self.folder}/certificates", "-M", "64MB"], check=True,
                       capture_output=True)
        subprocess.run(["chown", "-R", "proxy", self.folder], check=True)
        return ["squid", "-N", "-f", self.write("squid.conf", _SQUID.format(
            folder=self.folder, port=_PORT, certificate=self.arena.authority_file, key=self.arena.authority_key,
            roots=self.arena.roots_file, bump="splice" if mode == "passthrough" else "bump", resolver=topology.NAME_SERVER))]


class Mitmproxy(Contestant):
    """mitmdump without scripts or flow storage."""

    name, package, note = "mitmproxy", "mitmproxy", "dials from its own address"
    modes = frozenset({"intercept", "passthrough", "http2"})
    pace = 0.15

    def steering(self):
        return _REDIRECT

    def command(self, mode):
        with open(self.arena.identity, encoding="ascii") as file:
            self.write("mitmproxy-ca.pem", file.read())
        ignored = ["--set", r"ignore_hosts=.*"] if mode == "passthrough" else []
        return ["mitmdump", "-q", "--mode", "transparent", "--listen-port", _PORT, "--set", f"confdir={self.folder}", "--set",
                f"ssl_verify_upstream_trusted_ca={self.arena.roots_file}", "--set", "stream_large_bodies=1m",
                "--set", "flow_detail=0", *ignored]


EVERYBODY = (Direct, Sallyport, SallyportWithoutHistory, Haproxy, HaproxyWithPool, NginxProxy, Sslsplit, Squid, Mitmproxy, SpliceRelay)

_HAPROXY = """
global
  maxconn 9000
  nbthread 1
  tune.ssl.cachesize 20000
defaults
  mode {kind}
  option http-keep-alive
  timeout connect 10s
  timeout client 600s
  timeout server 600s
frontend clients
  bind :{port} transparent{ends}
  default_backend origins
backend origins
{backend}  server origin 0.0.0.0:443{upstream}
"""

_NGINX = """
user root;
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 18000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/p1; proxy_temp_path {folder}/p2; fastcgi_temp_path {folder}/p3; uwsgi_temp_path {folder}/p4;
  scgi_temp_path {folder}/p5;
  client_max_body_size 0; keepalive_timeout 600s; keepalive_requests 100000000;
  upstream origin {{ server {origin}:443; keepalive 64; keepalive_requests 100000000; }}
  upstream closing {{ server {closing}:443; }}
  upstream strange {{ server {strange}:443; }}
  map $server_port $pool {{ 8443 origin; 8444 closing; 8445 strange; }}
  server {{
    listen 8443 ssl http2 backlog=4096; listen 8444 ssl http2; listen 8445 ssl http2;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {identity}; ssl_certificate_key {identity}; ssl_session_cache shared:clients:8m;
    location / {{
      proxy_pass https://$pool; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_bind $remote_addr transparent; proxy_buffering on; proxy_request_buffering off; proxy_max_temp_file_size 0;
      proxy_ssl_server_name on; proxy_ssl_name $host; proxy_ssl_verify on; proxy_ssl_verify_depth 2; proxy_ssl_protocols TLSv1.3;
      proxy_ssl_trusted_certificate {roots}; proxy_read_timeout 600s;
    }}
  }}
}}
"""

_SQUID = """
http_port 127.0.0.1:3128
https_port {port} intercept ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=64MB cert={certificate} key={key}
sslcrtd_program /usr/lib/squid/security_file_certgen -s {folder}/certificates -M 64MB
sslcrtd_children 2 startup=1
tls_outgoing_options cafile={roots} min-version=1.2
acl first at_step SslBump1
ssl_bump peek first
ssl_bump {bump} all
http_access allow all
cache deny all
access_log none
cache_log {folder}/cache.log
pid_filename {folder}/squid.pid
coredump_dir {folder}
visible_hostname contest
dns_nameservers {resolver}
pinger_enable off
shutdown_lifetime 0 seconds
client_persistent_connections on
server_persistent_connections on
max_filedescriptors 19000
"""
