"""Network namespaces. A socket keeps the namespace it was made in, so that one process can hold the client's and the
origin's sockets at once; commands run through `ip netns exec`, which also gives them an /etc of their own."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import threading

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_CLONE_NEWNS = 0x20000
_MS_REC, _MS_SLAVE = 0x4000, 1 << 19


def _enter(descriptor):
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def own_mounts():
    """What this thread, and whatever it starts, mounts from now on is seen by nobody else and ends with them."""
    if _LIBC.unshare(_CLONE_NEWNS) != 0 or _LIBC.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None) != 0:
        raise OSError(ctypes.get_errno(), "a mount namespace")


class Namespace:
    """One network namespace with its folder of replacements for /etc."""

    def __init__(self, name):
        self.name = name
        self.etc = f"/etc/netns/{name}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        os.makedirs(self.etc, exist_ok=True)
        self.write_etc("hosts", "127.0.0.1 localhost\n::1 localhost\n")
        self._descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        # Nobody else is there to detect; and Chromium abandons a page when an address becomes usable meanwhile.
        self.run(["sysctl", "-q", "-w", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"])
        self.run(["ip", "link", "set", "lo", "up"])

    def write_etc(self, path, text):
        """What programs in this namespace see under /etc. A file that exists is rewritten in place: it may be mounted."""
        full = os.path.join(self.etc, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(full, 0o644)

    @contextlib.contextmanager
    def inside(self):
        """The calling thread, and it alone, is in the namespace meanwhile."""
        own = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(self._descriptor)
            try:
                yield
            finally:
                _enter(own)
        finally:
            os.close(own)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        with self.inside():
            return socket.socket(family, kind, protocol)

    def command(self, arguments):
        return ["ip", "netns", "exec", self.name, *map(str, arguments)]

    def run(self, arguments, check=True, **options):
        """Runs to the end; gives subprocess.CompletedProcess with text output."""
        settings = {"capture_output": True, "text": True, "timeout": 120, **options}
        result = subprocess.run(self.command(arguments), check=False, **settings)
        if check and result.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, arguments))}: exit {result.returncode}\n{result.stderr}")
        return result

    def start(self, arguments, **options):
        return subprocess.Popen(self.command(arguments), **options)


def remove(name):
    """Ends what runs in the namespace and removes it. Nothing but the laboratory's own programs can be there."""
    listed = subprocess.run(["ip", "netns", "pids", name], check=False, capture_output=True, text=True)
    for pid in map(int, listed.stdout.split()):
        with contextlib.suppress(ProcessLookupError):
            if pid != os.getpid():
                os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        number = os.stat(f"/run/netns/{name}").st_ino
        shutil.rmtree(f"/run/sallyport-steering/{number}", ignore_errors=True)  # the script's notes on this namespace
    subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)


def remove_all(prefix):
    """Removes every namespace whose name starts so."""
    for name in _names():
        if name.startswith(prefix):
            remove(name)


def remove_abandoned(prefix):
    """Removes what a run that was killed left behind: names are PREFIX + the run's pid + '-' + …"""
    for name in _names():
        if not name.startswith(prefix):
            continue
        pid = name[len(prefix):].split("-")[0]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            remove(name)


def _names():
    return os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
