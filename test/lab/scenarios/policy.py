"""The policy as clients and origins see it (A5, A6; C06)."""

from harness import certificates, topology
from harness.scenario import Control, scenario

_REWRITE = f"""
[rewrite api.example.test]
target_ip = {topology.TARGET}
header = X-Proxy-Source: egress-gateway
header = X-Second: two words

[rewrite six.example.test]
target_ip = [{topology.TARGET6}]:8443

[rewrite *.example.test]
target_ip = {topology.SECOND_ORIGIN}
"""
_BLOCK = """
[blacklist]
domain = blocked.test
         *.ads.test
         xn--bcher-kva.test
"""


@scenario("A5 C06!", control=Control("no packet to any origin", policy=""))
def blocked_name_causes_no_packet(lab):
    origin = lab.origin()
    daemon = lab.gateway(policy=_BLOCK)
    with lab.capture_wan() as wire:
        answer = lab.get("blocked.test", fields="Accept: text/html\r\n")
        plain = lab.get("Deep.Ads.TEST", host="deep.ads.test.")
        idn = lab.get("xn--bcher-kva.test")
    lab.expect("no packet to any origin", not wire.packets and not origin.connections,
               f"{len(wire.packets)} packets, the first {wire.packets[:1]}")
    for name, one in (("blocked.test", answer), ("deep.ads.test", plain), ("xn--bcher-kva.test", idn)):
        text = one.body.decode()
        lab.expect("403 under our authority", one.status == 403 and one.leaf.issuer is not None, one)
        lab.expect("the page names all", all(part in text for part in ("Policy Blocked", name,
                                                                       one.get("x-request-id", "?"))), one)
        lines = lab.exchanges(daemon, 1, request_id=one.get("x-request-id"))
        lab.expect("one log line with verdict and id", len(lines) == 1 and lines[0]["verdict"] == "BLACK-LISTED"
                   and lines[0]["host"].rstrip(".") == name and lines[0]["status"] == 403, lines)
    lab.expect("HTML where HTML is accepted", "text/html" in answer.get("content-type", ""), answer)
    lab.expect("plain text elsewhere", "text/plain" in plain.get("content-type", ""), plain)


@scenario("A5", control=Control("the request reaches target_ip", policy=""))
def rewritten_name_reaches_target(lab):
    original = lab.origin([topology.ORIGIN])
    target = lab.origin([topology.TARGET])
    wildcard = lab.origin([topology.SECOND_ORIGIN])
    six = lab.origin([topology.TARGET6], port=8443)
    lab.name_server()
    daemon = lab.gateway(policy=_REWRITE)
    for proxy in (None, (topology.GATEWAY_LAN, 8080)):
        target.forget()
        answer = lab.get("api.example.test", "/v1?x=1", fields="X-Proxy-Source: forged\r\n", proxy=proxy)
        requests = target.requests()
        lab.require("the request reaches target_ip", len(requests) == 1 and answer.status == 200 and not original.requests(),
                    answer)
        lab.expect("SNI and Host stay with the name", target.connections[0].server_name == "api.example.test"
                   and requests[0].get("host") == "api.example.test", requests[0])
        lab.expect("the injected headers replace the client's", requests[0].all("x-proxy-source") == ["egress-gateway"]
                   and requests[0].all("x-second") == ["two words"], requests[0])
        lab.expect("it is logged as rewritten", lab.logged(daemon, requests[0]).get("verdict") == "REWRITTEN",
                   daemon.lines[-3:])
    lab.expect("the longest match decides", lab.get("other.example.test").status == 200 and len(wildcard.requests()) == 1,
               wildcard.requests())
    lab.expect("target_ip with an IPv6 address and a port", lab.get("six.example.test", address=topology.ORIGIN6).status == 200
               and len(six.requests()) == 1, six.requests())


@scenario("A5", control=Control("502 with the reason", policy=""))
def target_with_another_name_is_refused(lab):
    lab.origin([topology.ORIGIN])
    other = lab.server_context(certificates.issue(lab.root, ["other.test"]))
    target = lab.origin([topology.TARGET], contexts=lambda *_: other)
    lab.gateway(policy=_REWRITE)
    answer = lab.get("api.example.test")
    lab.expect("502 with the reason", answer.status == 502 and b"name mismatch" in answer.body.lower(), answer)
    lab.expect("no request byte reached it", not target.received(), target.received())


@scenario("A5 A6")
def verdicts_are_told_apart(lab):
    origin = lab.origin()
    daemon = lab.gateway(policy=_BLOCK + "[whitelist]\ndomain = *.good.test\n")
    cases = {"a.good.test": (200, "WHITE-LISTED"), "good.test": (200, "ALLOWED-BY-DEFAULT"),
             "blocked.test": (403, "BLACK-LISTED"), "ads.test": (200, "ALLOWED-BY-DEFAULT")}
    for name, (status, verdict) in cases.items():
        answer = lab.get(name)
        lines = lab.exchanges(daemon, 1, host=name)
        lab.expect("the verdict of the table", answer.status == status and lines and lines[0]["verdict"] == verdict,
                   f"{name}: {answer.status} {lines}")
    lab.expect("the default blocks", _default_blocks(lab), "")
    lab.expect("the origin saw the allowed ones alone", len(origin.requests()) == 4, origin.requests())


def _default_blocks(lab):
    lab.daemons[-1].reload(policy="[default]\naction = block\n[whitelist]\ndomain = listed.test\n")
    lab.daemons[-1].wait_line("reload")
    blocked, listed = lab.get("unlisted.test"), lab.get("listed.test")
    line = lab.logged(lab.daemons[-1], blocked)
    return blocked.status == 403 and line.get("verdict") == "BLOCKED" and listed.status == 200


@scenario("A6", control=Control("the origin's id is the log's id", passthrough=True))
def request_ids(lab):
    origin = lab.origin()
    daemon = lab.gateway(policy=_BLOCK)
    with lab.open("ids.test") as connection:
        for number in range(20):
            connection.request(f"/{number}", "ids.test", fields="X-Request-ID: chosen-by-the-client\r\n")
    seen = [request.all("x-request-id") for request in origin.requests()]
    flat = [one for ids in seen for one in ids]
    logged = {line["path"]: line["request_id"] for line in lab.exchanges(daemon, 20)}
    lab.expect("the origin's id is the log's id", len(seen) == 20 and all(
        request.all("x-request-id") == [logged.get(request.target)] for request in origin.requests()), f"{seen} {logged}")
    lab.expect("each id is unique", len(set(flat)) == 20 and "chosen-by-the-client" not in flat, flat)
    page = lab.get("blocked.test")
    line = lab.logged(daemon, page)
    lab.expect("the block page's id is the log's id", line and line["request_id"] in page.body.decode(), page)
