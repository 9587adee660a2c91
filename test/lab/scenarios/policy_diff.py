"""`sallyport policy diff`: what another policy would have made of what clients did, before it is loaded."""

import json

from harness import client
from harness.scenario import scenario

_POLICY = "[blacklist]\ndomain = ads.example.test\n[passthrough]\ndomain = *.bank.test\nproof = none\n"
_NEW = "[blacklist]\ndomain = www.example.test\n[whitelist]\ndomain = *.bank.test\n"


@scenario("D5 M5")
def the_past_under_another_policy(lab):
    """Each verdict that would change is listed with both rules and how often it was given; nothing is loaded."""
    daemon = lab.gateway(policy=_POLICY)
    lab.origin()
    for path in "/a", "/b":
        lab.get("www.example.test", path)
    lab.get("ads.example.test")
    lab.get("same.example.test")
    lab.get("www.bank.test", context=client.tls_context(lab.root.pem()))
    new = daemon.files.write("new.ini", _NEW)

    def diff(*options):
        return lab.command("--config", daemon.files.config, "policy", "diff", new, *options)

    def changes():
        return {one["name"]: (one["was"]["verdict"], one["would_be"]["verdict"], one["would_be"]["rule"], one["exchanges"])
                for one in json.loads(diff("--json").stdout)["changes"]}

    wanted = {"www.example.test": ("ALLOWED-BY-DEFAULT", "BLACK-LISTED", "blacklist www.example.test", 2),
              "ads.example.test": ("BLACK-LISTED", "ALLOWED-BY-DEFAULT", "default allow", 1),
              "www.bank.test": ("PASSED-THROUGH", "WHITE-LISTED", "whitelist *.bank.test", 1)}
    lab.expect("what would change is listed, and nothing else", lab.until(lambda: changes() == wanted), changes())
    shown = diff().stdout
    lab.expect("people get a table, and the place of the rule", f"{new}:2" in shown and "4 of 5 recorded" in shown, shown)
    lab.expect("filters as history has them", "1 of 1 recorded" in diff("--host", "ads.").stdout, diff("--host", "ads.").stdout)
    lab.expect("nothing was loaded", lab.get("www.example.test").status == 200)
    daemon.files.write("new.ini", "[blacklist]\ndomein = x\n")
    wrong = diff()
    lab.expect("problems are listed as check does", wrong.returncode == 78 and "new.ini:2:" in wrong.stderr, wrong)
