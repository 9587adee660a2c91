"""`sallyport replay`: a request of the past goes once more through policy and to its origin."""

import json

from harness import topology
from harness.scenario import Control, scenario

_POLICY = "[blacklist]\ndomain = ads.example.test\n[never-record]\ndomain = clinic.example.test\n"
_SETTINGS = {"history.body_bytes": "4096", "upstream.dns_servers": topology.NAME_SERVER}


def _recorded(lab, daemon, target, **request):
    """The id of an exchange, once the history holds it."""
    lab.get("www.example.test", target, **request)
    name = daemon.wait_exchange(path=target)["request_id"]
    lab.expect("it is kept", lab.until(
        lambda: lab.command("--config", daemon.files.config, "show", name).returncode == 0), name)
    return name


def _replay(lab, daemon, *options):
    return lab.command("--config", daemon.files.config, "replay", *options)


def _told(lab, daemon, *options):
    done = _replay(lab, daemon, "--json", *options)
    lab.expect("it is done", done.returncode == 0, done)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def _what(told):
    return {one["what"]: (one["recorded"], one["replayed"]) for one in told["differences"]}


def _echo(connection, request):
    name = request.get("x-request-id", "")
    connection.respond(request.body or b"nothing", fields=f"X-Request-ID: {name}\r\nX-Shown: {request.get('x-shown', '')}\r\n")


def _peers(origin):
    return {connection.peer[0] for connection in origin.connections}


@scenario("M10!", control=Control("the origin gets it once more, from the client's address"))
def sent_once_more(lab):
    """The same request from the same address, a new exchange that names the old one; what differs is shown."""
    daemon = lab.gateway(_SETTINGS, policy=_POLICY)
    origin = lab.origin(behaviours={"/echo": _echo})
    fields = "Cookie: c=secret\r\nX-Shown: one\r\n"
    first = _recorded(lab, daemon, "/echo?a=1", method="POST", body=b"all of it", fields=fields)
    if lab.in_control:
        told = {"id": first, "differences": []}
    else:
        told = _told(lab, daemon, first)
    again = origin.requests()[-1]
    lab.expect("the origin gets it once more, from the client's address", len(origin.requests()) == 2
               and again.target == "/echo?a=1" and again.body == b"all of it" and _peers(origin) == {topology.CLIENT}, origin.requests())
    if lab.in_control:
        return
    lab.expect("without what is never kept, and that is said", again.get("cookie") is None
               and told["request"]["left_out"] == ["Cookie"], told)
    lab.expect("nothing differs", not _what(told) and told["id"] != first, told)
    line = daemon.wait_exchange(request_id=told["id"])
    lab.expect("the log line names the first", line["replay_of"] == first, line)
    lab.expect("the log says who asked", daemon.wait_line(f"a replay of {first} .* by user 0"))
    changed = _told(lab, daemon, first, "--header", "X-Shown: two", "--header", "Cookie: given")
    lab.expect("fields may be given", origin.requests()[-1].get("cookie") == "given"
               and _what(changed) == {"header x-shown": ("one", "two")} and not changed["request"]["left_out"], changed)
    shown = _replay(lab, daemon, first)
    lab.expect("people are told of what may have changed, and of what was left out", "no difference" in shown.stdout
               and "POST may have" in shown.stderr and "Cookie" in shown.stderr, shown)


@scenario("M10")
def another_policy_and_another_place(lab):
    """A replay is judged by the policy of today, may go elsewhere, and says so when the origin is gone."""
    daemon = lab.gateway({**_SETTINGS, "upstream.pool_idle_seconds": "0"}, policy=_POLICY)
    lab.name_server()
    origin = lab.origin()
    first = _recorded(lab, daemon, "/here")
    elsewhere = _told(lab, daemon, first, "--to", "other.example.test")
    lab.expect("it went to the other host", origin.requests()[-1].get("host") == "other.example.test"
               and elsewhere["replayed"]["status"] == 200, elsewhere)
    before = len(origin.requests())
    blocked = _told(lab, daemon, first, "--to", "ads.example.test")
    lab.expect("whose verdict counts", _what(blocked)["status"] == (200, 403)
               and _what(blocked)["verdict"] == ("ALLOWED-BY-DEFAULT", "BLACK-LISTED") and len(origin.requests()) == before, blocked)
    daemon.files.write_policy("[passthrough]\ndomain = www.example.test\n")
    lab.expect("a reload", lab.command("--config", daemon.files.config, "reload").returncode == 0)
    unopened = _replay(lab, daemon, first)
    lab.expect("what is passed through now is not replayed", unopened.returncode == 1 and "passed through" in unopened.stderr, unopened)
    daemon.files.write_policy(_POLICY)
    lab.command("--config", daemon.files.config, "reload")
    origin.close()
    gone = _told(lab, daemon, first)
    lab.expect("an origin that is gone is told of", gone["replayed"]["status"] == 502 and gone["replayed"]["error"], gone)


@scenario("M10")
def what_cannot_be_replayed(lab):
    """Each reason is said in words, and nothing is sent."""
    daemon = lab.gateway({**_SETTINGS, "history.body_bytes": "8"}, policy=_POLICY)
    origin = lab.origin()
    cut = _recorded(lab, daemon, "/cut", method="PUT", body=b"0123456789")
    whole = _recorded(lab, daemon, "/whole")
    before = len(origin.requests())
    for options, words in (((cut,), "body_bytes"), (("nobody",), "holds no exchange"), ((whole, "--to", "a b"), "host"),
                           ((whole, "--header", "Host: x"), "set by the gateway"),
                           ((whole, "--header", "X: a\r\nY: b"), "no header field")):
        done = _replay(lab, daemon, *options)
        lab.expect(f"said: {words}", done.returncode == 1 and words in done.stderr, done)
    wrong = _replay(lab, daemon, whole, "--header", "nothing")
    lab.expect("usage is explained", wrong.returncode == 64 and "NAME: VALUE" in wrong.stderr, wrong)
    lab.expect("nothing was sent", len(origin.requests()) == before, origin.requests())
