"""What the gateway keeps of the past, and how it is found again."""

import json
import signal

from harness.scenario import scenario

_POLICY = "[blacklist]\ndomain = ads.example.test\n"


def _history(lab, daemon, *options):
    shown = lab.command("--config", daemon.files.config, "history", "--json", *options)
    return json.loads(shown.stdout) if shown.returncode == 0 else []


def _written(lab, daemon, count, *options):
    """The exchanges once there are `count`: the database is written behind the answers, four times a second."""
    found = lab.until(lambda: len(_history(lab, daemon, *options)) >= count)
    lab.expect(f"{count} exchanges are kept", found, _history(lab, daemon, *options))
    return _history(lab, daemon, *options)


@scenario("M10")
def found_again(lab):
    """Exchanges are listed by client, host, status, verdict and age; one is shown by the id that the user's page has."""
    daemon = lab.gateway(policy=_POLICY)
    lab.origin()
    for number in range(3):
        lab.get("www.example.test", f"/{number}?q=<script>")
    blocked = lab.get("ads.example.test")
    kept = _written(lab, daemon, 4)
    lab.expect("the newest comes first", kept[0]["host"] == "ads.example.test", kept)
    lab.expect("by host", len(_history(lab, daemon, "--host", "www.example")) == 3)
    lab.expect("by status", len(_history(lab, daemon, "--status", "4")) == 1)
    lab.expect("by verdict", len(_history(lab, daemon, "--verdict", "BLACK-LISTED")) == 1)
    lab.expect("by client", len(_history(lab, daemon, "--client", "10.1.0.2")) == 4)
    lab.expect("by another client", not _history(lab, daemon, "--client", "10.1.0.3"))
    lab.expect("by age", len(_history(lab, daemon, "--since", "1h")) == 4)
    lab.expect("by any text", len(_history(lab, daemon, "--text", "/1?q=<script>")) == 1)
    lab.expect("so many", len(_history(lab, daemon, "--limit", "2")) == 2)
    identity = blocked.get("x-request-id")
    shown = lab.command("--config", daemon.files.config, "show", identity)
    lab.expect("one is shown by its id", "BLACK-LISTED" in shown.stdout and "ads.example.test" in shown.stdout, shown.stdout)
    unknown = lab.command("--config", daemon.files.config, "show", "../x")
    lab.expect("an unknown id is said to be unknown", unknown.returncode == 1 and "holds no exchange" in unknown.stderr, unknown.stderr)
    table = lab.command("--config", daemon.files.config, "history").stdout
    lab.expect("people get a line each, the newest last", table.strip().splitlines()[-1].count("ads.example.test") == 1, table)
    wrong = lab.command("--config", daemon.files.config, "history", "--since", "yesterday")
    lab.expect("a wrong age is explained", wrong.returncode == 64 and "15m" in wrong.stderr, wrong.stderr)


@scenario("M10")
def bounds_and_crashes(lab):
    """The oldest go at max_rows; after kill -9 the database opens and holds what was written."""
    settings = {"history.max_rows": "5", "history.max_bytes": "2 MiB"}
    daemon = lab.gateway(settings)
    lab.origin()
    for number in range(12):
        lab.get("www.example.test", f"/{number}")
    kept = lab.until(lambda: [one["path"] for one in _history(lab, daemon)] == [f"/{number}" for number in range(11, 6, -1)])
    lab.expect("the five newest are kept", kept, _history(lab, daemon))
    daemon.signal(signal.SIGKILL)
    daemon.wait_exit()
    again = lab.gateway(files=daemon.files)
    lab.expect("they outlive a crash", len(_history(lab, again)) == 5, _history(lab, again))
    again.stop()
    daemon.files.write_settings({**daemon.files.settings, "history.database": "/nonexistent/history.db"})
    without = lab.gateway(files=daemon.files)
    without.wait_line("no history is kept")
    lab.expect("clients are served without it", lab.get("www.example.test").status == 200)
    said = lab.command("--config", daemon.files.config, "history")
    lab.expect("and who asks is told", said.returncode == 1 and "no history is kept" in said.stderr, said.stderr)


@scenario("D3 D6 M10")
def messages_and_archives(lab):
    """Heads are kept without secrets, bodies as far as the key says, names of [never-record] not at all; all as HAR 1.2."""
    settings = {"history.body_bytes": "16"}
    daemon = lab.gateway(settings, policy="[never-record]\ndomain = clinic.example.test\n")
    lab.origin(behaviours={"/form": lambda connection, request: connection.respond(
        b"\xff\x00 bytes", fields="Set-Cookie: id=origin-secret\r\nX-Told: plain\r\nContent-Type: text/x\r\n")})
    lab.get("www.example.test", "/form?a=1&b=%20", method="POST", body=b"0123456789abcdefghij",
            fields="Cookie: c=client-secret\r\nAuthorization: Basic secret\r\nX-Api-Key: secret\r\nX-Shown: yes\r\n")
    lab.get("clinic.example.test", "/patient/7")
    lab.get("www.example.test", "/last")
    _written(lab, daemon, 2)
    line = daemon.wait_exchange(host="clinic.example.test")
    lab.expect("a name that is never recorded has no path in the log", line["path"] == "", line)
    lab.expect("and is not in the history", len(_history(lab, daemon)) == 2, _history(lab, daemon))
    archive = json.loads(lab.command("--config", daemon.files.config, "har", check=True).stdout)["log"]
    first = archive["entries"][0]
    sent = {field["name"]: field["value"] for field in first["request"]["headers"]}
    came = {field["name"]: field["value"] for field in first["response"]["headers"]}
    lab.expect("the archive is of version 1.2, the oldest first", archive["version"] == "1.2"
               and [one["request"]["url"] for one in archive["entries"]]
               == ["https://www.example.test/form?a=1&b=%20", "https://www.example.test/last"], archive)
    lab.expect("its query is taken apart", first["request"]["queryString"]
               == [{"name": "a", "value": "1"}, {"name": "b", "value": " "}], first)
    lab.expect("what was sent is there", sent["X-Shown"] == "yes" and first["request"]["postData"]["text"] == "0123456789abcdef", first)
    lab.expect("what came is there", came["X-Told"] == "plain" and first["response"]["status"] == 200
               and first["response"]["content"]["encoding"] == "base64", first)
    secret = [name for name in ("Cookie", "Authorization", "X-Api-Key") if sent.get(name) != "[redacted]"]
    lab.expect("secrets are not", not secret and came["Set-Cookie"] == "[redacted]", first)
    timings = first["timings"]
    total = sum(max(timings[phase], 0) for phase in ("blocked", "dns", "connect", "send", "wait", "receive"))
    lab.expect("its timings add up", abs(total - first["time"]) < 1, first)
    shown = lab.command("--config", daemon.files.config, "show", first["_request_id"], check=True).stdout
    lab.expect("one is shown with its fields", "X-Shown: yes" in shown and "X-Told: plain" in shown and "secret" not in shown, shown)
    raw = b""
    for suffix in ("", "-wal"):
        with open(daemon.files.settings["history.database"] + suffix, "rb") as file:
            raw += file.read()
    lab.expect("the disk holds what was told, and no secret", b"X-Told" in raw and b"client-secret" not in raw
               and b"origin-secret" not in raw)
