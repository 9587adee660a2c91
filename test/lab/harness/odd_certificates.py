"""The table of origins with odd certificates (TESTS A01-A04, A07-A11, A14): one host name each, with what the gateway has
to do about it. Dates are counted from the moment of the handshake, so every identity is made when it is asked for."""

import dataclasses
import functools
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.x509.oid import ExtensionOID

from .certificates import (ANY_USAGE, CLIENT_AUTH, CODE_SIGNING, SERVER_AUTH, authority, days, flip_signature, issue, key_usage,
                           now, resign, rsa_key, seconds, signature_algorithm)


@dataclasses.dataclass(frozen=True)
class Case:
    """`make(root)` gives the identity; `accepted`: None where either answer is right. `reason` is a pattern for the page.
    `usable`: whether any TLS client could speak with such an origin, so that a control run means something."""

    row: str
    host: str
    make: object
    accepted: bool | None = False
    reason: str = ""
    usable: bool = True


CASES = []


def _case(row, host, accepted=False, reason="", usable=True):
    def register(make):
        CASES.append(Case(row, host, functools.partial(make, host=host), accepted, reason, usable))
        return make
    return register


def _simple(row, host, accepted=False, reason="", names=None, **options):
    """A leaf straight under the root; options that are callable are called when the certificate is made."""
    def make(root, host):
        made = {name: value() if callable(value) else value for name, value in options.items()}
        return issue(root, names if names is not None else [host], **made)
    _case(row, host, accepted, reason)(make)


def _below(row, host, accepted=False, reason="", leaf=None, **options):
    """A leaf under an intermediate that is made with the options."""
    def make(root, host):
        made = {name: value() if callable(value) else value for name, value in options.items()}
        middle = authority("Odd intermediate", root, **made)
        return issue(middle, [host], **(leaf or {}))
    _case(row, host, accepted, reason)(make)


# A01: dates. Certificates know whole seconds.
def _whole_second():
    return now().replace(microsecond=0)


for _seconds in (1, 5):
    _simple("A01", f"expired-{_seconds}s.a01.test", reason="expired",
            not_after=lambda n=_seconds: _whole_second() - seconds(n))
    _simple("A01", f"early-{_seconds}s.a01.test", reason="not yet valid",
            not_before=lambda n=_seconds: _whole_second() + seconds(n + 1))
_simple("A01", "expires-in-5s.a01.test", accepted=True, not_after=lambda: _whole_second() + seconds(6))
_simple("A01", "valid-for-1s.a01.test", accepted=True, not_before=lambda: _whole_second() - seconds(1))
_below("A01", "expired-intermediate.a01.test", reason="expired", not_before=lambda: now() - days(9),
       not_after=lambda: now() - days(1))

# A02: who signed.
_case("A02", "self-signed.a02.test", reason="self.signed")(lambda _, host: issue(None, [host]))
for _name in ("Private root nobody knows", "Superfish, Inc.", "eDellRoot", "DSDTestProvider", "Preact", "webpack dev server"):
    _case("A02", f"{_name.split()[0].strip(',').lower()}-root.a02.test", reason="issuer|self.signed|trust")(
        lambda _, host, name=_name: issue(untrusted := authority(name), [host], chain=[untrusted.certificate]))

# A03 and A04: which name.
_simple("A03", "wrong-name.a03.test", reason="host ?name mismatch", names=["another.a03.test"])
_simple("A03", "only-in-cn.a03.test", reason="host ?name mismatch", names=[], common_name="only-in-cn.a03.test")
_simple("A03", "san-without-it.a03.test", reason="host ?name mismatch", names=["another.a03.test"],
        common_name="san-without-it.a03.test")
_simple("A04", "foo.b.a04.test", names=["foo.*.a04.test"])
_simple("A04", "apex-a04.test", names=["*.apex-a04.test"])
_simple("A04", "a.b.two-a04.test", names=["*.two-a04.test"])
_simple("A04", "a04.com", names=["*.com"])
_simple("A04", "a04.co.uk", names=["*.co.uk"])
_simple("A04", "foo.partial-a04.test", names=["f*.partial-a04.test"])
_simple("A04", "star-a04.test", names=["*"])
_simple("A04", "a.good-a04.test", accepted=True, names=["*.good-a04.test"])


@_case("A04", "xn--bcher-kva.a04.test")
def _unicode_name(root, host):
    name = "b\u00fccher.a04.test".encode()
    names = b"\x30" + bytes([len(name) + 2]) + b"\x82" + bytes([len(name)]) + name
    return issue(root, [], common_name=host,
                 extensions=[(x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names), False)])


# A07: name constraints.
def _constrained(host_names, permitted=None, excluded=None, critical=True, common_name=None):
    def make(root, host):
        value = x509.NameConstraints(permitted, excluded)
        middle = authority("Constrained intermediate", root, constraints=(value, critical))
        return issue(middle, [host, *host_names], common_name=common_name)
    return make


_INSIDE = [x509.DNSName("inside-a07.test")]
_NET = x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))
_case("A07", "a.inside-a07.test", accepted=True)(_constrained([], permitted=_INSIDE))
_case("A07", "outside-a07.test")(_constrained([], permitted=_INSIDE))
_case("A07", "a.excluded-a07.test")(_constrained([], excluded=[x509.DNSName("excluded-a07.test")]))
_case("A07", "not-critical-a07.test")(_constrained([], permitted=_INSIDE, critical=False))
_case("A07", "b.inside-a07.test")(_constrained(["outside-a07.test"], permitted=_INSIDE))
_case("A07", "c.inside-a07.test")(_constrained(["192.0.2.1"], permitted=_INSIDE, excluded=[_NET]))
_simple("A07", "constraints-in-leaf-a07.test", constraints=x509.NameConstraints(_INSIDE, None))


# A08: who may be an issuer.
@_case("A08", "leaf-as-ca.a08.test")
def _leaf_as_authority(root, host):
    return issue(issue(root, ["middle.a08.test"]), [host])


_below("A08", "no-basic-constraints.a08.test", ca=None, usage=key_usage(certificates=True))
_below("A08", "ca-false.a08.test", ca=False, usage=key_usage(certificates=True))
_below("A08", "no-cert-sign.a08.test", usage=key_usage(certificates=False, lists=True))


@_case("A08", "version-1.a08.test")
def _version_1(root, host):
    def change(_, body):
        body["version"] = "v1"
        del body["extensions"]
    middle = authority("Version 1 intermediate", root)
    old = resign(middle, root, change)
    leaf = issue(middle, [host])
    return _RawChain(leaf, [old])


def _deep(depth, path_length=None):
    def make(root, host):
        issuer = authority("Depth 0", root, path_length=path_length)
        for level in range(1, depth):
            issuer = authority(f"Depth {level}", issuer)
        return issue(issuer, [host])
    return make


_case("A08", "path-length.a08.test", reason="path length|pathlen")(_deep(2, path_length=0))
for _depth in (3, 5, 10):
    _case("A08", f"depth-{_depth}.a08.test", accepted=True)(_deep(_depth))
_case("A08", "depth-64.a08.test", accepted=None)(_deep(64))

# A09: what it is for.
_simple("A09", "code-signing.a09.test", purposes=[CODE_SIGNING])
_simple("A09", "client-auth.a09.test", purposes=[CLIENT_AUTH])
_below("A09", "intermediate-purpose.a09.test", purposes=[CODE_SIGNING])
_simple("A09", "any-purpose-alone.a09.test", purposes=[ANY_USAGE])
_simple("A09", "any-purpose-and-server.a09.test", accepted=True, purposes=[ANY_USAGE, SERVER_AUTH])
_simple("A09", "no-purpose.a09.test", accepted=True, purposes=None)

# A10: weak keys, weak signatures.
_rsa = functools.lru_cache(rsa_key)
_case("A10", "rsa-512.a10.test", usable=False)(lambda root, host: issue(root, [host], key=_rsa(512)))
for _bits in (1024, 2047, 2050):
    _simple("A10", f"rsa-{_bits}.a10.test", key=lambda bits=_bits: _rsa(bits))
_simple("A10", "rsa-2048.a10.test", accepted=True, key=lambda: _rsa(2048))
for _bits in (512, 1024):
    _below("A10", f"ca-rsa-{_bits}.a10.test", key=lambda bits=_bits: _rsa(bits))
_case("A10", "p-192.a10.test", usable=False)(lambda root, host: issue(root, [host], key=ec.generate_private_key(ec.SECP192R1())))
_case("A10", "dsa.a10.test", usable=False)(lambda root, host: issue(root, [host], key=dsa.generate_private_key(2048)))


def _badly_signed(digest, where):
    def make(root, host):
        if where == "leaf":
            middle = authority("RSA intermediate", root, key=_rsa(2048))
            return issue(middle, [host], digest=digest())
        upper = authority("RSA intermediate", root, key=_rsa(2048))
        return issue(authority("Badly signed intermediate", upper, digest=digest()), [host])
    return make


for _digest in (hashes.MD5, hashes.SHA1):
    for _where in ("leaf", "intermediate"):
        _case("A10", f"{_digest.name}-{_where}.a10.test")(_badly_signed(_digest, _where))


# A11: forged and misshapen.
_case("A11", "flipped-bit.a11.test", reason="signature")(lambda root, host: flip_signature(issue(root, [host])))


@_case("A11", "algorithm-mismatch.a11.test")
def _algorithm_mismatch(root, host):
    def change(decoded, _):
        decoded["signature_algorithm"] = signature_algorithm("sha384_ecdsa")
    return resign(issue(root, [host]), root, change)


@_case("A11", "wrong-issuer-key.a11.test")
def _wrong_key(root, host):
    impostor = authority("Impostor")
    impostor.certificate = root.certificate
    return issue(impostor, [host])


def _serial(number):
    def make(root, host):
        def change(_, body):
            body["serial_number"] = number
        return resign(issue(root, [host]), root, change)
    return make


_case("A11", "serial-zero.a11.test")(_serial(0))
_case("A11", "serial-negative.a11.test")(_serial(-5))
_case("A11", "serial-long.a11.test")(_serial(1 << 168))


# A14: what is sent besides the leaf.
def _with_intermediate(root, host):
    middle = authority("Intermediate", root)
    return middle, issue(middle, [host])


@_case("A14", "missing-intermediate.a14.test", reason="issuer")
def _missing(root, host):
    return _with_intermediate(root, host)[1].with_chain()


@_case("A14", "reversed.a14.test", accepted=True)
def _reversed(root, host):
    upper = authority("Upper", root)
    lower = authority("Lower", upper)
    return issue(lower, [host]).with_chain(root.certificate, upper.certificate, lower.certificate)


@_case("A14", "junk.a14.test", accepted=True)
def _junk(root, host):
    middle, leaf = _with_intermediate(root, host)
    junk = [authority(f"Junk {number}").certificate for number in range(3)]
    return leaf.with_chain(*junk[:2], middle.certificate, junk[2])


@_case("A14", "expired-cross-signature.a14.test", accepted=True)
def _cross_signed(root, host):
    middle, leaf = _with_intermediate(root, host)
    other = authority("Old root")
    expired = authority("Intermediate", other, key=middle.key, not_before=now() - days(9), not_after=now() - days(1))
    return leaf.with_chain(expired.certificate, middle.certificate)


@_case("A14", "two-roots.a14.test", accepted=True)
def _two_roots(root, host):
    middle, leaf = _with_intermediate(root, host)
    unknown = authority("Unknown root")
    crossed = authority("Intermediate", unknown, key=middle.key)
    return leaf.with_chain(crossed.certificate, unknown.certificate, middle.certificate)


class _RawChain:
    """A leaf whose chain holds certificates as bytes."""

    def __init__(self, leaf, chain):
        self.key, self._leaf, self._chain = leaf.key, leaf.with_chain(), chain

    def pem(self):
        return self._leaf.pem() + "".join(one.pem() for one in self._chain)


# No TLS library serves these; an origin puts them in place of its own certificate on the wire.
def exponent_1(root, host):
    def change(_, body):
        public = body["subject_public_key_info"]["public_key"].parsed
        public["public_exponent"] = 1
        body["subject_public_key_info"]["public_key"] = public
    return resign(issue(root, [host], key=_rsa(2048)), root, change)


def duplicate_extension(root, host):
    def change(_, body):
        body["extensions"].append(body["extensions"][0].copy())
    return resign(issue(root, [host]), root, change)
