"""What an attacker says is shown as what it is: in every command's output and in the log (D6, N03)."""

import contextlib
import json
import os
import re

from harness import certificates
from harness.scenario import scenario

# To the terminal: clear, a title, a colour; to programs: a line of their own; C1 controls in UTF-8; what turns text around.
_WORDS = "\x1b[2J\x1b]0;pwned\x07\x9b31m\x7f"
_HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_FORGED = "FORGED line of somebody else"


def _request(path="/", host="words.test", fields=""):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode("utf-8")


def _say(lab, words, **options):
    """One request with these bytes on a connection of its own; whatever comes of it."""
    with contextlib.suppress(Exception), lab.open("words.test", **options) as connection:
        connection.send(words)
        return connection.response()
    return None


@scenario("D6 N03")
def shown_harmless(lab):
    """Escape sequences and line ends in the name, the URL, fields and a certificate reach neither terminal nor log as such;
    what is JSON stays JSON."""
    odd = certificates.issue(None, ["cert.test"], common_name=f"{_WORDS}\n{_FORGED}"[:60])
    odd_context = lab.server_context(odd)

    def contexts(name, address):
        return odd_context if name == "cert.test" else lab.good_context(name, address)

    lab.origin(contexts=contexts, behaviours={"/said": lambda connection, _: connection.respond(
        b"", fields=f"X-Said: \x9b31m{_WORDS[4:5]}\r\n".replace("\x1b", "")), })
    daemon = lab.gateway(policy="[blacklist]\ndomain = ads.example.test\n")
    for words in (_request(f"/{_WORDS}"), _request(f"/a%1b[2J%0a{_FORGED.replace(' ', '%20')}"), _request(host=f"x{_WORDS}"),
                  _request(fields=f"User-Agent: {_WORDS}\r\n"), _request("/said", fields="X-Mine: \x9b31m\u202etxt\r\n"),
                  _request(fields=f"X-Split: a\n{_FORGED}\r\n"), f"GE{_WORDS}T / HTTP/1.1\r\nHost: a\r\n\r\n".encode()):
        _say(lab, words)
    lab.get("cert.test")
    lab.get("words.test", "/last", fields="X-Latin: \x9b2J\r\n")
    identity = daemon.wait_exchange(path="/last")["request_id"]
    lab.until(lambda: lab.command("--config", daemon.files.config, "show", identity).returncode == 0)
    policy = os.path.join(lab.folder, "other.ini")
    with open(policy, "w", encoding="ascii") as file:
        file.write("[blacklist]\ndomain = words.test\n")
    with lab.open("words.test") as connection:
        connection.send(_request(f"/{_WORDS}"))
        for arguments in (("status",), ("connections",), ("top", "--count", "1"), ("history",), ("show", identity),
                          ("replay", identity), ("policy", "diff", policy), ("explain", f"x{_WORDS}.test"),
                          ("show", f"{_WORDS}\n{_FORGED}"), ("history", "--host", _WORDS)):
            done = lab.command("--config", daemon.files.config, *arguments, text=False)
            said = (done.stdout + done.stderr).decode("utf-8", "replace")
            lab.expect(f"{arguments[0]} says something", said.strip(), done)
            lab.expect(f"{arguments[0]}: nothing that a terminal obeys", not _HARMFUL.search(said), repr(said))
            lab.expect(f"{arguments[0]}: no line of somebody else", not re.search(f"^{_FORGED}", said, re.MULTILINE), said)
        for arguments in (("status", "--json"), ("connections", "--json"), ("history", "--json"), ("show", identity, "--json"),
                          ("har",)):
            done = lab.command("--config", daemon.files.config, *arguments, text=False)
            said = done.stdout.decode("utf-8")
            lab.expect(f"{arguments[0]} as JSON is JSON", json.loads(said) is not None, said)
            lab.expect(f"{arguments[0]} as JSON: nothing that a terminal obeys", not _HARMFUL.search(said), repr(said))
    daemon.stop()
    written = "\n".join(daemon.lines)
    lab.expect("the log: nothing that a terminal obeys", not _HARMFUL.search(written), repr(written))
    lab.expect("the log: no line of somebody else", not re.search(f"^{_FORGED}", written, re.MULTILINE), written)
    lab.expect("the words were there", "FORGED" in written, written)
