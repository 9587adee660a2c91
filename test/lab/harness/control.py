"""What the running daemon answers on its control socket."""

import re


def ask(lab, daemon, target):
    """The status of the daemon's answer, and its body."""
    done = lab.gateway_side.run(["curl", "--silent", "--max-time", "10", "--write-out", "\n%{http_code}", "--unix-socket",
                                 daemon.files.settings["control.socket"], f"http://sallyport{target}"], check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def samples(text):
    """{"name{labels}": value} of Prometheus's text format."""
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


def metrics(lab, daemon):
    return samples(ask(lab, daemon, "/metrics")[1])


def moved(before, after):
    """The samples that are not what they were, and by how much."""
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
