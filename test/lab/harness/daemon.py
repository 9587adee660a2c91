"""The gateway under test: its files, its process, its log, and what it costs."""

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

from . import topology
from .certificates import key_pem

BASE_SETTINGS = {
    "gateway.lan_interfaces": "lan0",
    "gateway.drain_seconds": "5",
    "listen.proxy": f"{topology.GATEWAY_LAN}:8080, [{topology.GATEWAY_LAN6}]:8080",
}
_USER = 65534
_DASHBOARD_FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../dashboard")
_SANITIZER_REPORT = re.compile(r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:")


def ini_text(settings):
    """An INI file of {"section.key": value}."""
    sections = {}
    for name, value in settings.items():
        section, key = name.split(".", 1)
        sections.setdefault(section, []).append(f"{key} = {value}\n")
    return "".join(f"[{section}]\n{''.join(lines)}\n" for section, lines in sections.items())


def cpu_seconds_of(pid):
    """CPU time of a process so far, all threads, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def _is_stopped(stat):
    try:
        with open(stat, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return True  # the thread has just ended


class DaemonFiles:
    """The folder with sallyport.ini, policy.ini, the CA and the roots, readable by the daemon's user."""

    def __init__(self, folder, authority, roots_pem, settings, policy):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)
        os.chown(folder, _USER, _USER)  # where the daemon makes its control socket
        self.config = os.path.join(folder, "sallyport.ini")
        self.policy = os.path.join(folder, "policy.ini")
        self.roots = os.path.join(folder, "roots.pem")
        self.write("ca.crt", authority.pem())
        self.write("ca.key", key_pem(authority.key), mode=0o600)
        self.write("roots.pem", roots_pem)
        self.settings = {
            **BASE_SETTINGS,
            "history.database": f"{folder}/history.db",
            "control.socket": f"{folder}/control.sock",
            "control.token_file": f"{folder}/dashboard.token",
            "control.dashboard_files": _DASHBOARD_FILES,
            "ca.certificate": f"{folder}/ca.crt",
            "ca.key": f"{folder}/ca.key",
            "upstream.outgoing_ca_bundle": self.roots,
            "policy.file": self.policy,
            **settings,
        }
        self.settings = {name: value for name, value in self.settings.items() if value is not None}
        self.write_settings(self.settings)
        self.write_policy(policy)

    def write(self, name, content, mode=0o644):
        """Puts the file in place whole, as an editor does: the daemon may be reading it."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path + ".new", mode)
        os.chown(path + ".new", _USER, _USER)
        os.rename(path + ".new", path)
        return path

    def write_settings(self, settings):
        self.write("sallyport.ini", ini_text(settings))

    def write_policy(self, text):
        self.write("policy.ini", text)


def as_daemon_user(arguments):
    """The command as an unprivileged user who may do no more than CAP_NET_RAW and CAP_NET_ADMIN, as the systemd unit runs it."""
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", "--inh-caps=-all,+net_raw,+net_admin",
            "--ambient-caps=-all,+net_raw,+net_admin", "--bounding-set=-all,+net_raw,+net_admin", "--no-new-privs", *arguments]


class Daemon:
    """A running sallyportd. `lines` is its log so far; every wait is for a line, never for time to pass."""

    def __init__(self, namespace, program, files, environment=None):
        self.files, self.lines, self.status = files, [], None
        self._changed = threading.Condition()
        environment = {"PATH": os.environ["PATH"], "ASAN_OPTIONS": "abort_on_error=0:exitcode=99",
                       "TSAN_OPTIONS": "exitcode=99:halt_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1",
                       **(environment or {})}
        self._process = namespace.start(as_daemon_user([program, "--config", files.config]), env=environment,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.pid = self._process.pid
        threading.Thread(target=self._read_log, daemon=True).start()

    def _read_log(self):
        for line in self._process.stderr:
            with self._changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        status = self._process.wait()
        with self._changed:
            self.status = status
            self._changed.notify_all()

    def wait_for(self, found, what, timeout=30):
        """Waits until `found(lines)` gives something true, and gives it."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (result := found(self.lines)):
                left = deadline - time.monotonic()
                if left <= 0 or (self.status is not None and not found(self.lines)):
                    ending = f", the daemon ended with {self.status}" if self.status is not None else ""
                    raise TimeoutError(f"no {what} in the daemon's log within {timeout} s{ending}")
                self._changed.wait(left)
            return result

    def wait_line(self, pattern, timeout=30, after=0):
        """The first line that matches, of those behind the first `after`."""
        compiled = re.compile(pattern)
        return self.wait_for(lambda lines: next((line for line in lines[after:] if compiled.search(line)), None),
                             f"line with {pattern!r}", timeout)

    def wait_ready(self):
        self.wait_line(r"\bready\b", timeout=60)

    def records(self):
        """The log's JSON lines so far, decoded: exchanges, and connections without one."""
        found = []
        for line in list(self.lines):
            start = line.find("{")
            with contextlib.suppress(ValueError):
                entry = json.loads(line[start:]) if start >= 0 else None
                if isinstance(entry, dict):
                    found.append(entry)
        return found

    def exchanges(self):
        """The lines of HTTP exchanges so far, decoded; those of connections that stayed closed to us are left out."""
        return [entry for entry in self.records() if entry.get("method")]

    def wait_record(self, timeout=30, **wanted):
        """The first JSON line whose keys have these values; an empty one where none came in time."""
        def find(_lines):
            return next((one for one in self.records() if all(one.get(key) == value for key, value in wanted.items())),
                        None)
        try:
            return self.wait_for(find, f"line with {wanted}", timeout)
        except TimeoutError:
            return {}

    def wait_exchange(self, timeout=30, **wanted):
        """The first exchange line whose keys have these values."""
        def find(_lines):
            return next((one for one in self.exchanges() if all(one.get(key) == value for key, value in wanted.items())),
                        None)
        return self.wait_for(find, f"exchange with {wanted}", timeout)

    def signal(self, number):
        os.kill(self.pid, number)

    @contextlib.contextmanager
    def halted(self):
        """Every thread of it stands still within (SIGSTOP is sent long before all of them have heard of it) and goes on after."""
        self.signal(signal.SIGSTOP)
        try:
            deadline = time.monotonic() + 20
            while not self._stands_still():
                if time.monotonic() > deadline:
                    raise TimeoutError("the daemon does not stand still")
                time.sleep(0.01)
            yield
        finally:
            if self.running:
                self.signal(signal.SIGCONT)

    def _stands_still(self):
        tasks = f"/proc/{self.pid}/task"
        return all(_is_stopped(f"{tasks}/{task}/stat") for task in os.listdir(tasks))

    def reload(self, settings=None, policy=None):
        """Writes what is given, sends SIGHUP; gives the number of log lines before it."""
        if settings is not None:
            self.files.write_settings(settings)
        if policy is not None:
            self.files.write_policy(policy)
        before = len(self.lines)
        self.signal(signal.SIGHUP)
        return before

    @property
    def running(self):
        return self.status is None

    def wait_exit(self, timeout=60):
        with self._changed:
            if not self._changed.wait_for(lambda: self.status is not None, timeout):
                raise TimeoutError(f"the daemon did not end within {timeout} s")
            return self.status

    def stop(self):
        """SIGTERM, and its exit status."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGTERM)
        try:
            return self.wait_exit()
        except TimeoutError:
            self.kill()
            raise

    def kill(self):
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            self.wait_exit()

    def sanitizer_reports(self):
        return [line for line in self.lines if _SANITIZER_REPORT.search(line)]

    def resident_kib(self):
        return self._status_number("VmRSS")

    def peak_resident_kib(self):
        """The highest resident size since reset_peak()."""
        return self._status_number("VmHWM")

    def reset_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def _status_number(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))

    def status_text(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith(name + ":"))

    def cpu_seconds(self):
        """CPU time of the process so far, all threads."""
        return cpu_seconds_of(self.pid)

    def thread_seconds(self, name):
        """CPU time so far of the threads of that name."""
        spent = 0
        for task in os.scandir(f"/proc/{self.pid}/task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"{task.path}/comm", encoding="utf-8") as comm, open(f"{task.path}/schedstat", encoding="ascii") as figures:
                    if comm.read().strip() == name:
                        spent += int(figures.read().split()[0])
        return spent / 1e9

    def until_idle(self, patience=20):
        """Waits until the process does nothing any more; gives the CPU time that it took until then, in seconds."""
        began, deadline = self.cpu_seconds(), time.monotonic() + patience
        spent, quiet = began, 0
        while quiet < 4 and time.monotonic() < deadline:
            time.sleep(0.05)
            now = self.cpu_seconds()
            quiet = quiet + 1 if now - spent < 0.002 else 0
            spent = now
        return spent - began

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))
