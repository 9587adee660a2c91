"""`sallyport doctor`: a healthy gateway gets no remark; what is broken, one thing at a time, is named first, and what it advises, typed
as it stands there, mends it (F5)."""

import contextlib
import datetime
import json
import os
import shutil
import signal
import subprocess
import textwrap

from harness import certificates, topology
from harness.certificates import key_pem
from harness.scenario import scenario

_SETTINGS = {"gateway.max_connections": "100", "upstream.connect_timeout_seconds": "2"}
_NAMED, _MENDED = "what is broken is named first", "what it advises mends it"


class _Box:
    """The gateway as its admin sees it."""

    def __init__(self, lab):
        self.lab = lab
        self.daemon = lab.gateway(_SETTINGS)
        lab.origin()
        lab.name_server()
        lab.get("www.example.test")

    def arguments(self, *options):
        return ["--config", self.daemon.files.config, "doctor", "--steering", self.lab.world.steering, "--json", *options]

    def doctor(self, *options):
        done = self.lab.command(*self.arguments(*options))
        return done.returncode, json.loads(done.stdout)

    def type(self, command, **environment):
        """What an admin types at a root shell."""
        return self.lab.gateway_side.run(["bash", "-c", command], check=False,
                                         env={**os.environ, "STATE_DIRECTORY": self.lab.folder, **environment})

    def breaks(self, what, check, command, *options, undo=None, says="", **environment):
        """Breaks one thing, and follows the advice."""
        broken = self.type(command)
        status, told = self.doctor(*options)
        wrong = [one for one in told["findings"] if one["severity"] in ("warning", "failure")]
        first = wrong[0] if wrong else {"check": "none", "severity": "ok", "says": "", "mend": ""}
        self.lab.expect(_NAMED, broken.returncode == 0 and first["check"] == check and says in first["says"]
                        and status == {"warning": 1, "failure": 2}.get(told["worst"], 0), f"{what}: {broken.stderr} {wrong}")
        typed = self.type(first["mend"], **environment)
        if undo:
            self.type(undo)
        status, told = self.doctor(*options)
        self.lab.expect(_MENDED, first["mend"] and status == 0, f"{what}: {first['mend']}: {typed.stderr} {told}")


def _state(lab):
    """Rules, interfaces and addresses, without what moves."""
    rules = "".join(lab.gateway_side.run([command]).stdout for command in ("iptables-save", "ip6tables-save"))
    links = lab.gateway_side.run(["ip", "-oneline", "addr"]).stdout
    return [line.split("[")[0] for line in rules.splitlines() if not line.startswith("#")] + [
        " ".join(line.split()[1:4]) for line in links.splitlines()]


@scenario("F5")
def healthy(lab):
    """It has nothing to say, its connection goes all the way, and nothing of it stays behind."""
    box = _Box(lab)
    before = _state(lab)
    shown = lab.command(*[one for one in box.arguments() if one != "--json"])
    lab.expect("nothing is wrong", shown.returncode == 0 and "Nothing is wrong." in shown.stdout, shown.stdout + shown.stderr)
    for probe in ("probe", "probe IPv6"):
        lab.expect("the probe goes all the way", all(f"OK    {probe}: {hop}" in shown.stdout for hop in (
            "rule", "listener", "leaf", "origin", "response")), shown.stdout)
    lab.expect("over both families", shown.stdout.count("from the client's address") == 2, shown.stdout)
    lab.expect("nothing of it stays behind", _state(lab) == before, _state(lab))
    logged = lab.exchanges(box.daemon, 2, host="probe.sallyport.internal")
    lab.expect("the log has its exchanges", [one.get("status") for one in logged] == [502, 502]
               and logged[0]["client"].startswith("192.0.2.") and logged[1]["client"].startswith("[2001:db8:ffff:ffff::"), logged)
    stranger = lab.gateway_side.run(["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--bounding-set=-all",
                                     lab.world.command_program, *box.arguments()], check=False)
    told = {one["check"]: one for one in json.loads(stranger.stdout)["findings"]}
    lab.expect("who is not root is told what to be", told["privileges"]["severity"] == "warning"
               and told["privileges"]["mend"].startswith("sudo ") and told["kernel"]["severity"] == "note", told)


@scenario("F5")
def network_broken(lab):
    """What concerns the kernel: forwarding, reverse paths, marks, tables, rules, connection tracking, firewalls."""
    box = _Box(lab)
    quick = ["--no-probe"]
    box.breaks("no forwarding", "forwarding", "sysctl -w net.ipv4.ip_forward=0", *quick)
    box.breaks("no IPv6 forwarding", "forwarding", "sysctl -w net.ipv6.conf.all.forwarding=0", *quick)
    box.breaks("a strict filter and an asymmetric path", "rp_filter",
               f"sysctl -w net.ipv4.conf.all.rp_filter=1 && ip route add {topology.CLIENT}/32 dev wan0", *quick)
    box.type(f"ip route del {topology.CLIENT}/32 dev wan0")
    box.breaks("another's rule has our mark", "marks", "ip rule add fwmark 0x1000000/0x1000000 table 99 priority 100", *quick)
    box.breaks("another's rule leads to our table", "marks", "ip rule add from 10.1.0.0/24 table 443 priority 200", *quick)
    box.breaks("another's rule stands before ours", "marks", "ip rule add table main priority 300", *quick)
    box.breaks("a route in our table", "marks", "ip route add 192.0.2.0/24 dev wan0 table 443", *quick)
    box.breaks("another sets our mark", "marks",
               "iptables -t mangle -A FORWARD -p udp -j MARK --set-xmark 0x1000000/0x1000000", *quick)
    box.breaks("no way to our chain", "rules", "iptables -t mangle -F PREROUTING", *quick)
    box.breaks("no way to our chain in IPv6 alone", "rules", "ip6tables -t mangle -F PREROUTING", *quick, says="IPv6 kernel rules")
    box.breaks("no policy rule", "rules", "ip rule del priority 443", *quick)
    box.breaks("no policy rule in IPv6 alone", "rules", "ip -6 rule del priority 443", *quick, says="IPv6 policy rule")
    box.breaks("no policy route", "rules", "ip -6 route del local default dev lo table 443", *quick)
    box.breaks("a firewall before ours", "firewall", "iptables -I INPUT 1 -p tcp -j DROP", *quick, says="INPUT of filter")
    box.breaks("a firewall in FORWARD", "firewall", "iptables -P FORWARD DROP", *quick, says="FORWARD drops")
    box.breaks("an interface that is down", "interfaces", "ip link set lan0 down", *quick)


def _clock_behind(lab, box):
    """A clock can only be set for the whole machine: the CA is from tomorrow instead, until it is today's again."""
    files = box.daemon.files
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    future = certificates.authority("Laboratory CA of the future", not_before=tomorrow)
    box.type(f"cd {files.folder} && cp -p ca.crt kept.crt && cp -p ca.key kept.key")
    files.write("ca.crt", future.pem())
    files.write("ca.key", key_pem(future.key), mode=0o600)
    told = box.doctor("--no-probe")[1]["findings"]
    failures = [one for one in told if one["severity"] == "failure"]
    lab.expect(_NAMED, failures and failures[0]["check"] == "clock" and failures[0]["mend"] == "timedatectl set-ntp true",
               f"a clock that is behind: {told}")
    box.type(f"cd {files.folder} && mv kept.crt ca.crt && mv kept.key ca.key")
    lab.expect(_MENDED, box.doctor("--no-probe")[0] == 0, "a clock that is behind")


@scenario("F5")
def daemon_broken(lab):
    """What concerns the daemon: its CA, its name servers, its descriptors, itself."""
    box = _Box(lab)
    files = box.daemon.files
    quick = ["--no-probe"]
    key = files.settings["ca.key"]
    box.breaks("a key that everybody reads", "ca", f"chmod 644 {key}", *quick)
    box.breaks("a key that the daemon cannot read", "ca", f"chown root {key}", *quick)
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=400)
    expired = certificates.authority("Laboratory CA of the past", not_before=past, not_after=past + datetime.timedelta(days=90))
    files.write("past.crt", expired.pem())
    files.write("past.key", key_pem(expired.key), mode=0o600)
    box.breaks("a CA that has expired", "ca", f"cd {files.folder} && mv past.crt ca.crt && mv past.key ca.key", *quick,
               says="expired")
    # Who may raise another process's limit here, raises it; the other half of the advice is for everybody.
    lower = f"sed -i 's/^max_connections = .*/max_connections = 100/' {files.config}"
    _clock_behind(lab, box)
    box.breaks("too few descriptors", "descriptors", lower.replace("= 100/", "= 900000/"), *quick, undo=lower, says="lower the key")
    lab.gateway_side.write_etc("resolv.conf", f"nameserver {topology.ORIGIN}\n")  # nobody answers there
    editor = os.path.join(lab.folder, "editor")
    with open(editor, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nsed -i 's/^\\[upstream\\]$/&\\ndns_servers = " + topology.NAME_SERVER + "/' \"$1\"\n")
    os.chmod(editor, 0o755)
    box.breaks("name servers that do not answer", "dns", "true", *quick, EDITOR=editor)
    box.daemon.stop()
    status, told = box.doctor()
    wrong = [one for one in told["findings"] if one["severity"] in ("warning", "failure")]
    lab.expect(_NAMED, status == 2 and wrong[0]["check"] == "listener" and wrong[0]["mend"] == f"sallyportd --config {files.config}",
               f"a daemon that does not run: {wrong}")
    box.daemon = lab.gateway(files=files)
    lab.expect(_MENDED, box.doctor(*quick)[0] == 0, "a daemon that does not run")
    files.write("sallyport.ini", "[gateway]\nlan_interface = lan0\n")
    status, told = box.doctor(*quick)
    lab.expect(_NAMED, status == 2 and told["findings"][0]["check"] == "settings" and "lan_interface" in told["findings"][0]["says"],
               f"settings that are wrong: {told}")


def _in_own_mounts(lab, box, prepare, mend=""):
    """Breaks what belongs to the whole machine, in the eyes of this doctor alone; what it says then, and once its advice is
    followed. `mend`: shell functions that stand for the programs which the advice names."""
    script = textwrap.dedent(f"""\
        {prepare}
        doctor() {{ {lab.world.command_program} {' '.join(box.arguments('--no-probe'))}; }}
        doctor >{lab.folder}/broken
        {mend}
        eval "$(python3 -c 'import json
        print([one["mend"] for one in json.load(open("{lab.folder}/broken"))["findings"] if one["severity"] == "failure"][0])')" >&2
        doctor
        """)
    done = lab.gateway_side.run(["unshare", "--mount", "bash", "-c", script], check=False)
    with open(os.path.join(lab.folder, "broken"), encoding="utf-8") as file:
        wrong = [one for one in json.load(file)["findings"] if one["severity"] in ("warning", "failure")]
    lab.expect(_MENDED, done.returncode == 0, done.stdout + done.stderr)
    return wrong[0] if wrong else {"check": "none", "says": "", "mend": ""}


@scenario("F5")
def machine_broken(lab):
    """What belongs to the machine: its table of connections is full, its kernel lacks a feature."""
    box = _Box(lab)
    with open(os.path.join(lab.folder, "most"), "w", encoding="ascii") as file:
        file.write("1\n")
    first = _in_own_mounts(lab, box, f"mount --bind {lab.folder}/most /proc/sys/net/netfilter/nf_conntrack_max")
    lab.expect(_NAMED, first["check"] == "conntrack" and "full" in first["says"], first)
    tables = os.path.realpath(shutil.which("iptables-restore", path="/usr/sbin:/sbin"))
    shutil.copy(tables, os.path.join(lab.folder, "tables"))
    with open(os.path.join(lab.folder, "without"), "w", encoding="ascii") as file:
        file.write(textwrap.dedent(f"""\
            #!/bin/bash
            case $0 in *-restore) ;; *) exec -a "$0" {lab.folder}/tables "$@" ;; esac
            rules=$(cat)
            case $rules in *"-m socket"*) echo "iptables-restore: no match by that name" >&2; exit 1 ;; esac
            exec -a "$0" {lab.folder}/tables "$@" <<<"$rules"
            """))
    os.chmod(os.path.join(lab.folder, "without"), 0o755)
    first = _in_own_mounts(lab, box, f"mount --bind {lab.folder}/without {tables}",
                           mend=f'modprobe() {{ [ "$1" = xt_socket ] && umount {tables}; }}')
    lab.expect(_NAMED, first["check"] == "kernel" and "xt_socket" in first["says"] and first["mend"] == "modprobe xt_socket", first)


@scenario("F5")
def probe_stopped(lab):
    """What only the probe meets is named at the hop where it stops it; and whoever has had enough of it leaves nothing behind."""
    box = _Box(lab)
    before = _state(lab)
    leftover = "SALLYPORT -i sallyport-probe -p tcp -m tcp --dport 443 -j SALLYPORT-LAN"
    box.type(f"iptables -t mangle -A {leftover}")
    lab.expect("what a killed doctor leaves is no change of the rules", lab.steer("status", check=False).returncode == 0)
    box.breaks("before our rule", "probe: rule", "iptables -t raw -A PREROUTING -i sallyport-probe -j DROP",
               says="-i sallyport-probe -j DROP")
    box.breaks("before the listener", "probe: listener", "iptables -t mangle -A INPUT -i sallyport-probe -j DROP",
               says="-i sallyport-probe -j DROP")
    box.breaks("before the origin", "probe: origin", "iptables -A OUTPUT -o sallyport-goal -j DROP",
               says="-o sallyport-goal -j DROP")
    lab.gateway_side.run(["iptables", "-t", "raw", "-A", "PREROUTING", "-i", "sallyport-probe", "-j", "DROP"])
    with lab.gateway_side.start([lab.world.command_program, *box.arguments()], stdout=subprocess.DEVNULL) as doctor:
        probing = lab.until(lambda: "sallyport-goal" in lab.gateway_side.run(["ip", "-oneline", "link"]).stdout)
        with contextlib.suppress(ProcessLookupError):
            doctor.send_signal(signal.SIGINT)
        status = doctor.wait(30)
    lab.expect("it ends as it was told to", probing and status == -signal.SIGINT, status)
    lab.gateway_side.run(["iptables", "-t", "raw", "-F"])
    after = [line for line in _state(lab) if not line.startswith(("*raw", ":")) and line != "COMMIT"]
    lab.expect("nothing of it stays behind", after == [line for line in before if not line.startswith((":", "*raw"))
                                                       and line != "COMMIT"], after)


@scenario("F5")
def probe_stopped_over_ipv6(lab):
    """What stops IPv6 alone: IPv4 goes all the way, and the hop of the other is named."""
    box = _Box(lab)
    for what, hop, command, says in (
            ("no neighbour is told who we are", "rule", "ip6tables -A INPUT -p ipv6-icmp -j DROP", "-p ipv6-icmp -j DROP"),
            ("before the listener", "listener", "ip6tables -t mangle -A INPUT -i sallyport-probe -p tcp -j DROP", "-i sallyport-probe"),
            ("before the origin", "origin", "ip6tables -A OUTPUT -o sallyport-goal -p tcp -j DROP", "-o sallyport-goal")):
        box.breaks(what, f"probe IPv6: {hop}", command, says=says)
    box.daemon.files.write_settings({**box.daemon.files.settings, "listen.transparent": "0.0.0.0:8443"})
    told = {one["check"]: one for one in box.doctor()[1]["findings"]}
    lab.expect("without a listener of its own it is not tried", "no IPv6 listener" in told.get("probe IPv6", {}).get("says", "")
               and told["probe: response"]["severity"] == "ok", told)
