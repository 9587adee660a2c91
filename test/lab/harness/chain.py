"""The chain that a server shows, whole: Python's ssl gives the leaf alone, so openssl s_client is asked."""

import re

from cryptography import x509

from . import certificates

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def shown_chain(lab, name, address, *options):
    """The certificates that `name` at `address` shows to openssl s_client, leaf first."""
    target = f"[{address}]:443" if ":" in address else f"{address}:443"
    result = lab.client_side.run(["openssl", "s_client", "-connect", target, "-servername", name, "-showcerts", "-alpn",
                                  "http/1.1", *options], check=False, input="")
    return [x509.load_pem_x509_certificate(text.encode()) for text in _PEM.findall(result.stdout)]


def write_chain(folder, chain):
    """Leaf and intermediates in two PEM files for command line tools; gives their paths."""
    paths = f"{folder}/leaf.pem", f"{folder}/intermediates.pem"
    for path, some in zip(paths, (chain[:1], chain[1:])):
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(certificates.certificate_pem(one) for one in some))
    return paths
