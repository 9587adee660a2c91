"""Runs a script of test/browser/ that drives Chromium. The script says what it saw, and asks for what clients are
to do meanwhile: a line of JSON each way."""

import json
import os
import subprocess

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))


def link(lab, daemon):
    """What `sallyport dashboard` prints."""
    return lab.command("--config", daemon.files.config, "dashboard", check=True).stdout.split()[0]


def run(lab, name, daemon, answers, *options):
    """A script that uses the dashboard, beside the gateway."""
    run_at(lab, lab.gateway_side, name, link(lab, daemon), answers, *options)


def home_of(lab):
    """The home folder of whatever script runs."""
    path = os.path.join(lab.folder, "browser")
    os.makedirs(path, exist_ok=True)
    return path


def run_at(lab, namespace, name, address, answers, *options):
    """A script of the namespace that begins at an address. `answers`: what it may ask for, by name; each is called with what the
    script gives, and its result is told to the script. Each check of the script becomes one of the scenario."""
    installed = subprocess.run([os.path.join(TOP, "scripts/install-npm")], check=False, capture_output=True, text=True)
    lab.require("the packages of npm are there", installed.returncode == 0, installed.stderr)
    home = home_of(lab)
    errors = os.path.join(home, f"{name}.errors")
    with open(errors, "w", encoding="utf-8") as complaints:
        script = namespace.start(
            ["node", os.path.join(TOP, "test/browser", f"{name}.mjs"), address, str(30 * lab.world.patience), *options], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
            env={**os.environ, "HOME": home, "TMPDIR": home})
    with script:
        for line in script.stdout:
            _take(lab, script, json.loads(line), answers)
    with open(errors, encoding="utf-8") as complaints:
        lab.expect("the script ends well", script.returncode == 0, complaints.read()[-2000:])


def _take(lab, script, said, answers):
    if "check" in said:
        lab.expect(said["check"], said["held"], said["detail"])
    elif "note" in said:
        lab.note(said["note"])
    else:
        script.stdin.write(json.dumps(answers[said["have"]](*said["given"])) + "\n")
        script.stdin.flush()
