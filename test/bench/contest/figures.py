"""What one measurement gives, and how CPU time is taken."""

import dataclasses

from . import machine


@dataclasses.dataclass
class Figure:
    """`values`: {row's key: figure in the row's unit}; and what else the measurement showed."""

    values: dict
    details: dict


def spent(key, contestant, operations, run):
    """CPU seconds of the contestant for `run`, over the number of operations, in µs."""
    began = machine.cpu_seconds(contestant.pid) if contestant.pid else 0.0
    said = run()
    seconds = (machine.cpu_seconds(contestant.pid) if contestant.pid else 0.0) - began
    if said.get("failed", 0) > operations * contestant.may_fail:
        raise RuntimeError(f"{said['failed']} of {operations} failed: {said['first_error']}")
    return Figure({key: seconds / operations * 1e6} if contestant.pid else {}, said)
