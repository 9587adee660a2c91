"""The gateway of one test with the steering command in it, and sallyport commands that report other settings."""

import os
import pathlib
import re
import stat
import tempfile

from peers import Relay, Service, ask

STEERING = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "sallyport-steering"


class Box:
    """The gateway as one test sees it: its namespaces, the iptables variant, and the steering command."""

    def __init__(self, namespaces, variant, version, sallyport):
        self.namespaces, self.variant, self.version = namespaces, variant, version
        self.sallyport = self.real_sallyport = sallyport

    def words(self, *arguments):
        """The steering command with these arguments."""
        return [str(STEERING), "--iptables", self.variant, "--sallyport", self.sallyport, *arguments]

    def steer(self, *arguments, check_status=True, environment=None):
        command = " ".join(self.words(*arguments))
        return self.namespaces.run("gateway", command, check=check_status, environment=environment)

    def up(self):
        return self.steer("--lan", "lan0", "--lan", "lan1", "up")

    def tables(self, arguments):
        command = "iptables" if self.version == 4 else "ip6tables"
        return self.namespaces.run("gateway", f"{command}-{self.variant} {arguments}")

    def state(self):
        """All that steering may change in the kernel, as text, without counters and comments."""
        commands = [f"{command}-{self.variant}-save" for command in ("iptables", "ip6tables")]
        commands += ["ipset list -t", "ip rule", "ip -6 rule", "ip route show table all", "ip -6 route show table all"]
        text = "\n".join(self.namespaces.run("gateway", command).stdout for command in commands)
        return re.sub(r"^#.*\n|\[[0-9:]*\]", "", text, flags=re.MULTILINE)

    def settings(self):
        """Every sysctl of the network, and the sets."""
        lines = self.namespaces.run("gateway", "sysctl -a 2>/dev/null | grep '^net' | grep -v nf_conntrack_count; "
                                               "ipset list -n 2>/dev/null | sed 's/^/set = /'; true").stdout
        return dict(line.partition(" = ")[::2] for line in lines.splitlines())

    def relay(self):
        return Relay(self.namespaces, self.version)

    def service(self, where, port, name):
        return Service(self.namespaces, where, self.version, port, name)

    def ask(self, where, address, port, timeout=5.0):
        return ask(self.namespaces, where, self.version, address[self.version], port, timeout)


def write_command(path, real, settings_action):
    """Makes a sallyport command: settings_action, of the shell, where settings are asked for, and else the real one."""
    pathlib.Path(path).write_text(f"""#!/bin/sh
case "$*" in *steering-settings) {settings_action} ;; *) exec {real} "$@" ;; esac
""", encoding="ascii")
    os.chmod(path, stat.S_IRWXU)


class Configured:
    """A sallyport command that reports the given settings, and a state folder of its own."""

    def __init__(self, box, settings):
        self.real, self.settings, self.folder = box.real_sallyport, settings, tempfile.TemporaryDirectory()

    def __enter__(self):
        path = self.folder.name + "/sallyport"
        write_command(path, self.real, f"printf '{self.settings}\\n'")
        return path, {"STATE_DIRECTORY": self.folder.name}

    def __exit__(self, *_):
        self.folder.cleanup()


def without_empty_tables(state):
    """Drops tables in which nothing but built-in chains with policy ACCEPT are left."""
    lines, table = [], []
    for line in state.splitlines():
        if line.startswith("*"):
            table = [line]
        elif table:
            table.append(line)
            if line == "COMMIT":
                if any(row.startswith("-A") or (row.startswith(":") and row.split()[1] != "ACCEPT") for row in table):
                    lines += table
                table = []
        else:
            lines.append(line)
    return "\n".join(lines)
