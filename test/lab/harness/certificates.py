"""Certificates, good ones and odd ones. `issue` makes what is asked for and judges nothing; `resign` changes a finished
certificate in ways that no library would build, and signs it again."""

import base64
import datetime
import hashlib
import ipaddress
import secrets

from asn1crypto import algos as asn1_algos
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH
CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
ANY_USAGE = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
_DEFAULT = object()


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def seconds(number):
    return datetime.timedelta(seconds=number)


def days(number):
    return datetime.timedelta(days=number)


def ec_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


def rsa_key(bits=2048, exponent=65537):
    return rsa.generate_private_key(exponent, bits)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


def certificate_pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def names_of(certificate):
    """The subjectAltName as texts."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def pin_of(identity):
    """The public key as curl's --pinnedpubkey wants it."""
    encoded = identity.key.public_key().public_bytes(serialization.Encoding.DER,
                                                     serialization.PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + base64.b64encode(hashlib.sha256(encoded).digest()).decode()


class Identity:
    """A certificate with its key, and the certificates that are sent after it."""

    def __init__(self, certificate, key, chain=()):
        self.certificate, self.key, self.chain = certificate, key, tuple(chain)

    def pem(self):
        return "".join(certificate_pem(one) for one in (self.certificate, *self.chain))

    def with_chain(self, *chain):
        return Identity(self.certificate, self.key, chain)

    def pkcs12(self, password, encryption=None):
        encryption = encryption or serialization.BestAvailableEncryption(password)
        return pkcs12.serialize_key_and_certificates(b"sallyport", self.key, self.certificate, list(self.chain) or None,
                                                     encryption)


def _subject(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def general_name(text):
    """A dNSName, or an iPAddress when the text is one; a GeneralName is taken as it is."""
    if isinstance(text, x509.GeneralName):
        return text
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def dns_name(text):
    """A dNSName whatever the text looks like."""
    return x509.DNSName(text)


def key_usage(signature=True, certificates=False, lists=False, agreement=False):
    return x509.KeyUsage(digital_signature=signature, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=agreement, key_cert_sign=certificates, crl_sign=lists,
                         encipher_only=False, decipher_only=False)


def issue(issuer, names=(), *, common_name=None, key=None, not_before=None, not_after=None, ca=None, path_length=None,
          usage=_DEFAULT, purposes=_DEFAULT, serial=None, digest=_DEFAULT, constraints=None, extensions=(), chain=_DEFAULT):
    """A certificate signed by `issuer` (None: by itself). `ca=None` leaves basicConstraints out of a leaf."""
    key = key or ec_key()
    common_name = common_name if common_name is not None else (str(names[0])[:64] if names else "")
    signer = issuer.key if issuer else key
    builder = (x509.CertificateBuilder().subject_name(_subject(common_name))
               .issuer_name(issuer.certificate.subject if issuer else _subject(common_name))
               .public_key(key.public_key()).serial_number(serial or secrets.randbits(126) + 1)
               .not_valid_before(not_before or now() - days(1)).not_valid_after(not_after or now() + days(30)))
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
    if usage is _DEFAULT:
        usage = key_usage(certificates=bool(ca), lists=bool(ca), signature=not ca)
    if usage:
        builder = builder.add_extension(usage, critical=True)
    if purposes is _DEFAULT:
        purposes = None if ca else [SERVER_AUTH]
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
    if constraints:
        value, critical = constraints if isinstance(constraints, tuple) else (constraints, True)
        builder = builder.add_extension(value, critical=critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if issuer:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical=critical)
    certificate = builder.sign(signer, hashes.SHA256() if digest is _DEFAULT else digest)
    if chain is _DEFAULT:
        chain = [issuer.certificate, *issuer.chain] if issuer and not _is_root(issuer) else []
    return Identity(certificate, key, chain)


def authority(common_name, issuer=None, **options):
    """A CA; without issuer a root."""
    return issue(issuer, common_name=common_name, **{"ca": True, "not_after": now() + days(365), **options})


def _is_root(identity):
    return identity.certificate.subject == identity.certificate.issuer


def resign(identity, signer, change, digest=None):
    """Hands the decoded certificate to `change(certificate, tbs)`, signs what came of it with `signer`'s key."""
    decoded = asn1_x509.Certificate.load(identity.certificate.public_bytes(serialization.Encoding.DER))
    change(decoded, decoded["tbs_certificate"])
    body = decoded["tbs_certificate"].dump(force=True)
    decoded["signature_value"] = _sign(signer.key, body, digest or hashes.SHA256())
    return Raw(decoded.dump(force=True), identity)


def _sign(key, body, digest):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(body, padding.PKCS1v15(), digest)
    return key.sign(body, ec.ECDSA(digest))


def flip_signature(identity):
    """The same certificate with one bit of its signature turned."""
    encoded = bytearray(identity.certificate.public_bytes(serialization.Encoding.DER))
    encoded[-3] ^= 1
    return Raw(bytes(encoded), identity)


class Raw(Identity):
    """An identity whose certificate is bytes that the library may be unable to read."""

    def __init__(self, encoded, original):
        super().__init__(original.certificate, original.key, original.chain)
        self.encoded = encoded

    def pem(self):
        text = base64.encodebytes(self.encoded).decode()
        return (f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"
                + "".join(certificate_pem(one) for one in self.chain))


def signature_algorithm(name):
    return asn1_algos.SignedDigestAlgorithm({"algorithm": name})
