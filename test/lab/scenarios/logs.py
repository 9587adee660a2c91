"""What is written down, and what never is (M04; N03)."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time

from harness import control, topology
from harness.namespaces import own_mounts
from harness.scenario import Control, scenario

_KEYS = ("time request_id client host method path status verdict rule bytes_in bytes_out ms upstream tls_client tls_upstream "
         "alpn error").split()
SECRET = "no secret of a request is in the log"


@scenario("M04", control=Control(SECRET))
def no_secrets(lab):
    """Cookies, authorization values and bodies, at the most talkative level, and in the daemon's folder. In the control the
    marker is in the path, which is logged."""
    lab.origin(behaviours={"/bad": lambda connection, _: connection.send("HTTP/1.1 200 OK\r\nSet-Cookie: s=MARKER-SET\r\nX\r\n\r\n")})
    daemon = lab.gateway({"log.level": "debug"})
    path = "/MARKER-PATH" if lab.in_control else "/login"
    fields = ("Cookie: session=MARKER-COOKIE\r\nAuthorization: Bearer MARKER-AUTH\r\nProxy-Authorization: Basic MARKER-PROXY\r\n"
              "X-Api-Key: MARKER-FIELD\r\n")
    answer = lab.get("secret.test", path, fields=fields, method="POST", body=b"password=MARKER-BODY")
    bad = lab.get("secret.test", "/bad", fields=fields)
    malformed = None
    with lab.open("secret.test") as connection:
        connection.send("GET / HTTP/1.1\r\nHost: secret.test\r\nCookie : MARKER-MALFORMED\r\n\r\n")
        malformed = connection.response()
    daemon.wait_for(lambda lines: sum('"request_id"' in line for line in lines) >= 2, "the exchanges")
    daemon.stop()
    written = "\n".join(daemon.lines)
    for entry in os.scandir(daemon.files.folder):
        if entry.is_file():
            with open(entry.path, encoding="utf-8", errors="replace") as file:
                written += file.read()
    lab.expect(SECRET, "MARKER" not in written, re.findall(r".*MARKER.*", written)[:3])
    lab.expect("requests were served and refused", answer.status == 200 and bad.status == 502 and malformed.status == 400,
               f"{answer.status} {bad.status} {malformed.status}")
    lab.expect("no key is in the log", "PRIVATE KEY" not in "\n".join(daemon.lines), "")


@scenario("A3 A6")
def exchange_lines(lab):
    """One JSON line an exchange, with the promised keys."""
    lab.origin()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    answer = lab.get("lines.test", "/path?query=1", method="POST", body=b"12345")
    line = daemon.wait_exchange(host="lines.test")
    missing = [key for key in _KEYS if key not in line]
    lab.expect("every promised key", not missing, missing)
    lab.expect("the values are right", line["method"] == "POST" and line["path"] == "/path?query=1" and line["status"] == 200
               and line["bytes_in"] == 5 and line["bytes_out"] == len(answer.body) and line["error"] == ""
               and line["client"].startswith(topology.CLIENT) and line["upstream"].startswith(topology.ORIGIN)
               and "1.3" in line["tls_client"] and "1.3" in line["tls_upstream"], json.dumps(line))
    with lab.open("lines.test") as connection:
        connection.send(b"GET /%0d%0a{\"forged\":1}\x1b[31m HTTP/1.1\r\nHost: lines.test\r\n\r\n")
        connection.response()
    lab.expect("nothing forges a line or moves a cursor", not any("\x1b" in one or one.startswith('{"forged') for one in
                                                                  daemon.lines), daemon.lines[-2:])


@scenario("L03 M04", control=Control("the log goes to the file", settings={"log.destination": "stderr"}))
def log_file(lab):
    folder = os.path.join(lab.folder, "log")
    os.makedirs(folder)
    os.chown(folder, 65534, 65534)
    path = os.path.join(folder, "sallyport.log")
    lab.origin()
    daemon = lab.launch(lab.files({"log.destination": path}))
    if lab.in_control:
        daemon.wait_ready()
        lab.expect("the log goes to the file", os.path.exists(path), "")
        return
    _wait_for_text(path, "ready")
    lab.steer("up")
    lab.get("file.test")
    lab.expect("the log goes to the file", _wait_for_text(path, '"host":"file.test"') or _wait_for_text(path, "file.test"),
               daemon.lines)
    lab.expect("nobody else may read it", os.stat(path).st_mode & 0o007 == 0, oct(os.stat(path).st_mode))


@scenario("L03 M04")
def full_disk_and_rotation(lab):
    """The log's disk fills: clients do not notice, what is lost is counted to the line, and told once there is room. After a
    rotation the lines go to the new file."""
    own_mounts()
    folder = os.path.join(lab.folder, "log")
    os.makedirs(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", folder], check=True)
    path, ballast = os.path.join(folder, "sallyport.log"), os.path.join(folder, "ballast")
    lab.origin()
    daemon = lab.launch(lab.files({"log.destination": path}))
    _wait_for_text(path, "ready")
    lab.steer("up")
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    asked = 60
    with lab.open("log.test") as connection:
        statuses = [connection.request(f"/{number}?{'x' * 3000}", "log.test").status for number in range(asked)]
        lab.expect("clients do not notice", statuses == [200] * asked, statuses)

        def dropped():
            return control.metrics(lab, daemon)["sallyport_log_dropped_total"]

        lab.expect("what is lost is counted", lab.until(lambda: dropped() > 0, lab.patience), dropped())
        os.remove(ballast)
        lab.expect("its number is told once there is room", lab.until(lambda: connection.request("/again", "log.test").status == 200
                   and _wait_for_text(path, "log lines were dropped", 0.1), lab.patience))
        lab.expect("a line for the last one", lab.until(lambda: connection.request("/last", "log.test").status == 200
                   and _wait_for_text(path, '"/last"', 0.2), lab.patience))
        with open(path, encoding="utf-8") as file:
            text = file.read()
        told = sum(map(int, re.findall(r"warning (\d+) log lines were dropped", text)))
        lab.expect("to the line", told == dropped() and len(re.findall(r'"path":"/\d+\?x.*\}$', text, re.MULTILINE)) + told == asked,
                   f"{told} told, {dropped()} counted")
        os.rename(path, path + ".1")
        daemon.signal(signal.SIGUSR1)
        lab.until(lambda: os.path.exists(path), lab.patience)
        connection.request("/rotated", "log.test")
        lab.expect("a rotated log goes on in a new file", _wait_for_text(path, '"/rotated"'))


def _wait_for_text(path, text, timeout=30):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                if text in file.read():
                    return True
        time.sleep(0.02)
    return False
