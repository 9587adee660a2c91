"""`sallyport reload`: the daemon is told over its control socket, and answers with what came of it."""

import json

from harness.scenario import Control, scenario

_POLICY = "[blacklist]\ndomain = ads.example.test\n"


def _reload(lab, daemon, *options):
    return lab.command("--config", daemon.files.config, "reload", *options)


@scenario("M13!", control=Control("the new rule is in use once the command has ended"))
def told_by_command(lab):
    """Once the command has ended, every worker uses the new rules; the log says who asked."""
    daemon = lab.gateway(policy=_POLICY)
    lab.origin()
    lab.expect("no rule yet", lab.get("new.example.test").status == 200)
    if not lab.in_control:
        daemon.files.write_policy(_POLICY.replace("ads.", "new."))
    done = _reload(lab, daemon, "--json")
    told = json.loads(done.stdout)
    lab.expect("it is done", done.returncode == 0 and told["reloaded"] is True, done)
    statuses = {lab.get("new.example.test").status for _ in range(6)}
    lab.expect("the new rule is in use once the command has ended", statuses == {403}, statuses)
    lab.expect("the log says who asked", daemon.wait_line("a reload is asked for on the control socket by user 0"))


@scenario("M13")
def broken_configuration_is_kept_out(lab):
    """Every problem is told with file and line, the exit status is 78, and the rules in use stay."""
    daemon = lab.gateway(policy=_POLICY)
    lab.origin()
    daemon.files.write_policy("[blacklist]\ndomain = new.example.test\ndomein = x\n[nonsense]\n")
    done = _reload(lab, daemon)
    lab.expect("each problem has its place", done.returncode == 78 and "policy.ini:3:" in done.stderr
               and "policy.ini:4:" in done.stderr, done)
    lab.expect("and the next step is said", "sallyport reload" in done.stderr, done.stderr)
    told = json.loads(_reload(lab, daemon, "--json").stdout)
    lab.expect("machines get a list", len(told["problems"]) == 2, told)
    lab.expect("the old rules stay", (lab.get("ads.example.test").status, lab.get("new.example.test").status) == (403, 200))
    daemon.files.write_policy(_POLICY)
    daemon.files.write_settings({**daemon.files.settings, "gateway.workers": "1"})
    waits = _reload(lab, daemon)
    lab.expect("what waits for a restart is said", waits.returncode == 0 and "workers" in waits.stderr
               and "restart" in waits.stderr, waits)
