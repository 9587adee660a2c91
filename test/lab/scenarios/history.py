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
