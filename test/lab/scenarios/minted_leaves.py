"""The certificates that clients are shown (A8; TESTS D)."""

import datetime
import ssl
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from harness import certificates, client, topology
from harness.chain import shown_chain, write_chain
from harness.scenario import Control, scenario

STRICT = "openssl verify accepts it under its strictest rules"
_BLOCK = "[blacklist]\ndomain = *.mint.test\n"


def _authorities():
    """Roots of every kind that an admin may bring."""
    yield "P-256", certificates.authority("P-256 root", path_length=1)
    yield "P-384", certificates.authority("P-384 root", key=certificates.ec_key(ec.SECP384R1()))
    yield "RSA-4096", certificates.authority("RSA-4096 root", key=certificates.rsa_key(4096))
    yield "P-256 of pathlen 0", certificates.authority("pathlen:0 root", path_length=0)


def _verify_strictly(lab, authority, chain, name):
    leaf, intermediates = write_chain(lab.folder, chain)
    root = f"{lab.folder}/root.pem"
    with open(root, "w", encoding="ascii") as file:
        file.write(authority.pem())
    untrusted = ["-untrusted", intermediates] if len(chain) > 1 else []
    return lab.client_side.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", name,
                                "-CAfile", root, *untrusted, leaf], check=False)


@scenario("A8 D06!", control=Control(STRICT, passthrough=True))
def strictest_validators(lab):
    lab.origin()
    for kind, authority in _authorities():
        daemon = lab.gateway(authority=authority)
        name = "strict.test"
        chain = shown_chain(lab, name, topology.ORIGIN)
        result = _verify_strictly(lab, authority, chain, name)
        lab.expect(STRICT, result.returncode == 0, f"{kind}: {result.stdout} {result.stderr}")
        if lab.in_control:
            return
        files = write_chain(lab.folder, chain)
        with open(f"{lab.folder}/whole.pem", "w", encoding="ascii") as whole:
            for path in files:
                with open(path, encoding="ascii") as part:
                    whole.write(part.read())
        certtool = lab.client_side.run(["certtool", "--verify", "--load-ca-certificate", f"{lab.folder}/root.pem", "--infile",
                                        f"{lab.folder}/whole.pem", "--verify-hostname", name, "--verify-purpose",
                                        "1.3.6.1.5.5.7.3.1"], check=False)
        lab.expect("certtool accepts it", certtool.returncode == 0, f"{kind}: {certtool.stdout} {certtool.stderr}")
        lab.expect("the chain is as short as it may be", len(chain) == (2 if kind == "RSA-4096" else 1) or len(chain) == 2,
                   f"{kind}: {len(chain)}")
        lab.expect("the daemon ends with 0 after SIGTERM", daemon.stop() == 0, kind)


PROFILE = "serials, dates, names, usages and key identifiers are right"


@scenario("D01! D02! D03! D04", control=Control(PROFILE, passthrough=True))
def profile_whatever_the_origin_shows(lab):
    """Origins whose own certificates are odd in what they allow; nothing of that is copied."""
    soon = certificates.now() + certificates.seconds(7200)
    many = [f"n{number}.many.test" for number in range(1000)]
    odd = {
        "plain.test": {},
        "long-life.test": {"not_after": certificates.now() + certificates.days(700)},
        "ends-soon.test": {"not_after": soon},
        "can-sign.test": {"usage": certificates.key_usage(certificates=True)},
        "no-usage.test": {"usage": None, "purposes": None},
        "all-purposes.test": {"purposes": [certificates.SERVER_AUTH, certificates.CODE_SIGNING, certificates.CLIENT_AUTH]},
        "must-staple.test": {"extensions": [(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)]},
        "many.test": {"names": ["many.test", "*.many.test", *many]},
        f"{'long-label-' * 5}x.{'y' * 50}.test": {"common_name": "long.test"},
    }
    made = {}

    def context(server_name, _address):
        if server_name not in made:
            options = dict(odd[server_name])
            names = options.pop("names", [server_name])
            made[server_name] = lab.server_context(certificates.issue(lab.root, names, **options))
        return made[server_name]

    lab.origin(contexts=context)
    lab.gateway()
    serials, keys = set(), set()
    for name in odd:
        answer = lab.get(name)
        if name == "must-staple.test" and answer.status == 502:
            continue  # an origin that must staple and does not may be refused
        lab.expect("an origin that is odd but good is served", answer.status == 200, f"{name}: {answer}")
        problems = _profile_problems(lab, answer.leaf, name)
        lab.expect(PROFILE, not problems, f"{name}: {problems}")
        serials.add(answer.leaf.serial_number)
        keys.add(_public(answer.leaf))
    later = lab.get("ends-soon.test").leaf.not_valid_after
    lab.expect("once the origin's dates are known they bound the leaf's", later <= soon, f"{later} after {soon}")
    lab.expect("each leaf has its own serial and key", len(serials) == len(keys) >= len(odd) - 1, f"{len(serials)} {len(keys)}")


ONE_NAME = "of ten thousand names the leaf carries the one that was asked for"


@scenario("D04 D03", control=Control(ONE_NAME, passthrough=True))
def origin_with_ten_thousand_names(lab):
    """As many as a certificate of the size that TLS libraries accept can hold, and one beyond it."""
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    short = [f"{a}{b}{c}.test" for a in letters for b in letters for c in letters][:10_000]
    contexts = {"short": lab.server_context(certificates.issue(lab.root, [topology.ORIGIN, *short])),
                "long": lab.server_context(certificates.issue(lab.root, [f"larger-than-all.{one}" for one in short]))}
    lab.origin(contexts=lambda name, _: contexts["long" if (name or "").startswith("larger") else "short"])
    daemon = lab.gateway()
    asked = short[5000]
    leaf = lab.get(asked).leaf
    carried = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value.get_values_for_type(x509.DNSName)
    size = len(leaf.public_bytes(serialization.Encoding.DER))
    lab.expect(ONE_NAME, carried == [asked] and size < 1024, f"{len(carried)} names in {size} bytes")
    if lab.in_control:
        return
    unnamed = lab.get(asked, server_name=None, context=client.tls_context(None))
    size = len(unnamed.leaf.public_bytes(serialization.Encoding.DER))
    lab.expect("who named nobody gets no more than fits into a packet or two", unnamed.status == 200 and size < 4096, size)
    beyond = lab.get(f"larger-than-all.{asked}")
    lab.expect("a certificate beyond all bounds is refused with the reason", beyond.status == 502
               and lab.logged(daemon, beyond).get("error"), beyond)


def _public(certificate):
    return certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _profile_problems(lab, leaf, name, hours=24):
    """What is wrong with a leaf, by name."""
    authority, now, hour = lab.authority.certificate, certificates.now(), datetime.timedelta(hours=1)
    found = {oid: leaf.extensions.get_extension_for_oid(oid) for oid in (
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER) if _has(leaf, oid)}
    usage = found.get(ExtensionOID.KEY_USAGE)
    constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value if _has(
        leaf, ExtensionOID.BASIC_CONSTRAINTS) else None
    names = found[ExtensionOID.SUBJECT_ALTERNATIVE_NAME].value
    common = [one.value for one in leaf.subject]
    checks = {
        "version": leaf.version == x509.Version.v3,
        "serial": 1 << 63 < leaf.serial_number < 1 << 159,
        "digest": isinstance(leaf.signature_hash_algorithm, (hashes.SHA256, hashes.SHA384)),
        "issuer": leaf.issuer == authority.subject,
        "notBefore": now - 3 * hour < leaf.not_valid_before <= now - hour / 2,
        "notAfter": now < leaf.not_valid_after <= now + hours * hour + hour / 60,
        "SAN": names.get_values_for_type(x509.DNSName) == [name] and len(list(names)) == 1,
        "SAN critical only without subject": found[ExtensionOID.SUBJECT_ALTERNATIVE_NAME].critical == (not common),
        "CN": not common or (common == [name] and len(name) <= 64),
        "CA": constraints is None or not constraints.ca,
        "key usage": usage is not None and usage.critical and usage.value.digital_signature and not usage.value.key_cert_sign,
        "EKU": ExtensionOID.EXTENDED_KEY_USAGE in found and list(found[ExtensionOID.EXTENDED_KEY_USAGE].value) == [
            ExtendedKeyUsageOID.SERVER_AUTH],
        "AKI": ExtensionOID.AUTHORITY_KEY_IDENTIFIER in found and found[
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER].value.key_identifier == authority.extensions.get_extension_for_class(
                x509.SubjectKeyIdentifier).value.digest,
        "P-256": isinstance(leaf.public_key(), ec.EllipticCurvePublicKey) and leaf.public_key().curve.name == "secp256r1",
        "nothing copied": not _has(leaf, ExtensionOID.TLS_FEATURE) and not _has(
            leaf, ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS) and not _has(leaf, ExtensionOID.CERTIFICATE_POLICIES),
        "not the CA's key": _public(leaf) != _public(authority),
    }
    return [label for label, held in checks.items() if not held]


def _has(certificate, oid):
    return any(extension.oid == oid for extension in certificate.extensions)


@scenario("D05! D01!", control=Control("a thousand mints, a thousand keys"), timeout=300)
def a_thousand_mints(lab):
    """In the control one name is asked for a thousand times."""
    lab.gateway(policy=_BLOCK)
    context = lab.client_context() if not lab.in_control else client.tls_context(None)
    keys, serials = set(), set()
    count = 1000 if not lab.in_control else 50
    for number in range(count):
        name = "same.mint.test" if lab.in_control else f"n{number}.mint.test"
        with lab.open(name, context=context) as connection:
            leaf = connection.leaf
        keys.add(_public(leaf))
        serials.add(leaf.serial_number)
    lab.expect("a thousand mints, a thousand keys", len(keys) == len(serials) == count, f"{len(keys)} {len(serials)}")
    lab.expect("none is the CA's", _public(lab.authority.certificate) not in keys, "")


def _once_served(lab, name, context):
    """A gateway that has just started refuses who needs an RSA leaf until the first RSA key is made: seconds, on a busy machine."""
    until = time.monotonic() + lab.patience
    while True:
        try:
            return lab.get(name, context=context)
        except (ssl.SSLError, ConnectionError):
            if time.monotonic() > until:
                raise


@scenario("D05!", control=Control("a client without ECDSA gets an RSA leaf", passthrough=True))
def clients_without_ecdsa(lab):
    lab.origin()
    lab.gateway()
    old = client.tls_context(None if lab.in_control else lab.authority.pem(), maximum=ssl.TLSVersion.TLSv1_2,
                             ciphers="ECDHE-RSA-AES128-GCM-SHA256" + (":ALL" if lab.in_control else ""))
    answer = _once_served(lab, "old.test", old)
    key = answer.leaf.public_key()
    lab.expect("a client without ECDSA gets an RSA leaf", answer.status == 200 and isinstance(key, rsa.RSAPublicKey)
               and key.key_size >= 2048, key)
    new = lab.get("new.test")
    lab.expect("others get P-256", lab.in_control or isinstance(new.leaf.public_key(), ec.EllipticCurvePublicKey), new.leaf)


@scenario("D02", control=Control("leaf_hours bounds the life", settings={"ca.leaf_hours": "24"}))
def leaf_hours(lab):
    lab.origin()
    lab.gateway({"ca.leaf_hours": "2"})
    leaf = lab.get("short.test").leaf
    left = (leaf.not_valid_after - certificates.now()).total_seconds()
    lab.expect("leaf_hours bounds the life", 0 < left <= 2 * 3600 + 60, left)


@scenario("D02 E04", control=Control("issuing_ca = yes signs below an intermediate", settings={"ca.issuing_ca": "no"}))
def issuing_ca(lab):
    lab.origin()
    lab.gateway({"ca.issuing_ca": "yes"})
    chain = shown_chain(lab, "issued.test", topology.ORIGIN)
    lab.require("issuing_ca = yes signs below an intermediate", len(chain) == 2
                and chain[1].issuer == lab.authority.certificate.subject, [one.subject for one in chain])
    value = chain[1].extensions.get_extension_for_class(x509.BasicConstraints).value
    lab.expect("the intermediate may sign leaves alone", value.ca and value.path_length == 0, value)
    lab.expect("no leaf outlives it", chain[0].not_valid_after <= chain[1].not_valid_after, chain)


@scenario("A16 D02", control=Control("a leaf is minted again when the cache is full", settings={"ca.leaf_cache": "65536"}))
def leaf_cache(lab):
    """One entry: the same name twice is one leaf, another between makes it two."""
    lab.gateway({"ca.leaf_cache": "1", "gateway.workers": "1"}, policy=_BLOCK)
    serials = [lab.get(f"{name}.mint.test").leaf.serial_number for name in ("a", "a", *[f"o{n}" for n in range(200)], "a")]
    lab.expect("a leaf is kept", serials[0] == serials[1], serials[:2])
    lab.expect("a leaf is minted again when the cache is full", serials[-1] != serials[0], "")


@scenario("A8", alone=True, timeout=900)
def cost_of_minting(lab):
    """CPU time of minting under a P-256 and an RSA-4096 root, 250 names by turns. A machine's mood lasts longer than a turn, so
    turns are compared with their neighbours; 2,000 names are measured, and more where none of them shows the bound."""
    spent = {"P-256": [], "RSA-4096": []}
    count = 250 if lab.measures else 100
    roots = {"P-256": certificates.authority("P-256 root"),
             "RSA-4096": certificates.authority("RSA-4096 root", key=certificates.rsa_key(4096))}
    context = {kind: client.tls_context(root.pem(), maximum=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
               for kind, root in roots.items()}

    def too_dear():
        return all(rsa > 1.3 * ecdsa for rsa, ecdsa in zip(spent["RSA-4096"], spent["P-256"]))

    for round_number in range(24 if lab.measures else 1):
        if round_number >= 8 and not too_dear():
            break
        for kind, root in roots.items():
            daemon = lab.gateway(policy=_BLOCK, authority=root)
            lab.open("warm.mint.test", context=context[kind]).close()
            before = daemon.cpu_seconds()
            for number in range(count):
                lab.open(f"n{number}.mint.test", context=context[kind]).close()
            spent[kind].append(daemon.cpu_seconds() - before)
            lab.expect("the daemon ends with 0 after SIGTERM", daemon.stop() == 0, kind)
    lab.note("CPU ms a minted name, handshake included, least and mean: " + ", ".join(
        f"{kind} {min(some) / count * 1e3:.3f} {sum(some) / len(some) / count * 1e3:.3f}" for kind, some in spent.items()))
    if lab.measures:
        lab.expect("an RSA-4096 root costs at most 1.3 times a P-256 root", not too_dear(), spent)
