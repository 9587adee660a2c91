"""The dashboard's door: who may see it, and by which name (TESTS N01 to N06)."""

import json
import os
import statistics
import time

from harness import certificates, client, hello, topology
from harness.dashboard import ADDRESS, CHANGES, PORT, Audience, Browser, Refused, token_of
from harness.scenario import Control, scenario

SHUT = "nothing is told without the token"
FOREIGN = "a foreign host or origin is refused"
UNREACHABLE = "the proxy does not lead to the dashboard"
SERVED = "clients are served all the same"
HARMLESS = "nothing that moves a cursor, forges a line or is markup gets out"
_CLOSED = ("/api/v1/status", "/api/v1/connections", "/api/v1/exchanges", "/api/v1/exchanges/x", "/api/v1/har", "/metrics",
           "/ca.crt", "/ca.der", "/api/v1/session", "/api/v1/dashboard", "/api/v1/nowhere", "/api/v1/live")
_CONTENT_POLICY = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'",
                   "frame-ancestors 'none'")


@scenario("D6 N01!", control=Control(SHUT))
def the_token_opens_it(lab):
    """No token, a wrong one, a session that is over: 401. The token opens a session whose cookie no script and no other
    site can use. In the control the token is shown."""
    daemon = lab.gateway()
    token = token_of(lab, daemon)
    for shown in ("", "Authorization: Bearer " + "0" * 64 + "\r\n", "Authorization: Basic YTpi\r\n",
                  "Cookie: sallyport_session=" + "0" * 64 + "\r\n"):
        browser = Browser(lab)
        shown = f"Authorization: Bearer {token}\r\n" if lab.in_control else shown
        answers = {path: browser.ask(path, shown).status for path in (_CLOSED if not shown else _CLOSED[:2])}
        lab.expect(SHUT, set(answers.values()) == {401}, f"{shown!r}: {answers}")
    if lab.in_control:
        return
    browser = Browser(lab)
    lab.expect("the pages themselves hold nothing and need none", browser.ask("/").status == 200)
    entered = browser.log_in(token)
    cookie = entered.get("set-cookie") or ""
    lab.require("the token opens a session", entered.status == 204 and browser.session, entered)
    lab.expect("whose cookie is for us alone", all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
               and "Secure" not in cookie and token not in cookie, cookie)
    status = browser.ask("/api/v1/status")
    lab.expect("which is all that is needed", status.status == 200 and "workers" in json.loads(status.body), status)
    policy = status.get("content-security-policy") or ""
    lab.expect("nothing foreign may be shown with it", all(part in policy for part in _CONTENT_POLICY)
               and status.get("x-frame-options") == "DENY" and status.get("x-content-type-options") == "nosniff"
               and status.get("cache-control") == "no-store" and status.get("referrer-policy") == "no-referrer", status)
    lab.expect("a program may show the token each time", Browser(lab).ask(
        "/metrics", f"Authorization: Bearer {token}\r\n").status == 200)
    lab.expect("the public certificate can be fetched", browser.ask("/ca.crt").body.decode() == lab.authority.pem())
    lab.expect("the token is not told here", browser.ask("/api/v1/dashboard").status == 403)
    gone = browser.ask("/api/v1/session", CHANGES, method="DELETE")
    lab.expect("logging out ends it", gone.status == 204 and browser.ask("/api/v1/status").status == 401, gone)
    daemon.wait_line(r"dashboard: 127\.0\.0\.1:\d+: logged in")
    daemon.wait_line(r"dashboard: 127\.0\.0\.1:\d+: DELETE /api/v1/session")
    daemon.stop()
    said = "\n".join(daemon.lines)
    lab.expect("the log says who, and neither token nor session", token not in said and browser.session not in said, said)
    again = lab.gateway(files=daemon.files)
    lab.expect("the token outlives a restart, the session does not", token_of(lab, again) == token
               and browser.ask("/api/v1/status").status == 401)


@scenario("D6 N01!", control=Control("after five wrong tokens nobody there is listened to"))
def lockout(lab):
    """A sixth try is not listened to, right or wrong; others are, and so is who is in already. In the control the tries
    come from as many addresses."""
    daemon = lab.gateway()
    token = token_of(lab, daemon)
    inside = Browser(lab)
    inside.log_in(token)
    for number in range(5):
        source = f"127.0.0.{number + 10}" if lab.in_control else ADDRESS
        wrong = Browser(lab, source=source).log_in("f" * 64)
        lab.expect("a wrong token is refused", wrong.status == 401, wrong)
    locked = Browser(lab).log_in(token)
    lab.expect("after five wrong tokens nobody there is listened to", locked.status == 429
               and 0 < int(locked.get("retry-after")) <= 60
               and 0 < json.loads(locked.body)["retry_after_seconds"] <= 60, locked)
    if lab.in_control:
        return
    lab.expect("nor with the token in a field", Browser(lab).ask(
        "/metrics", f"Authorization: Bearer {token}\r\n").status == 429)
    lab.expect("another address is", Browser(lab, source="127.0.0.77").log_in(token).status == 204)
    lab.expect("who is in stays in", inside.ask("/api/v1/status").status == 200)
    lab.expect("the log says so", daemon.wait_line("a wrong token, one too many"))


@scenario("D6 N02!", control=Control(FOREIGN))
def other_sites(lab):
    """A name of somebody else's that leads here, a page of somebody else's that asks here, and its question whether it
    may: 403, and nothing is allowed to anybody. In the control it is our own name and page."""
    daemon = lab.gateway()
    browser = Browser(lab)
    browser.log_in(token_of(lab, daemon))
    own = lab.in_control
    for host in ("attacker.example", f"attacker.example:{PORT}", ADDRESS, f"127.0.0.2:{PORT}", f"localhost.attacker.example:{PORT}"):
        for path in ("/", "/api/v1/status"):
            answer = browser.ask(path, host=browser.host if own else host)
            lab.expect(FOREIGN, answer.status == 403, f"Host {host} {path}: {answer}")
    for fields in ("Origin: http://attacker.example\r\n", "Origin: null\r\n", f"Origin: http://{ADDRESS}:3000\r\n",
                   "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"):
        fields = f"Origin: {browser.origin}\r\nSec-Fetch-Site: same-origin\r\n" if own else fields
        for method, path in (("GET", "/api/v1/status"), ("DELETE", "/api/v1/session"), ("POST", "/api/v1/reload")):
            answer = browser.ask(path, fields + (CHANGES if method != "GET" else ""), method=method)
            lab.expect(FOREIGN, answer.status == 403, f"{fields} {method} {path}: {answer}")
            lab.expect("and nothing is allowed", not [name for name, _ in answer.fields if name.startswith("access-control-")],
                       answer)
            if own:
                browser.log_in(token_of(lab, daemon))
    if own:
        return
    form = browser.ask("/api/v1/session", "Content-Type: text/plain\r\n", method="POST", body=b"{\"token\":\"x\"}")
    lab.expect("what a form can send changes nothing", form.status == 403, form)
    preflight = browser.ask("/api/v1/session", "Origin: http://attacker.example\r\nAccess-Control-Request-Method: DELETE\r\n"
                            "Access-Control-Request-Headers: x-sallyport\r\n", method="OPTIONS")
    lab.expect("who asks whether it may, may not", preflight.status == 403
               and not [name for name, _ in preflight.fields if name.startswith("access-control-")], preflight)
    lab.expect("the session is untouched", browser.ask("/api/v1/status").status == 200)
    lab.expect("localhost is its name as well", browser.ask("/api/v1/status", host=f"localhost:{PORT}").status == 200)
    lab.expect("the log says what was refused", daemon.wait_line(r"dashboard: 127\.0\.0\.1:\d+: refused"))


@scenario("D6 N01!", control=Control(UNREACHABLE))
def not_through_the_proxy(lab):
    """Transparently, by CONNECT, in absolute form and by a rewrite nobody is led to the dashboard, whatever may be dialled
    besides. In the control it is asked for directly."""
    lab.name_server({"*": [topology.ORIGIN], "rebound.test": ["127.0.0.1"], "local.test": [topology.GATEWAY_LAN]})
    local = f"{topology.GATEWAY_LAN}:{PORT}"
    daemon = lab.gateway({"listen.dashboard": f"{ADDRESS}:{PORT}, {local}", "explicit.connect_ports": f"443, 80, {PORT}",
                          "gateway.ports": f"443, {PORT}",
                          "explicit.allowed_destinations": "0.0.0.0/0, ::/0"},
                         policy=f"[rewrite rewritten.test]\ntarget_ip = {ADDRESS}:{PORT}\n")
    lab.origin()

    def seen(body):
        return b"<title>sallyport" in body

    def direct():
        return Browser(lab).ask("/").body

    def connect(authority):
        made = client.dial(lab.client_side, topology.GATEWAY_LAN, 8080)
        try:
            client.connect_through(made, authority)
            made.sendall(f"GET / HTTP/1.1\r\nHost: {ADDRESS}:{PORT}\r\n\r\n".encode())
            made.settimeout(10)
            return made.recv(65536)
        except (client.ProxyRefused, OSError) as refused:
            return str(getattr(refused, "response", refused)).encode()
        finally:
            made.close()

    def absolute(authority):
        made = client.dial(lab.client_side, topology.GATEWAY_LAN, 8080)
        try:
            made.sendall(f"GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode())
            body = b""
            while piece := made.recv(65536):
                body += piece
            return body
        except OSError as error:
            return str(error).encode()
        finally:
            made.close()

    def transparent(name):
        return lab.get(name).body

    ways = {"transparently, by a rewrite": lambda: transparent("rewritten.test")}
    for authority in (f"{ADDRESS}:{PORT}", local, f"rebound.test:{PORT}", f"local.test:{PORT}", "rewritten.test:443"):
        ways[f"CONNECT {authority}"] = lambda authority=authority: connect(authority)
    for authority in (f"{ADDRESS}:{PORT}", local, f"rebound.test:{PORT}", f"local.test:{PORT}", "rewritten.test"):
        ways[f"GET http://{authority}/"] = lambda authority=authority: absolute(authority)
    for way, go in ways.items():
        shown = direct() if lab.in_control else go()
        lab.expect(UNREACHABLE, not seen(shown), f"{way}: {shown[:300]!r}")
    lab.expect("and the log shows no visit", lab.in_control or not any("dashboard: " in line and "refused" in line
                                                                       for line in daemon.lines), daemon.lines)


@scenario("D6 N01")
def on_the_network_by_tls(lab):
    """On an address of the network it speaks TLS alone, with a certificate of our CA for that address; the cookie is
    Secure. What clients may not have is not theirs for lack of a token alone."""
    daemon = lab.gateway({"listen.dashboard": f"{topology.GATEWAY_LAN}:{PORT}, [{topology.GATEWAY_LAN6}]:{PORT}"})
    token = token_of(lab, daemon)
    for address in (topology.GATEWAY_LAN, topology.GATEWAY_LAN6):
        browser = Browser(lab, side=lab.client_side, address=address, context=client.tls_context(lab.authority.pem()))
        lab.expect("without a token there is nothing", browser.ask("/api/v1/status").status == 401)
        entered = browser.log_in(token)
        lab.expect("it opens a session, for TLS alone", entered.status == 204 and "; Secure" in entered.get("set-cookie"), entered)
        lab.expect("and tells", browser.ask("/api/v1/status").status == 200)
        lab.expect("localhost is not its name here", browser.ask("/", host=f"localhost:{PORT}").status == 403)
        plain = client.dial(lab.client_side, address, PORT)
        plain.sendall(f"GET / HTTP/1.1\r\nHost: {browser.host}\r\n\r\n".encode())
        answer = plain.recv(65536)
        plain.close()
        lab.expect("in the clear there is nothing", not answer.startswith(b"HTTP/"), answer)
    link = lab.command("--config", daemon.files.config, "dashboard").stdout.splitlines()
    lab.expect("a link for each address", [line.split("/login")[0] for line in link]
               == [f"https://{topology.GATEWAY_LAN}:{PORT}", f"https://[{topology.GATEWAY_LAN6}]:{PORT}"], link)
    lab.expect("there is none where it does not listen", _refused(lab), "")


def _refused(lab):
    try:
        client.dial(lab.gateway_side, ADDRESS, PORT).close()
    except OSError:
        return True
    return False


@scenario("M10")
def without_its_files(lab):
    """A port that is taken, a token that others may read, pages that are not there: the log says so and clients are
    served."""
    taken = lab.gateway_side.socket()
    taken.bind((topology.GATEWAY_LAN, PORT))
    taken.listen()
    files = lab.files({"listen.dashboard": f"{ADDRESS}:{PORT}, {topology.GATEWAY_LAN}:{PORT}",
                       "control.dashboard_files": "/nonexistent"})
    files.write("dashboard.token", "a" * 64 + "\n", mode=0o644)
    daemon = lab.gateway(files=files)
    lab.origin()
    for said in (r"\[listen\] dashboard: listening on 10.1.0.1:8081", r"\[control\] token_file: .*others than its owner",
                 r"\[control\] dashboard_files: /nonexistent"):
        lab.expect("the log says what lacks", daemon.wait_line(said), said)
    browser = Browser(lab)
    page = browser.ask("/")
    lab.expect("a page says so too", page.status == 200 and b"files are not there" in page.body, page)
    lab.expect("what others have read opens nothing", browser.log_in("a" * 64).status == 401)
    lab.expect("another token does", browser.log_in(token_of(lab, daemon)).status == 204)
    lab.expect("clients are served", lab.get("www.example.test").status == 200)
    taken.close()


@scenario("D7 N02!", control=Control("another site's page may not watch"))
def live(lab):
    """A connection and an exchange are told of as they happen, and what they moved; another site's page and a stranger are
    not let in; who logs out watches no longer. In the control the page is our own."""
    daemon = lab.gateway(policy="[never-record]\ndomain = clinic.example.test\n")
    lab.origin()
    browser = Browser(lab)

    def refused(**options):
        try:
            browser.watch(**options).close()
        except Refused as refusal:
            return refusal.status
        return 101

    lab.expect("a stranger may not watch", refused() == 401)
    browser.log_in(token_of(lab, daemon))
    foreign = None if lab.in_control else "Origin: http://attacker.example\r\n"
    lab.expect("another site's page may not watch", refused(fields=foreign) == 403)
    if lab.in_control:
        return
    lab.expect("without a handshake there is nothing", browser.ask("/api/v1/live").status == 426)
    with browser.watch() as feed:
        first = feed.wait(lambda message: message["type"] == "overview")
        lab.expect("what there is comes at once", first["connections_open"] == 0 and first["exchanges_total"] == 0
                   and first["added_ms_p50"] is None, first)
        with lab.open("www.example.test") as opened:
            seen = feed.wait(lambda message: message["type"] == "connections" and message["opened"])
            row = seen["opened"][0]
            lab.expect("a connection is told of", row["client"].startswith(topology.CLIENT + ":")
                       and set(row) >= {"id", "state", "layers", "received"}, row)
            lab.get("clinic.example.test", "/patient")
            opened.request("/live?q=<script>", "www.example.test")
            told = feed.wait(lambda message: message["type"] == "exchange")["exchange"]
            logged = daemon.wait_exchange(host="www.example.test")
            lab.expect("an exchange is, and none that is never recorded", told == logged
                       and told["path"] == "/live?q=<script>", told)
            moved = feed.wait(lambda message: message["type"] == "connections" and any(
                one["id"] == row["id"] and one["exchanges"] == 1 for one in message["changed"]))
            lab.expect("what it moved is", moved, moved)
        feed.wait(lambda message: message["type"] == "connections" and row["id"] in message["closed"])
        later = feed.wait(lambda message: message["type"] == "overview" and message["exchanges_total"] == 2
                          and message["added_ms_p50"])
        lab.expect("the figures follow", later["verdicts"]["ALLOWED-BY-DEFAULT"] == 2 and later["added_ms_p50"] > 0
                   and later["bytes_to_client"] > 0, later)
        feed.socket.sendall(b"\x89\x82\0\0\0\0hi")
        pong = next(payload for kind, payload in iter(feed.frame, None) if kind == 10)
        lab.expect("a ping is answered", pong == b"hi", pong)
        browser.ask("/api/v1/session", CHANGES, method="DELETE")
        while feed.message() is not None:
            pass
        lab.expect("who has logged out watches no longer", feed.close_code == 1008, feed.close_code)


def _worker_nanoseconds(daemon):
    """CPU time of the worker threads so far (schedstat's first figure)."""
    spent = 0
    for task in os.listdir(f"/proc/{daemon.pid}/task"):
        with open(f"/proc/{daemon.pid}/task/{task}/comm", encoding="ascii") as name, \
                open(f"/proc/{daemon.pid}/task/{task}/schedstat", encoding="ascii") as figures:
            if name.read().startswith("worker"):
                spent += int(figures.read().split()[0])
    return spent


@scenario("D7 N06!", control=Control(SERVED), alone=True)
def viewers(lab):
    """A thousand viewers, ones that never read and requests that never end cost the workers nothing and their clients next
    to nothing: rounds with them take turns with rounds without. In the control the workers are held up as well."""
    daemon = lab.gateway()
    lab.origin()
    browser = Browser(lab)
    browser.log_in(token_of(lab, daemon))
    clients = [lab.open("www.example.test") for _ in range(4)]
    for one in clients:
        one.tls.settimeout(3 if lab.in_control else 30)

    def round_of(exchanges=240):
        """Nanoseconds of the workers for an exchange, and the seconds that each took."""
        before, took = _worker_nanoseconds(daemon), []
        for number in range(exchanges):
            began = time.perf_counter()
            answer = clients[number % len(clients)].request("/" + "x" * 3000, "www.example.test")
            took.append(time.perf_counter() - began)
            lab.require(SERVED, answer.status == 200, answer)
        return (_worker_nanoseconds(daemon) - before) / exchanges, took

    if lab.in_control:
        with daemon.halted():
            try:
                round_of(1)
            except OSError as error:
                lab.expect(SERVED, False, error)
        return
    round_of()
    silent = [browser.watch(receive_buffer=4096) for _ in range(4)]
    halves = [browser.connect() for _ in range(100)]
    for half in halves:
        half.sendall(b"GET /api/v1/sta")
    alone, beside = [], []
    for _ in range(16 if lab.world.at_length else 4):
        alone.append(round_of())
        with Audience(browser, 1000) as audience:
            beside.append(round_of())
            lab.expect("they are told", audience.told(lab.patience))
    cpu = [statistics.median(one for one, _ in rounds) for rounds in (alone, beside)]
    half = [statistics.median(statistics.median(took) for _, took in rounds) for rounds in (alone, beside)]
    p99 = [statistics.quantiles([one for _, took in rounds for one in took], n=100)[98] for rounds in (alone, beside)]
    lab.note(f"workers {cpu[0] / 1000:.0f} µs an exchange alone, {cpu[1] / 1000:.0f} µs beside 1,000 viewers; clients' median "
             f"{half[0] * 1000:.2f} and {half[1] * 1000:.2f} ms, p99 {p99[0] * 1000:.2f} and {p99[1] * 1000:.2f} ms")
    if lab.measures:
        lab.expect("an exchange costs the workers what it did", cpu[1] <= 1.25 * cpu[0] + 20_000, cpu)
        lab.expect("and takes its client as long", half[1] <= 1.5 * half[0] + 0.005, half)
        if lab.world.at_length:
            lab.expect("the slowest of a hundred is no slower", p99[1] <= 1.1 * p99[0], p99)

    def dropped():
        round_of()
        return sum("does not read what it is sent" in line for line in daemon.lines) == len(silent)
    lab.expect("who does not read is dropped", lab.until(dropped, 90), daemon.lines[-5:])
    lab.expect("the daemon answers as before", browser.ask("/api/v1/status").status == 200)
    for one in [*silent, *halves, *clients]:
        one.close()


@scenario("D6 N03!", control=Control(HARMLESS))
def hostile_text(lab):
    """Markup, terminal sequences and line breaks in the server name, the path, fields and an origin's certificate come out
    of the log, the commands and the API as text. In the control what was sent is looked at."""
    evil = "<script>\x1b[2J\x9b31m\r\nforged: yes"
    daemon = lab.gateway()
    bad = lab.server_context(certificates.issue(None, ["bad.example.test"], common_name=evil))
    lab.origin(contexts=lambda name, address: bad if name == "bad.example.test" else lab.good_context(name, address),
               behaviours={"/told": lambda connection, request: connection.respond(
                   b"here", fields="X-Told: <script>\x9b31m\r\nContent-Type: text/html\r\n")})
    with client.dial(lab.client_side, topology.ORIGIN, 443) as made:
        made.sendall(hello.records(hello.handmade(hello.server_name(evil.encode() + b".test")), [16384]))
        lab.expect("a name that is none is refused", made.recv(7)[:1] in (b"\x15", b""))
    lab.expect("an answer", lab.get("www.example.test", "/told?q=<script>",
                                    fields="User-Agent: <script>\x9b31m\r\n").status == 200)
    page = lab.get("bad.example.test", "/<script>", fields="Accept: text/html\r\n")
    lab.expect("an origin with such a certificate is not believed", page.status == 502 and b"<script>" not in page.body, page)
    daemon.wait_exchange(host="bad.example.test")
    browser = Browser(lab)
    browser.log_in(token_of(lab, daemon))
    lab.until(lambda: len(browser.told("/api/v1/exchanges")) >= 2)
    kept = browser.told("/api/v1/exchanges")
    shown = {"log": "\n".join(daemon.lines)}
    for words in (("history",), ("history", "--json"), ("har",), ("connections",), ("connections", "--json"),
                  *(("show", one["request_id"]) for one in kept)):
        shown[" ".join(words)] = lab.command("--config", daemon.files.config, *words, text=True).stdout
    for path in ("/api/v1/exchanges", "/api/v1/har", f"/api/v1/exchanges/{kept[0]['request_id']}", "/api/v1/explain?name=%3Cscript%3E%1b",
                 "/api/v1/nowhere%1b%0d%0a", "/api/v1/trust"):
        answer = browser.ask(path)
        shown[path] = answer.body.decode()
        lab.expect("the API's answers are JSON and nothing else", answer.get("content-type") == "application/json"
                   and answer.get("x-content-type-options") == "nosniff" and json.loads(answer.body) is not None, answer)
    for where, text in shown.items():
        text = evil if lab.in_control else text
        controls = sorted({repr(character) for character in text if character != "\n"
                           and (ord(character) < 0x20 or 0x7f <= ord(character) < 0xa0)})
        forged = [line for line in text.splitlines() if line.lstrip().startswith("forged")]
        lab.expect(HARMLESS, not controls and not forged, f"{where}: {controls} {forged}")
