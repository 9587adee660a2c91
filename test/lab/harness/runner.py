"""Runs scenarios, each in a process and namespaces of its own, some at a time; says what came of them."""

import fcntl
import json
import os
import select
import shutil
import signal
import sys
import time
import traceback

from . import namespaces
from .lab import Lab
from .scenario import Check, Stop, judge_control

_PREFIX = "sallyport-"
_GREEN, _RED, _PLAIN = ("\033[32m", "\033[31m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


class Run:
    """One run of a scenario, or of its control, in a child process."""

    def __init__(self, number, scenario, control):
        self.scenario, self.control = scenario, control
        self.prefix = f"{_PREFIX}{os.getpid()}-{number}"
        self.started, self.seconds, self.output, self.result = 0.0, 0.0, b"", None

    def start(self, world):
        self.started = time.monotonic()
        reading, writing = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            os.setpgid(0, 0)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            result = _perform(world, self)
            with os.fdopen(writing, "w", encoding="utf-8") as pipe:
                json.dump(result, pipe)
            os._exit(0)
        os.close(writing)
        fcntl.fcntl(reading, fcntl.F_SETFL, os.O_NONBLOCK)
        self.pipe = reading

    def overdue(self, patience):
        return time.monotonic() - self.started > self.scenario.timeout * patience

    def collect(self):
        """Reads what there is; true once the child has said all."""
        while True:
            try:
                piece = os.read(self.pipe, 1 << 20)
            except BlockingIOError:
                return False
            if not piece:
                return True
            self.output += piece

    def finish(self, late=False):
        """Ends the child and all that it started, and removes its namespaces."""
        if late:
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.pipe)
        namespaces.remove_all(self.prefix + "-")
        self.seconds = time.monotonic() - self.started
        try:
            self.result = json.loads(self.output)
            self.result["checks"] = [Check(*check) for check in self.result["checks"]]
        except ValueError:
            why = f"did not end within {self.seconds:.0f} s" if late else "its process died"
            self.result = {"checks": [], "error": why, "notes": [], "settings": {}, "logs": []}

    def problem(self):
        """Why this run failed, or None."""
        checks, error = self.result["checks"], self.result["error"]
        if self.control:
            return judge_control(self.control, checks, error)
        failed = [check for check in checks if not check.held]
        said = [f"{check.name}\n      {check.detail}" for check in failed[:12]]
        if len(failed) > 12:
            said.append(f"... and {len(failed) - 12} more")
        if error:
            said.append(error)
        if not checks and not error:
            said.append("it asserted nothing")
        return "\n    ".join(said) or None


def _perform(world, run):
    """In the child: the scenario from beginning to end."""
    folder = os.path.join(world.folder, run.prefix)
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    lab, error = None, None
    try:
        lab = Lab(world, run.prefix, folder, run.control, run.scenario.masquerade)
        try:
            run.scenario.function(lab)
        except Stop:
            pass
        if not run.control or not lab.in_control:
            lab.finish()
        else:
            for daemon in lab.daemons:
                daemon.kill()
    except BaseException:  # whatever it is, the parent must hear of it
        error = traceback.format_exc()
    if lab is None:
        return {"checks": [], "error": error, "notes": [], "settings": {}, "logs": []}
    return {"checks": [(check.name, check.held, check.detail) for check in lab.checks], "error": error,
            "notes": lab.notes, "settings": lab.settings_used, "logs": [daemon.lines[-200:] for daemon in lab.daemons]}


class Runner:
    """Runs `scenarios` with `jobs` at a time; `patience` multiplies their time limits on slow builds. Those that measure begin
    once nobody holds a lock on the file `measure_after`, if one is given."""

    def __init__(self, world, scenarios, jobs, patience, measure_after=None):
        self.world, self.jobs, self.patience, self.measure_after = world, jobs, patience, measure_after
        self.waiting = [Run(2 * number + bool(control), one, control)
                        for number, one in enumerate(sorted(scenarios, key=lambda one: one.alone))
                        for control in ([None, one.control] if one.control else [None])]
        self.running, self.settings = [], {}
        self._failed = {}

    def run(self):
        """All of them; gives the names of those that failed."""
        try:
            while self.waiting or self.running:
                self._start_some()
                select.select([run.pipe for run in self.running], [], [], 1)
                for run in list(self.running):
                    late = run.overdue(self.patience)
                    if late or run.collect():
                        self.running.remove(run)
                        run.finish(late)
                        shutil.rmtree(os.path.join(self.world.large_folder, run.prefix), ignore_errors=True)
                        self._report(run)
        finally:
            for run in self.running:
                run.finish(late=True)
        return sorted(self._failed)

    def _start_some(self):
        while self.waiting and len(self.running) < self.jobs:
            alone = self.waiting[0].scenario.alone or any(run.scenario.alone for run in self.running)
            if alone and self.running:
                return
            if alone:
                self._wait_for_quiet()
            run = self.waiting.pop(0)
            run.start(self.world)
            self.running.append(run)

    def _wait_for_quiet(self):
        if self.measure_after:
            with open(self.measure_after, "ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)

    def _report(self, run):
        problem = run.problem()
        word = f"{_RED}FAIL{_PLAIN}" if problem else f"{_GREEN}ok{_PLAIN}  "
        kind = " (control)" if run.control else f"  {' '.join(run.scenario.rows)}"
        print(f"{word} {run.seconds:6.1f} s  {run.scenario.name}{kind}", flush=True)
        for note in run.result["notes"] if not run.control else []:
            print(f"       {note}")
        for name, values in run.result["settings"].items():
            self.settings.setdefault(name, set()).update(values)
        if problem:
            self._failed[run.scenario.name] = problem
            print(f"    {problem}")
            for number, log in enumerate(run.result["logs"]):
                print(f"    --- log of gateway {number + 1}, last lines")
                print("\n".join(f"    | {line[:300]}" for line in log[-20:]))
