"""What a scenario is: a function that is given a Lab and says by name what must hold.

A scenario that proves a release blocker (a row with "!") has a control: the same function once more with the feature
off. There the assertion named by `fails` must fail, each time it is made; else the scenario could pass with its feature
broken, and it counts as failed itself."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Control:
    """The run with the feature off. `passthrough`: the gateway is in the path and opens nothing. `settings` and `policy`
    replace what the scenario asks for; where none of them says it, the function looks at `lab.in_control`."""

    fails: str
    passthrough: bool = False
    settings: dict = dataclasses.field(default_factory=dict)
    policy: str | None = None


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    function: object
    rows: tuple
    control: Control | None
    timeout: int
    alone: bool
    masquerade: bool


SCENARIOS = []


# A time limit ends what hangs; it judges nothing. A machine with other work may need many times what a quiet one does.
LEAST_TIMEOUT = 400


def scenario(rows, control=None, *, timeout=LEAST_TIMEOUT, alone=False, masquerade=False):
    """Registers a scenario. `rows`: the rows of the test plan it proves; `alone`: nothing else may run beside it, since
    it measures; `masquerade`: the gateway has a MASQUERADE rule."""
    rows = tuple(rows.split())

    def register(function):
        name = f"{function.__module__.split('.')[-1]}.{function.__name__}"
        if any(row.endswith("!") for row in rows) and control is None:
            raise ValueError(f"{name}: a row with ! needs a control")
        SCENARIOS.append(Scenario(name, function, rows, control, max(timeout, LEAST_TIMEOUT), alone, masquerade))
        return function

    return register


class Stop(Exception):
    """Ends a scenario early: what follows a failed `require` would only confuse."""


@dataclasses.dataclass
class Check:
    name: str
    held: bool
    detail: str


def judge_control(control, checks, error):
    """Why the control run proves nothing, or None when it proves what it should."""
    named = [check for check in checks if check.name == control.fails]
    if not named:
        return f"the control never came to {control.fails!r}" + (f": {error}" if error else "")
    held = [check for check in named if check.held]
    if held:
        return f"{control.fails!r} holds with the feature off, {len(held)} of {len(named)} times: {held[0].detail}"
    return None
