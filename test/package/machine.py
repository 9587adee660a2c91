"""A clean Debian 12 that really boots: systemd as process 1 in namespaces of its own, on a copy of a cached root.

Its network has no way out. Needs root.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import time

CACHE = pathlib.Path("build/deb-test")
TOOLS = ["systemd", "systemd-sysv", "iproute2", "libcap2-bin", "procps", "python3-minimal"]

_BOOT = r"""
set -e
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
cd "$ROOT"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs dev
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/pts dev/shm
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ip link set lo up
# What systemd mounts for a unit (its credentials) it mounts in a child and lets propagate.
mount --make-rshared .
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd --system \
  --log-target=journal --show-status=no
"""


def run(words, **options):
    return subprocess.run(words, text=True, capture_output=True, check=False, **options)


def base_root(packages):
    """The root that machines are copied from; made anew when other packages are wanted."""
    wanted = sorted(set(TOOLS + packages))
    root, note = CACHE / "base", CACHE / "base.packages"
    if root.is_dir() and note.is_file() and note.read_text(encoding="ascii").split() == wanted:
        return root
    print(f"making a Debian 12 root with {len(wanted)} packages and what they need; this takes a minute or two", flush=True)
    shutil.rmtree(root, ignore_errors=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    sources = _sources()
    mirror = [uri for uri, suite in sources if suite == "bookworm"][:1]
    _run_or_raise(["debootstrap", "--variant=minbase", "--include=" + ",".join(TOOLS), "bookworm", str(root), *mirror])
    if sources:  # point and security updates too: the package asks for libraries of that age
        lines = [f"deb {uri} {suite} main\n" for uri, suite in sources]
        (root / "etc/apt/sources.list").write_text("".join(lines), encoding="ascii")
    # By apt, since a dependency may be a name that another package provides.
    for verb in (["update"], ["-y", "dist-upgrade"], ["-y", "--no-install-recommends", "install", *packages], ["clean"]):
        _run_or_raise(["chroot", str(root), "apt-get", "-qq", *verb], env={**os.environ, **_QUIET})
    note.write_text("\n".join(wanted), encoding="ascii")
    return root


_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def _run_or_raise(words, **options):
    done = run(words, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} failed:\n" + (done.stdout + done.stderr)[-3000:])


def _sources():
    """Where this machine itself takes Debian 12 from, as (address, suite); nothing where it does not say."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]).stdout
    suites = ("bookworm", "bookworm-updates", "bookworm-security")
    return sorted({tuple(line.split()) for line in listed.splitlines() if line.endswith(suites)})


def _cgroup_folder():
    for line in pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            own = next(entry[3:] for entry in pathlib.Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
                       if entry.startswith("0::"))
            return pathlib.Path(where) / own.strip("/")
    raise RuntimeError("this needs a mounted cgroup2 hierarchy")


class Machine:
    def __init__(self, name, base):
        self.name, self.base = name, base
        self.root = (CACHE / f"machine-{os.getpid()}-{name}").absolute()
        self.cgroup = None
        self.process = None
        self.init = None

    def __enter__(self):
        try:
            subprocess.run(["cp", "-a", "--reflink=auto", str(self.base), str(self.root)], check=True)
            (self.root / "etc/machine-id").write_text("", encoding="ascii")
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def reboot(self):
        """As after a power cut: nothing is stopped in good order, and all that was in memory is gone."""
        self._stop()
        self._boot()

    def _stop(self):
        if self.init is not None:
            os.kill(self.init, signal.SIGKILL)  # and with process 1 its whole namespace
        if self.process is not None:
            self.process.wait()
        if self.cgroup is not None:
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                _remove_cgroup(folder)
        self.init = self.process = self.cgroup = None

    def _boot(self):
        # A group of its own: process 1 takes the one it starts in for the root of all.
        self.cgroup = _cgroup_folder() / f"sallyport-deb-test-{os.getpid()}-{self.name}"
        self.cgroup.mkdir()
        enter = f"echo $$ >{self.cgroup}/cgroup.procs; exec unshare --fork --pid --mount --uts --ipc --net --cgroup " \
                "bash -c \"$BOOT\""
        self.process = subprocess.Popen(["bash", "-c", enter], env={**os.environ, "BOOT": _BOOT, "ROOT": str(self.root)},
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            state = self.run("systemctl is-system-running --wait", check=False).stdout.strip() if self._find_init() else ""
            if state in ("running", "degraded"):
                return
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"machine {self.name} did not boot: {state or 'no process 1'}")
            time.sleep(0.1)

    def _find_init(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        for child in children.split():
            if pathlib.Path(f"/proc/{child}/comm").read_text(encoding="ascii").strip() == "systemd":
                self.init = int(child)
        return self.init is not None

    def run(self, command, check=True):
        """A shell command inside; returns the CompletedProcess, its standard error behind its output."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.init), "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup",
             "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
             "chroot", str(self.root), "sh", "-c", command],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"machine {self.name}: {command}: exit {done.returncode}\n{done.stdout}")
        return done


def _remove_cgroup(folder):
    for _ in range(50):
        try:
            os.rmdir(folder)
            return
        except OSError:
            time.sleep(0.1)
