"""Origins that ask for a client certificate (point 8): a configured one, none, a refusal, or passthrough from then on."""

import ssl

from harness import certificates, client, topology
from harness.scenario import Control, scenario

SHOWN = "the origin sees the configured identity"


class _Demanding:
    """An origin that must have a certificate; `versions` of TLS it speaks."""

    def __init__(self, lab, maximum=ssl.TLSVersion.TLSv1_3):
        self.customers = certificates.authority("Customers")
        identity = certificates.issue(lab.root, ["api.test", "sub.partner.test", "other.test"])

        def context(server_name, _address):
            made = lab.server_context(identity, maximum=maximum)
            made.load_verify_locations(cadata=self.customers.pem())
            made.verify_mode = ssl.CERT_OPTIONAL if server_name == "other.test" else ssl.CERT_REQUIRED
            return made

        self.origin = lab.origin([topology.ORIGIN], contexts=context)

    def customer(self, name="customer", **options):
        return certificates.issue(self.customers, [name], purposes=[certificates.CLIENT_AUTH], **options)

    def shown(self):
        """The certificates that the origin was shown, by the name asked for, latest first."""
        return {one.server_name: one.client_certificate for one in self.origin.connections}


def _files(lab, demanding, *, expired=False):
    """A gateway's folder with an identity for api.test and everything below partner.test."""
    identity = demanding.customer(not_before=certificates.now() - certificates.days(3),
                                  not_after=certificates.now() + certificates.days(-1 if expired else 1))
    policy = "".join(f"[client-certificate {name}]\ncertificate = customer.pem\nkey = customer.key\n"
                     for name in ("api.test", "*.partner.test"))
    files = lab.files(policy=policy)
    files.write("customer.pem", identity.pem())
    files.write("customer.key", certificates.key_pem(identity.key), mode=0o600)
    return files, identity


@scenario("B05 C4", control=Control(SHOWN, policy=""))
def configured_identity(lab):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        _configured_identity(lab, version)
        if lab.in_control:
            return


def _configured_identity(lab, version):
    demanding = _Demanding(lab, version)
    files, identity = _files(lab, demanding)
    daemon = lab.gateway(files=files)
    encoded = identity.certificate.public_bytes(certificates.serialization.Encoding.DER)
    for name in ("api.test", "sub.partner.test"):
        answer = lab.get(name)
        lab.expect(SHOWN, answer.status == 200 and demanding.shown().get(name) == encoded, f"{name}: {answer}")
    if not lab.in_control:
        other = lab.get("other.test")
        lab.expect("another name's origin does not", other.status == 200 and demanding.shown()["other.test"] is None, other)
    daemon.stop()
    demanding.origin.close()


@scenario("B05 C4")
def checked_when_loaded(lab):
    """Mistakes are told with file and line, an expired certificate is a warning."""
    demanding = _Demanding(lab)
    files, _ = _files(lab, demanding, expired=True)
    result = lab.check_files(files)
    lab.expect("an expired certificate is a warning", result.returncode == 0 and "policy.ini:2: " in result.stderr
               and "expired" in result.stderr, result.stderr)
    files.write("customer.key", certificates.key_pem(certificates.ec_key()), mode=0o600)
    result = lab.check_files(files)
    lab.expect("a key that does not belong is refused at its line", result.returncode == 78 and "policy.ini:2: " in result.stderr
               and "policy.ini:5: " in result.stderr and "does not belong" in result.stderr, result.stderr)
    files.write("customer.key", "nothing", mode=0o600)
    result = lab.check_files(files)
    lab.expect("an unreadable key is refused at its line", result.returncode == 78 and "policy.ini:3: " in result.stderr,
               result.stderr)


@scenario("B05 C4", control=Control("502 that says so", settings={"upstream.client_certificate_requested": "none"}))
def refused(lab):
    demanding = _Demanding(lab)
    daemon = lab.gateway({"upstream.client_certificate_requested": "refuse"})
    answer = lab.get("other.test")
    lab.expect("502 that says so", answer.status == 502 and b"asks for a client certificate" in answer.body, answer)
    if lab.in_control:
        return
    line = lab.logged(daemon, answer)
    lab.expect("the log says so", "asks for a client certificate" in line.get("error", ""), line)
    lab.expect("no request reached it", not demanding.origin.requests(), demanding.origin.requests())


PASSED = "the next connection carries the client's own certificate"


@scenario("B05 C4", control=Control(PASSED, settings={"upstream.client_certificate_requested": "none"}))
def passed_through_from_then_on(lab):
    demanding = _Demanding(lab)
    policy = "[never-learn]\ndomain = *.partner.test\n[blacklist]\ndomain = blocked.test\n"
    daemon = lab.gateway({"upstream.client_certificate_requested": "passthrough"}, policy)
    own = lab.identity_file(demanding.customer("myself"))
    trusting = client.tls_context(lab.root.pem() + lab.authority.pem(), identity_file=own)
    first = lab.get("api.test", context=trusting)
    lab.expect("the first connection is opened, and fails with the reason", first.status == 502, first)
    second = lab.get("api.test", context=trusting)
    lab.expect(PASSED, second.status == 200 and second.leaf.issuer == lab.root.certificate.subject, second)
    if lab.in_control:
        return
    line = daemon.wait_record(verdict="PASSED-THROUGH")
    lab.expect("the log says by what", line.get("rule") == "upstream client_certificate_requested", line)
    for _ in range(2):
        never = lab.get("sub.partner.test", context=trusting)
        lab.expect("a name on the never-learn list is not", never.status == 502, never)
