"""What hostile HTTP/2 clients do: each attack ends itself and nothing else (B5; G02, G03, G05)."""

import json
import re

from harness import http2_floods as floods
from harness.http2_careless import careless_context, serve_carelessly
from harness.http2_client import open_frames
from harness.scenario import Control, scenario

NAME = "flooded.test"
ENDS = "the flood ends the connection with the right error"
LOGGED = "one log line names what it was"
_STREAMS = 100  # what [limits] streams allows by default


def _origin(lab):
    """In control runs, where the gateway opens nothing, a server that minds nothing; else an honest origin."""
    if not lab.in_control:
        return lab.origin()
    context = careless_context(lab, [NAME])
    return lab.origin(contexts=lambda *_: context, serve=serve_carelessly)


def _run(lab, daemon, flood):
    """One flood and its log line."""
    before = len(daemon.lines)
    with open_frames(lab, NAME) as client:
        own = f':{client.socket.getsockname()[1]}"'
        outcome = floods.run(flood, client, patience=0.5 if lab.in_control else 20)
    lab.expect(ENDS, outcome.wrong is None, f"{flood.name}: {outcome.wrong}")
    if lab.in_control or not flood.says:
        return outcome
    # Streams that the gateway began have lines of their own.
    line = json.loads(daemon.wait_line(f'"request_id":"",.*{own}', after=before))
    lab.expect(LOGGED, re.search(flood.says, line["error"]), f"{flood.name}: {line}")
    return outcome


def _still_well(lab, origin, daemon):
    """Others are served, nothing is left of the attackers, and the origin was not asked for more than was allowed."""
    lab.expect("another client is served", lab.get("honest.test").status == 200, "")
    left = origin.wait_for(lambda one: sum(not made.finished.is_set() for made in one.connections) <= 8)
    lab.expect("upstream work is cancelled", left, f"{len(origin.connections)} connections")


@scenario("G02!", control=Control(ENDS, passthrough=True))
def resets(lab):
    """Rapid Reset, and the ways to make the gateway reset. In the control the client meets a server without limits."""
    origin = _origin(lab)
    daemon = lab.gateway()
    _run(lab, daemon, floods.RAPID_RESET)
    if lab.in_control:
        return
    opened = len(origin.connections)
    lab.expect("upstream connections do not multiply", opened <= 2 * _STREAMS, opened)
    for flood in floods.MADE_YOU_RESET:
        outcome = _run(lab, daemon, flood)
        lab.expect("it sends a bounded number of resets", outcome.resets <= 2500, f"{flood.name}: {outcome.resets}")
    for flood in floods.BEYOND_BOUNDS:
        _run(lab, daemon, flood)
    _still_well(lab, origin, daemon)


@scenario("G03!", control=Control(ENDS, passthrough=True))
def field_blocks(lab):
    """CONTINUATION without end, blocks of any size, HPACK bombs."""
    origin = _origin(lab)
    daemon = lab.gateway()
    for flood in floods.HEADER_FLOODS:
        _run(lab, daemon, flood)
        if lab.in_control:
            return
    lab.expect("nothing of them reached the origin", not origin.requests(), origin.requests()[:3])
    _still_well(lab, origin, daemon)


@scenario("G05", control=Control(ENDS, passthrough=True))
def control_frames(lab):
    """Frames that cost their sender nothing."""
    origin = _origin(lab)
    daemon = lab.gateway()
    for flood in floods.CONTROL_FLOODS:
        _run(lab, daemon, flood)
        if lab.in_control:
            return
    _still_well(lab, origin, daemon)
