"""The gateway as a TLS server, looked at by scanners (TESTS C01)."""

import json
import os
import re

from harness import certificates, topology
from harness.scenario import Control, scenario

CLEAN = "the scanner finds nothing of weight"


def _weak_origin(lab):
    """What the control's client sees: an origin as old as Python can make one. Scanners wait for nobody, so its certificate is
    there before they come."""
    identity = certificates.issue(lab.root, ["scan.test", topology.ORIGIN], key=certificates.rsa_key())
    context = lab.server_context(identity, weak=True)
    return lab.origin(contexts=lambda *_: context)


@scenario("C01!", control=Control(CLEAN, passthrough=True), timeout=300)
def sslscan(lab):
    _weak_origin(lab)
    lab.gateway()
    found = lab.client_side.run(["sslscan", "--no-colour", "--sni-name=scan.test", "--no-heartbleed", "--timeout=30",
                                 f"{topology.ORIGIN}:443"], check=False, timeout=280).stdout
    old = re.findall(r"(SSLv2|SSLv3|TLSv1\.0|TLSv1\.1)\s+enabled", found)
    suites = re.findall(r"(?:Accepted|Preferred)\s+(\S+)\s+\d+ bits\s+(\S+)", found)
    weak = [suite for version, suite in suites if version == "TLSv1.2" and not suite.startswith(("ECDHE-", "DHE-"))
            or "CBC" in suite or suite.endswith("SHA")]
    lab.expect(CLEAN, not old and not weak and len(suites) >= 3, f"{old} {weak}\n{found}")
    lab.expect("no renegotiation, no compression", "Compression enabled" not in found
               and "Insecure session renegotiation" not in found, found)
    lab.expect("TLS 1.2 and 1.3 are there", {version for version, _ in suites} >= {"TLSv1.2", "TLSv1.3"}, suites)


@scenario("C01", timeout=600)
def testssl(lab):
    """Protocols, suites, forward secrecy and known attacks; nothing of LOW or above."""
    _weak_origin(lab)
    lab.gateway()
    report = os.path.join(lab.folder, "testssl.json")
    lab.client_side.write_etc("hosts", f"127.0.0.1 localhost\n{topology.ORIGIN} scan.test\n")
    lab.client_side.run(["testssl", "--quiet", "--color", "0", "--nodns", "none", "--ip", topology.ORIGIN, "-p", "-s", "-f", "-U",
                         "--add-ca", lab.trusts_file(), "--jsonfile", report, "scan.test:443"], check=False, timeout=560,
                        env={**os.environ, "HOME": lab.folder})
    with open(report, encoding="utf-8") as file:
        findings = json.load(file)
    grave = [f"{one['id']}: {one['finding']}" for one in findings if one["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL")]
    lab.expect(CLEAN, not grave and len(findings) > 20, grave or findings[:5])
