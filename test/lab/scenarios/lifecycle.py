"""Check, reload, drain (A11, A13; TESTS L04, L06)."""

import os
import signal
import threading
import time

from harness import topology
from harness.crowd import Crowd
from harness.nginx import Nginx
from harness.scenario import Control, scenario

_NAMES = [f"n{number}.crowd.test" for number in range(200)]
_ECHO = 'location / { default_type text/plain; return 200 "$request_uri\\n"; }'
_NO_ERROR = "no request fails"


@scenario("A13", timeout=400, control=Control(_NO_ERROR, policy="[default]\naction = block\n"))
def crowd(lab):
    """500 clients, 20 requests each, 200 names."""
    Nginx(lab, ["*.crowd.test"], [topology.ORIGIN], directives=_ECHO)
    daemon = lab.gateway()
    clients = 20 if lab.in_control else 500
    before = daemon.cpu_seconds()
    tally = Crowd(lab, lab.client_context(), _NAMES, clients, 20).start().wait()
    lab.expect(_NO_ERROR, tally.failed == 0 and tally.answered == clients * 20, f"{tally.answered} answered: {tally.errors}")
    lab.note(f"{tally.answered} requests of {clients} clients in {tally.seconds:.1f} s, {daemon.cpu_seconds() - before:.2f} CPU s, "
             f"{daemon.resident_kib() / 1024:.0f} MiB")
    lab.expect("each is logged", lab.in_control or _logged(daemon, clients * 20), len(daemon.exchanges()))


def _logged(daemon, wanted):
    try:
        return daemon.wait_for(lambda lines: sum('"request_id"' in line for line in lines) >= wanted, "every line")
    except TimeoutError:
        return False


_MISTAKES = {
    "sallyport.ini": "[gateway]\nworkers = many\nworkres = 2\n[lisen]\ntransparent = 0.0.0.0:8443\n"
                     "[ca]\nleaf_hours = 9999\n[upstream]\nmin_tls = 1.1\n[policy]\nfile = {policy}\n",
    "policy.ini": "[rewrite a.test]\ntarget_ip = not-an-address\n[blacklist]\ndomain = *.*.test\n"
                  "file = no-such-file.txt\n[whitelist]\ndomian = b.test\n[nonsense]\n",
}
_EXPECTED = {"sallyport.ini": (2, 3, 4, 7, 9), "policy.ini": (2, 4, 5, 7, 8)}


@scenario("A11 L04!", control=Control("every mistake is reported as file:line"))
def five_mistakes_in_each_file(lab):
    """--check tells all at once and exits 78. In the control the files are good."""
    for name, text in _MISTAKES.items():
        files = lab.files()
        if not lab.in_control:
            files.write(name, text.format(policy=files.policy))
        result = lab.check_files(files)
        said = result.stdout + result.stderr
        missing = [line for line in _EXPECTED[name] if f"{name}:{line}" not in said]
        lab.expect("every mistake is reported as file:line", not missing and result.returncode == 78,
                   f"{name}: exit {result.returncode}, missing lines {missing}\n{said}")
    lab.expect("good files pass", lab.check_files(lab.files()).returncode == 0, "")


_OLD = "the old configuration keeps serving"


@scenario("A11 L04!", control=Control(_OLD))
def broken_reloads(lab):
    """Each kind of broken file at SIGHUP. In the control the new policy is good, and blocks."""
    lab.origin()
    daemon = lab.gateway(policy="[blacklist]\ndomain = old.test\n")
    good_settings = dict(daemon.files.settings)
    breakages = {
        "a syntax error": {"policy": "[blacklist\ndomain = new.test\n"},
        "an unknown key": {"policy": "[blacklist]\ndomian = new.test\n"},
        "a missing file": {"policy": "[blacklist]\nfile = /nowhere/list.txt\n"},
        "a bad setting": {"settings": good_settings | {"ca.leaf_hours": "never"}},
        "an unreadable CA": {"settings": good_settings | {"ca.certificate": "/nowhere/ca.crt"}},
        "an unreadable bundle": {"settings": good_settings | {"upstream.outgoing_ca_bundle": "/nowhere/roots.pem"}},
    }
    if lab.in_control:
        breakages = {"none": {"policy": "[blacklist]\ndomain = new.test\n"}}
    for label, change in breakages.items():
        before = daemon.reload(**change)
        line = daemon.wait_line(r"reload|\.ini:\d+|nowhere", after=before)
        blocked, served = lab.get("old.test"), lab.get("new.test")
        lab.expect(_OLD, blocked.status == 403 and served.status == 200, f"{label}: {blocked.status} {served.status}")
        if not lab.in_control:
            lab.expect("it says what is wrong and where", any(".ini:" in one or "nowhere" in one or "policy" in one
                                                              for one in daemon.lines[before:]), f"{label}: {line}")
        before = daemon.reload(settings=good_settings, policy="[blacklist]\ndomain = old.test\n")
        daemon.wait_line("reload", after=before)
    daemon.files.write_settings(good_settings)


@scenario("A11 L04", timeout=300, control=Control(_NO_ERROR))
def reload_under_load(lab):
    """A good reload every 200 ms while a crowd asks; none fails. In the control the daemon is killed meanwhile."""
    Nginx(lab, ["*.crowd.test"], [topology.ORIGIN], directives=_ECHO)
    daemon = lab.gateway()
    people = Crowd(lab, lab.client_context(), _NAMES, 50, 400, pause=0.005).start()
    for number in range(20):
        time.sleep(0.2)
        if lab.in_control:
            daemon.kill()
            break
        before = daemon.reload(policy=f"[blacklist]\ndomain = b{number}.test\n")
        daemon.wait_line("reload", after=before)
    people.stop.set()
    tally = people.wait(120)
    lab.expect(_NO_ERROR, tally.failed == 0 and tally.answered > 100, f"{tally.answered} answered, {tally.errors}")
    lab.note(f"20 reloads among {tally.answered} requests")


_DRAINED = "what is under way ends as it should, and the daemon with 0"


@scenario("L06! A11", control=Control(_DRAINED))
def drain_under_load(lab):
    """SIGTERM while answers stream: they come to their end, idle connections close, new ones are refused. In the control it
    is SIGKILL."""
    release = threading.Event()

    def slow(connection, _request):
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        release.wait(120)
        connection.send("-last")

    lab.origin(behaviours={"/slow": slow})
    daemon = lab.gateway({"gateway.drain_seconds": "60"})
    idle = lab.open("idle.test")
    idle.request("/", "idle.test")
    streaming = [lab.open("slow.test") for _ in range(5)]
    for one in streaming:
        one.send("GET /slow HTTP/1.1\r\nHost: slow.test\r\n\r\n")
        while b"first" not in one.reader.pending:
            if not one.reader.fill():
                break
    began = time.monotonic()
    daemon.signal(signal.SIGKILL if lab.in_control else signal.SIGTERM)
    lab.expect("an idle connection is closed at once", idle.rest() == b"" and time.monotonic() - began < 30, "")
    refused = lab.until(lambda: _refused(lab))  # each worker hears of it in its own time
    release.set()
    bodies = []
    for one in streaming:
        try:
            bodies.append(one.response().body)
        except Exception as error:  # whatever it is, it is not the body
            bodies.append(repr(error))
    status = daemon.wait_exit()
    lab.expect(_DRAINED, bodies == [b"first-last"] * 5 and status == 0, f"{bodies} exit {status}")
    lab.expect("new connections are refused meanwhile", refused, "")
    lab.expect("it does not wait longer than it must", time.monotonic() - began < 50, "")


def _refused(lab):
    try:
        answer = lab.get("new.test", timeout=3)
        return answer.status == 0
    except OSError:
        return True


def _hanging_answer(lab, seconds):
    release = threading.Event()
    lab.origin(behaviours={"/hang": lambda connection, _: release.wait(300)})
    daemon = lab.gateway({"gateway.drain_seconds": str(seconds)})
    hanging = lab.open("hang.test")
    hanging.send("GET /hang HTTP/1.1\r\nHost: hang.test\r\n\r\n")
    daemon.wait_for(lambda _: True, "")
    lab.get("other.test")
    return daemon, hanging, release


@scenario("L06!", control=Control("the second SIGTERM ends it at once"))
def second_sigterm(lab):
    """In the control there is no second one."""
    daemon, hanging, release = _hanging_answer(lab, 120)
    daemon.signal(signal.SIGTERM)
    time.sleep(0.5)
    lab.expect("the first one waits", daemon.running, "")
    if not lab.in_control:
        daemon.signal(signal.SIGTERM)
    try:
        status = daemon.wait_exit(lab.patience)
    except TimeoutError:
        status = "still running"
    lab.expect("the second SIGTERM ends it at once", status == 0, status)
    release.set()
    hanging.close()


@scenario("L06", control=Control("drain_seconds bounds the wait", settings={"gateway.drain_seconds": "30"}))
def drain_is_bounded(lab):
    daemon, hanging, release = _hanging_answer(lab, 2)
    began = time.monotonic()
    daemon.signal(signal.SIGTERM)
    try:
        status = daemon.wait_exit(lab.patience)
    except TimeoutError:
        status = "still running"
    took = time.monotonic() - began
    lab.expect("drain_seconds bounds the wait", status == 0 and 1 <= took <= 25, f"{status} after {took:.1f} s")
    release.set()
    hanging.close()


@scenario("A16 A11")
def kept_files_and_signals(lab):
    """A folder without write permission, SIGPIPE and SIGHUP in a row hurt nobody."""
    lab.origin()
    daemon = lab.gateway()
    for _ in range(10):
        os.kill(daemon.pid, signal.SIGHUP)
    os.kill(daemon.pid, signal.SIGPIPE)
    lab.expect("it serves on", lab.get("on.test").status == 200 and daemon.running, daemon.lines[-3:])
