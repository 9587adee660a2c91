"""Runs a script of test/browser/ in Chromium beside the gateway. The script says what it saw, and asks for what clients are
to do meanwhile: a line of JSON each way."""

import json
import os
import subprocess

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))


def link(lab, daemon):
    """What `sallyport dashboard` prints."""
    return lab.command("--config", daemon.files.config, "dashboard", check=True).stdout.split()[0]


def run(lab, name, daemon, answers, *options):
    """`answers`: what the script may ask for, by name; each is called with what the script gives, and its result is told to
    the script. Each check of the script becomes one of the scenario."""
    installed = subprocess.run([os.path.join(TOP, "scripts/install-npm")], check=False, capture_output=True, text=True)
    lab.require("the packages of npm are there", installed.returncode == 0, installed.stderr)
    home = os.path.join(lab.folder, "browser")
    os.makedirs(home, exist_ok=True)
    errors = os.path.join(home, f"{name}.errors")
    with open(errors, "w", encoding="utf-8") as complaints:
        script = lab.gateway_side.start(
            ["node", os.path.join(TOP, "test/browser", f"{name}.mjs"), link(lab, daemon), str(30 * lab.world.patience), *options], text=True,
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
