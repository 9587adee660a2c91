"""Chromium: an unconfigured one, and one with a proxy setting; it trusts the CA through its own certificate store (A4, A8)."""

import os
import subprocess

from harness import topology
from harness.scenario import Control, scenario

_SHOWN = "the page is shown"


def _profile(lab, trusted=True):
    """A home folder whose NSS store trusts the gateway's authority."""
    home = os.path.join(lab.folder, f"home-{'trusting' if trusted else 'plain'}")
    store = f"sql:{home}/.pki/nssdb"
    os.makedirs(f"{home}/.pki/nssdb")
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True, capture_output=True)
    if trusted:
        subprocess.run(["certutil", "-A", "-d", store, "-n", "laboratory", "-t", "C,,", "-i", lab.trusts_file()], check=True,
                       capture_output=True)
    subprocess.run(["chown", "-R", "nobody:nogroup", home], check=True)
    return home


def _visit(lab, url, home, *options):
    """The page's DOM as Chromium has it after the visit."""
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "chromium", "--headless=new", "--no-sandbox",
               "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-quic", "--virtual-time-budget=5000", f"--user-data-dir={home}/profile",
               *options, "--dump-dom", url]
    result = lab.client_side.run(command, check=False, timeout=150, env={"HOME": home, "PATH": os.environ["PATH"]})
    return result.stdout or "\n".join(line for line in result.stderr.splitlines() if "dbus" not in line)


def _page(connection, request):
    connection.respond(f"<!doctype html><title>lab</title><p>{request.get('user-agent')} asked for {request.target}</p>"
                       "<p>MARK-OF-THE-ORIGIN</p>", fields="Content-Type: text/html\r\n")


@scenario("A4 A8 D06!", control=Control(_SHOWN), timeout=480)
def chromium(lab):
    """In the control its store lacks the authority."""
    lab.origin(behaviours={"/page": _page})
    lab.name_server()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    home = _profile(lab, trusted=not lab.in_control)
    seen = _visit(lab, "https://browser.test/page", home)
    lab.expect(_SHOWN, "MARK-OF-THE-ORIGIN" in seen, seen[:600])
    if lab.in_control:
        return
    lab.expect("it was decrypted on the way", lab.exchanges(daemon, 1, host="browser.test"), daemon.lines[-3:])
    proxy = f"--proxy-server=http://{topology.GATEWAY_LAN}:8080"
    seen = _visit(lab, "https://proxied.test/page", home, proxy)
    lab.expect("the page is shown through the proxy", "MARK-OF-THE-ORIGIN" in seen, seen[:600])
    blocked = _visit(lab, "https://blocked.test/", home)
    lab.expect("the block page is shown", "Policy Blocked" in blocked and "blocked.test" in blocked, blocked[:600])
