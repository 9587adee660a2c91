"""The gateway as an HTTP/2 server, held to the conformance list (G01)."""

import concurrent.futures

from harness import http2_cases
from harness.http2_careless import careless_context, serve_carelessly
from harness.http2_client import open_frames
from harness.scenario import Control, scenario

CONFORMS = "each case of the conformance list ends as RFC 9113 and RFC 7541 say"


def run_cases(lab, cases, patience):
    """The cases that failed: [(name, why)]. Several run at a time, each on a connection of its own."""
    def opened():
        return open_frames(lab, http2_cases.NAME, patience=patience)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda case: case.run(opened), cases))
    return [(case.name, wrong) for case, wrong in zip(cases, outcomes) if wrong]


@scenario("G01!", control=Control(CONFORMS, passthrough=True))
def server_conforms(lab):
    """In the control the client meets an HTTP/2 server that objects to nothing."""
    if lab.in_control:
        context = careless_context(lab, [http2_cases.NAME])
        lab.origin(contexts=lambda *_: context, serve=serve_carelessly)
    else:
        lab.origin(behaviours={"/large": lambda connection, _: connection.respond(bytes(60_000))})
    lab.gateway()
    wrong = run_cases(lab, http2_cases.CASES, patience=0.3 if lab.in_control else 10)
    lab.note(f"{len(http2_cases.CASES)} cases, {len(wrong)} wrong")
    lab.expect(CONFORMS, not wrong, "\n      ".join(f"{name}: {why}" for name, why in wrong))
    if lab.in_control:
        return
    wrong = run_cases(lab, http2_cases.FURTHER, patience=10)
    lab.expect("and so does what the list leaves out", not wrong, "\n      ".join(f"{name}: {why}" for name, why in wrong))
