#!/usr/bin/python3
"""The package's whole life on clean Debian 12 machines that boot with systemd: install, start, reload, crash, upgrade,
remove, install again, purge. Usage (root, from the top folder): package_test.py PACKAGE.deb
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from machine import Machine, base_root, run

STATE = "iptables-save; ip6tables-save; ip rule; ip -6 rule; ip route show table all; ip -6 route show table all"


def check(name, truth, shown=""):
    if not truth:
        raise AssertionError(f"{name}\n{shown}")
    print(f"ok      {name}", flush=True)


def dependencies(package):
    field = run(["dpkg-deb", "-f", package, "Depends"]).stdout
    return [re.sub(r"[ (:].*", "", one.split("|")[0].strip()) for one in field.split(",")]


def examine_contents(package):
    listing = run(["dpkg-deb", "-c", package]).stdout
    check("no key and no certificate in the package", not re.search(r"\.(key|crt|pem|p12)\b", listing), listing)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        imported = {}
        for program in ("usr/sbin/sallyportd", "usr/bin/sallyport"):
            headers = run(["readelf", "-hldW", f"{folder}/{program}"]).stdout
            check(f"{program}: PIE, RELRO, NOW", "DYN (Position-Independent" in headers and "GNU_RELRO" in headers
                  and re.search(r"FLAGS.*NOW", headers), headers)
            imported[program] = run(["readelf", "--dyn-syms", "-W", f"{folder}/{program}"]).stdout
            check(f"{program}: stack protector", "__stack_chk_fail" in imported[program], imported[program])
        # The command calls nothing that can be fortified; it is compiled with the same flags.
        fortified = re.findall(r"\b__(?!stack)\w+_chk\b", imported["usr/sbin/sallyportd"])
        check("usr/sbin/sallyportd: FORTIFY " + " ".join(fortified), fortified, imported["usr/sbin/sallyportd"])
        # PEM in whatever file, not only in one named as a key.
        keys = run(["grep", "-raEl", "^-----BEGIN [A-Z ]*(PRIVATE KEY|CERTIFICATE)-----", folder]).stdout
        check("no key and no certificate inside a file of another name", not keys, keys)


def newer_package(package, folder):
    """The same package under a higher version."""
    unpacked = f"{folder}/unpacked"
    subprocess.run(["dpkg-deb", "-R", package, unpacked], check=True)
    control = pathlib.Path(unpacked, "DEBIAN/control")
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+test", control.read_text(encoding="utf-8")), encoding="utf-8")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", unpacked, f"{folder}/newer.deb"], check=True,
                   stdout=subprocess.DEVNULL)
    return f"{folder}/newer.deb"


def give(machine, package):
    subprocess.run(["cp", package, str(machine.root / "root/sallyport.deb")], check=True)


def main_pid(machine):
    return machine.run("systemctl show -p MainPID --value sallyportd").stdout.strip()


def await_active(machine, unit):
    deadline = time.monotonic() + 10
    while machine.run(f"systemctl is-active {unit}", check=False).stdout.strip() != "active":
        if time.monotonic() > deadline:
            raise AssertionError(f"{unit} is not active\n" + machine.run(f"systemctl status {unit}; journalctl -u {unit}",
                                                                       check=False).stdout)
        time.sleep(0.05)


def install(machine, package):
    give(machine, package)
    said = machine.run("dpkg -i /root/sallyport.deb").stdout
    check("installing says that nothing is intercepted yet", "nothing is intercepted yet" in said, said)
    await_active(machine, "sallyportd")
    await_active(machine, "sallyport-steering")
    await_active(machine, "sallyport-kernel-watch")
    rules = machine.run(STATE).stdout
    check("and that is true: no rule of ours in the kernel", not re.search("SALLYPORT|443", rules), rules)
    check("CA key: root's alone",
          machine.run("stat -c '%a %U:%G' /etc/sallyport/ca.key /etc/sallyport").stdout == "600 root:root\n750 root:sallyport\n",
          machine.run("ls -la /etc/sallyport").stdout)
    return machine.run("sha256sum </etc/sallyport/ca.key").stdout


def examine_daemon(machine):
    pid = main_pid(machine)
    status = machine.run(f"cat /proc/{pid}/status").stdout
    user = machine.run("id -u sallyport").stdout.strip()
    check("runs as sallyport", re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.M), status)
    # CAP_NET_RAW and CAP_NET_ADMIN, the latter in use by the one thread that judges QUIC.
    for field, value in (("CapPrm", "3000"), ("CapEff", "2000"), ("CapBnd", "3000"), ("CapAmb", "3000")):
        check(f"{field} is no more than is needed", re.search(rf"^{field}:\t0*{value}$", status, re.M), status)
    check("no new privileges, seccomp filter", re.search(r"^NoNewPrivs:\t1$", status, re.M)
          and re.search(r"^Seccomp:\t2$", status, re.M), status)
    check("no core dumps", re.search(r"^Max core file size +0 +0 ", machine.run(f"cat /proc/{pid}/limits").stdout, re.M))
    # In the daemon's own view of the file system, as its user.
    inside = f"nsenter -t {pid} --mount --root --wd=/ setpriv --reuid sallyport --regid sallyport --clear-groups --no-new-privs sh -c"
    for name, command in (("read the CA key", "cat /etc/sallyport/ca.key"), ("read /etc/shadow", "cat /etc/shadow"),
                          ("write in /etc", "touch /etc/sallyport/x"), ("write in /usr", "touch /usr/x")):
        check(f"cannot {name}", machine.run(f"{inside} '{command}'", check=False).returncode != 0)
    check("can write its state", machine.run(f"{inside} 'touch /var/lib/sallyport/x && rm /var/lib/sallyport/x'",
                                             check=False).returncode == 0)
    verified = machine.run("systemd-analyze verify --man=no /lib/systemd/system/sallyport*.service", check=False)
    check("systemd-analyze verify", verified.returncode == 0 and "sallyport" not in verified.stdout, verified.stdout)
    exposure = machine.run("systemd-analyze security --offline=true sallyportd.service | tail -n 1").stdout
    check("exposure at most 2.0: " + exposure.strip(), float(re.search(r": (\d+\.\d)", exposure).group(1)) <= 2.0, exposure)


def intercept(machine):
    """The key is root's alone and hidden from the daemon: a leaf under the CA proves that it got its credential."""
    listening = machine.run("ss -Hltn 'sport = :8080'").stdout
    check("the explicit proxy listens on loopback alone", set(re.findall(r"\S+:8080", listening)) == {"127.0.0.1:8080"}, listening)
    shown = machine.run("openssl s_client -proxy 127.0.0.1:8080 -connect shop.example:443 -servername shop.example "
                        "-verify_hostname shop.example -CAfile /etc/sallyport/ca.crt -verify_return_error </dev/null",
                        check=False)
    check("a leaf is minted under the installed CA", shown.returncode == 0 and "Verify return code: 0 (ok)" in shown.stdout,
          shown.stdout + machine.run("journalctl -u sallyportd", check=False).stdout)


def name_lan_interface(machine):
    machine.run("ip link add lan0 type veth peer name far0 && sed -i 's/^lan_interfaces.*/lan_interfaces = lan0/' "
                "/etc/sallyport/sallyport.ini && systemctl reload sallyportd")
    deadline = time.monotonic() + 10
    while "SALLYPORT-LAN" not in machine.run(STATE).stdout and time.monotonic() < deadline:
        time.sleep(0.05)
    rules = machine.run(STATE).stdout
    check("a reload puts the rules up for lan_interfaces", rules.count("-i lan0 -p tcp -m tcp --dport 443") == 2
          and rules.count("fwmark 0x1000000/0x1000000 lookup 443") == 2, rules)
    await_active(machine, "sallyportd")
    return machine.run("sha256sum </etc/sallyport/sallyport.ini").stdout


def crash(machine):
    before = main_pid(machine)
    machine.run(f"kill -KILL {before}")
    started = time.monotonic()
    while True:
        now = main_pid(machine)
        if now not in ("0", before) and machine.run("systemctl is-active sallyportd", check=False).stdout == "active\n":
            break
        if time.monotonic() - started > 5:
            raise AssertionError(machine.run("systemctl status sallyportd", check=False).stdout)
        time.sleep(0.02)
    check(f"back {time.monotonic() - started:.2f} s after kill -9", time.monotonic() - started < 1.5)
    check("and the rules stayed", "SALLYPORT-LAN" in machine.run(STATE).stdout)


def watch_pid(machine):
    return machine.run("systemctl show -p MainPID --value sallyport-kernel-watch").stdout.strip()


def break_rules(machine):
    """What others take away comes back; and the watch may die without a word to the traffic."""
    before = watch_pid(machine)
    shown = "iptables -t mangle -S; ip rule; ip route show table 443"
    up = machine.run(shown).stdout
    machine.run(f"kill -KILL {before}")
    check("kill -9 of the watch changes no rule", machine.run(shown).stdout == up)
    await_next(lambda: watch_pid(machine) not in ("0", before), "the watch is back")
    await_active(machine, "sallyport-kernel-watch")
    machine.run("iptables -t mangle -F; ip rule del priority 443")
    await_next(lambda: machine.run(shown).stdout == up, "flushed rules and a removed policy rule are put back")
    said = machine.run("journalctl -u sallyport-kernel-watch").stdout
    check("and it says so", "everything is as it was put up again" in said, said)


def await_next(holds, name):
    deadline = time.monotonic() + 20
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    check(name, holds())


def network_settings(machine):
    lines = machine.run("sysctl -a 2>/dev/null | grep '^net' | grep -v nf_conntrack_count").stdout.splitlines()
    return dict(line.partition(" = ")[::2] for line in lines)


def reboot(machine):
    """The LAN interface comes late, as many do: the rules wait for it, and not the clients for the rules."""
    machine.reboot()
    await_active(machine, "sallyport-steering")
    await_active(machine, "sallyportd")
    rules = machine.run(STATE).stdout
    check("after a power cut the rules are up before the interface", rules.count("-i lan0 -p tcp -m tcp --dport 443") == 2
          and not machine.run("ip link show lan0", check=False).returncode == 0, rules)
    machine.run("ip link add lan0 type veth peer name far0")


def upgrade(machine, package, key, settings):
    before = main_pid(machine)
    steering_since = machine.run("systemctl show -p ActiveEnterTimestampMonotonic sallyport-steering").stdout
    give(machine, package)
    machine.run("dpkg -i /root/sallyport.deb")
    await_active(machine, "sallyportd")
    check("an upgrade restarts the daemon", main_pid(machine) != before)
    check("but never takes the rules down",
          machine.run("systemctl show -p ActiveEnterTimestampMonotonic sallyport-steering").stdout == steering_since
          and "SALLYPORT-LAN" in machine.run(STATE).stdout)
    check("and keeps the CA key", machine.run("sha256sum </etc/sallyport/ca.key").stdout == key)
    check("and the settings", machine.run("sha256sum </etc/sallyport/sallyport.ini").stdout == settings)


def remove(machine, key):
    machine.run("dpkg -r sallyport")
    rules = machine.run(STATE).stdout
    check("removal takes the rules down", not re.search("SALLYPORT|lookup 443|table 443", rules), rules)
    check("and stops the daemon", machine.run("pgrep sallyportd", check=False).returncode != 0)
    check("and keeps the CA key", machine.run("sha256sum </etc/sallyport/ca.key").stdout == key)


def purge(machine, files_before):
    machine.run("systemctl stop sallyport-steering")
    before, rules_before = network_settings(machine), ours(machine)
    check("stopped, there is no rule of ours", not rules_before, rules_before)
    machine.run("systemctl start sallyport-steering")
    check("started, there are", "SALLYPORT-LAN" in ours(machine))
    await_active(machine, "sallyport-kernel-watch")
    said = machine.run("dpkg -P sallyport").stdout
    after = network_settings(machine)
    check("purging leaves no rule, chain, route, rule or set of ours", not ours(machine), ours(machine))
    check("nor a sysctl", {name: after.get(name) for name in before} == before,
          [name for name in before if after.get(name) != before[name]])
    check("purging says that the CA goes", "removing the CA key" in said, said)
    check("and the user is gone", machine.run("getent passwd sallyport", check=False).returncode != 0)
    left = [line for line in list_files(machine) if line not in files_before]
    check("and no file is left", not left, "\n".join(left))


def ours(machine):
    """Whatever the kernel shows of us."""
    shown = machine.run(STATE + "; command -v ipset >/dev/null && ipset list -n; true").stdout
    return "\n".join(re.findall(r"(?im)^.*(?:sallyport|0x1000000|table 443|goto 444|^444:).*$", shown))


def list_files(machine):
    """Without what any dpkg run, account change or boot leaves behind."""
    listed = machine.run("find / -xdev -path /var/lib/dpkg -prune -o -path /root -prune -o -path /var/log -prune -o "
                         "-path /var/cache -prune -o -path /var/lib/systemd -prune -o -print; "
                         "find /var/log/sallyport 2>/dev/null || true").stdout
    return {line for line in listed.splitlines() if not re.search(r"/etc/(passwd|group|shadow|gshadow)-$|\.pyc$|__pycache__", line)}


def main():
    if os.geteuid() != 0 or len(sys.argv) != 2:
        sys.exit("usage, as root: package_test.py PACKAGE.deb")
    package = sys.argv[1]
    examine_contents(package)
    base = base_root(dependencies(package))
    with tempfile.TemporaryDirectory() as folder, Machine("first", base) as first:
        files_before = list_files(first)
        key = install(first, package)
        examine_daemon(first)
        intercept(first)
        settings = name_lan_interface(first)
        crash(first)
        break_rules(first)
        reboot(first)
        upgrade(first, newer_package(package, folder), key, settings)
        remove(first, key)
        give(first, package)
        first.run("dpkg -i /root/sallyport.deb")
        check("installed again, it keeps the CA key", first.run("sha256sum </etc/sallyport/ca.key").stdout == key)
        purge(first, files_before)
        with Machine("second", base) as second:
            check("another installation has another CA key", install(second, package) != key)
    print("the package passed")


if __name__ == "__main__":
    main()
