"""`sallyport doctor`: on a healthy gateway it has nothing to say; one thing broken at a time is named first, and its advice mends it."""

import json

from harness import topology
from harness.scenario import scenario


def _doctor(lab, daemon, *options):
    done = lab.command("--config", daemon.files.config, "doctor", "--steering", lab.world.steering, "--json", *options)
    return done.returncode, json.loads(done.stdout)


@scenario("F5")
def healthy(lab):
    """Nothing is wrong where nothing is."""
    daemon = lab.gateway({"gateway.max_connections": "100"})
    lab.origin()
    lab.name_server()
    lab.get("www.example.test")
    shown = lab.command("--config", daemon.files.config, "doctor", "--steering", lab.world.steering)
    lab.note(shown.stdout + shown.stderr)
    lab.expect("nothing is wrong", shown.returncode == 0 and "Nothing is wrong" in shown.stdout, shown.stdout + shown.stderr)
