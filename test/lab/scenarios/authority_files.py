"""The CA and the trusted roots as files: good, wrong, damaged, replaced (A7, A8b; TESTS A02, A16, E01, E05)."""

import os
import subprocess

from harness import certificates, client, topology
from harness.scenario import Control, scenario

STARTS = "it refuses to start and says why"


def _start_and_end(lab, files):
    """Exit status and log of a daemon that should not come up; None while it runs on."""
    daemon = lab.launch(files)
    try:
        status = daemon.wait_exit(lab.patience)
    except TimeoutError:
        daemon.kill()
        return None, daemon.lines
    return status, daemon.lines


@scenario("A8b", control=Control("it serves under the CA of the PKCS#12 file", settings={"ca.pkcs12": None, "ca.passphrase_file": None}))
def pkcs12(lab):
    """Modern encryption, and the RC2 and 3DES of old exports."""
    lab.origin()
    authority = certificates.authority("CA from a PKCS#12 file")
    for kind in ("modern", "3des", "rc2"):
        folder = lab.folder
        settings = {"ca.pkcs12": f"{folder}/{kind}.p12", "ca.passphrase_file": f"{folder}/{kind}.pass",
                    "ca.certificate": None, "ca.key": None}
        if lab.in_control:
            settings = {}
        _write_pkcs12(folder, kind, authority)
        daemon = lab.gateway(settings)
        answer = lab.get("p12.test", context=None if lab.in_control else _trusting(authority))
        lab.expect("it serves under the CA of the PKCS#12 file", answer.leaf.issuer == authority.certificate.subject,
                   f"{kind}: {answer.leaf.issuer}")
        daemon.stop()
        if lab.in_control:
            return
    _wrong_passphrase(lab)


def _trusting(authority):
    return client.tls_context(authority.pem())


def _write_pkcs12(folder, kind, authority):
    source, password = f"{folder}/source.pem", "correct horse battery staple"
    with open(source, "w", encoding="ascii") as file:
        file.write(authority.pem() + certificates.key_pem(authority.key))
    options = {"modern": [], "3des": ["-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
               "rc2": ["-legacy", "-macalg", "sha1"]}[kind]
    subprocess.run(["openssl", "pkcs12", "-export", "-in", source, "-out", f"{folder}/{kind}.p12", "-passout",
                    f"pass:{password}", *options], check=True, capture_output=True)
    with open(f"{folder}/{kind}.pass", "w", encoding="ascii") as file:
        file.write(password + "\n")
    for suffix in ("p12", "pass"):
        os.chmod(f"{folder}/{kind}.{suffix}", 0o600)
        os.chown(f"{folder}/{kind}.{suffix}", 65534, 65534)


def _wrong_passphrase(lab):
    path = f"{lab.folder}/modern.pass"
    with open(path, "w", encoding="ascii") as file:
        file.write("wrong\n")
    files = lab.files({"ca.pkcs12": f"{lab.folder}/modern.p12", "ca.passphrase_file": path, "ca.certificate": None,
                       "ca.key": None})
    status, lines = _start_and_end(lab, files)
    lab.expect("a wrong passphrase is a clear error", status == 78 and any("passphrase" in line for line in lines),
               f"{status} {lines}")


@scenario("E05!", control=Control(STARTS))
def damaged_files(lab):
    """Nothing falls back to trusting all or to a CA of its own making. In the control the files are whole."""
    damages = {
        "an empty trust bundle": ("roots.pem", b""),
        "a trust bundle of garbage": ("roots.pem", os.urandom(2000)),
        "a truncated trust bundle": ("roots.pem", lab.root.pem().encode()[:300]),
        "an empty CA key": ("ca.key", b""),
        "a truncated CA key": ("ca.key", certificates.key_pem(lab.authority.key).encode()[:100]),
        "another CA's key": ("ca.key", certificates.key_pem(certificates.ec_key()).encode()),
        "an empty CA certificate": ("ca.crt", b""),
        "a CA certificate of garbage": ("ca.crt", os.urandom(500)),
        "a leaf for a CA": ("ca.crt", None),
    }
    for label, (name, content) in damages.items():
        files = lab.files()
        if not lab.in_control:
            if content is None:
                leaf = certificates.issue(lab.root, ["leaf.test"])
                files.write("ca.crt", leaf.pem())
                files.write("ca.key", certificates.key_pem(leaf.key), mode=0o600)
            else:
                files.write(name, content, mode=0o600)
        if lab.in_control:
            daemon = lab.gateway(files=files)
            lab.expect(STARTS, not daemon.running, "")
            return
        status, lines = _start_and_end(lab, files)
        lab.expect(STARTS, status == 78 and any(name in line for line in lines), f"{label}: {status} {lines}")
        if name.startswith("ca."):
            lab.expect("no CA is made in its place", sorted(os.listdir(files.folder)) == sorted(
                ["ca.crt", "ca.key", "policy.ini", "roots.pem", "sallyport.ini"]), os.listdir(files.folder))


KEEPS = "a damaged bundle at reload keeps the last good one"


@scenario("E05! L04!", control=Control(KEEPS))
def damaged_at_reload(lab):
    """In the control the bundle is replaced by another that is whole."""
    lab.origin()
    daemon = lab.gateway({"upstream.pool_idle_seconds": "0"})
    lab.require("it serves", lab.get("one.test").status == 200, daemon.lines)
    other = certificates.authority("Other root").pem()
    for label, content in (("empty", b""), ("garbage", os.urandom(900)), ("truncated", lab.root.pem()[:400])):
        daemon.files.write("roots.pem", other if lab.in_control else content)
        before = daemon.reload()
        daemon.wait_line("reload", after=before)
        answer = lab.get(f"{label}.test")
        lab.expect(KEEPS, answer.status == 200, f"{label}: {answer}")
        lab.expect("it says so", lab.in_control or any("roots.pem" in line for line in daemon.lines[before:]),
                   daemon.lines[before:])


@scenario("A02! A7", control=Control("a root that is removed is trusted no more"))
def trust_store_updates(lab):
    """The box's own trust store, by /etc/ssl of the gateway's namespace: a root taken out counts after a reload, without a
    restart. In the control it stays in."""
    _system_store(lab, lab.root.pem())
    lab.origin()
    daemon = lab.gateway({"upstream.outgoing_ca_bundle": ""})
    lab.require("a root of the system is trusted", lab.get("a.test").status == 200, daemon.lines[-3:])
    _system_store(lab, lab.root.pem() if lab.in_control else certificates.authority("Another").pem())
    before = daemon.reload()
    daemon.wait_line("reload", after=before)
    for name in ("a.test", "b.test"):
        answer = lab.get(name)
        lab.expect("a root that is removed is trusted no more", answer.status == 502, f"{name}: {answer}")


def _system_store(lab, pem):
    """What the gateway's namespace sees as /etc/ssl/certs."""
    lab.gateway_side.write_etc("ssl/certs/ca-certificates.crt", pem)
    lab.gateway_side.write_etc("ssl/cert.pem", pem)
    lab.gateway_side.write_etc("ssl/openssl.cnf", "")
    folder = f"{lab.gateway_side.etc}/ssl/certs"
    for name in os.listdir(folder):
        if name.endswith((".0", ".pem")):
            os.unlink(f"{folder}/{name}")
    with open(f"{folder}/root.pem", "w", encoding="ascii") as file:
        file.write(pem)
    subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)


@scenario("A7", control=Control("system_ca = no leaves the system's roots out", settings={"upstream.system_ca": "yes"}))
def system_roots_left_out(lab):
    _system_store(lab, lab.root.pem())
    lab.origin()
    files = lab.files({"upstream.system_ca": "no"})
    files.write("roots.pem", certificates.authority("Other root").pem())
    lab.gateway(files=files)
    answer = lab.get("a.test")
    lab.expect("system_ca = no leaves the system's roots out", answer.status == 502, answer)


OWN_ROOT = "an origin below our own root is refused"


@scenario("A16! A7", control=Control(OWN_ROOT))
def own_root_is_never_trusted(lab):
    """Although the admin put it into the box's trust store and into the bundle. In the control it is another root that was
    put there."""
    root = certificates.authority("Some root") if lab.in_control else lab.authority
    _system_store(lab, root.pem() + lab.root.pem())
    contexts = {"ours.test": lab.server_context(certificates.issue(root, ["ours.test"])),
                "below.test": lab.server_context(certificates.issue(certificates.authority("Middle", root), ["below.test"]))}
    origin = lab.origin(contexts=lambda name, address: contexts.get(name) or lab.good_context(name, address))
    files = lab.files()
    files.write("roots.pem", lab.root.pem() + root.pem())
    lab.gateway(files=files)
    for name in contexts:
        before = len(origin.received())
        answer = lab.get(name)
        lab.expect(OWN_ROOT, answer.status == 502 and len(origin.received()) == before, f"{name}: {answer}")
    lab.expect("others are served", lab.get("other.test").status == 200, "")


AGAIN = "every full handshake is verified again"


@scenario("A16! B07!", control=Control(AGAIN))
def good_then_bad(lab):
    """An origin whose certificate goes bad under the same name and address. In the control it stays good."""
    good = lab.server_context(certificates.issue(lab.root, ["turns.test"]))
    bad = lab.server_context(certificates.issue(certificates.authority("Unknown"), ["turns.test"]))
    state = {"context": good}
    origin = lab.origin(contexts=lambda *_: state["context"])
    lab.gateway({"upstream.pool_idle_seconds": "0"})
    lab.require("it is served while it is good", lab.get("turns.test").status == 200, "")
    if not lab.in_control:
        state["context"] = bad
    for _ in range(3):
        before = len(origin.received())
        answer = lab.get("turns.test")
        lab.expect(AGAIN, answer.status == 502 and len(origin.received()) == before, answer)
    state["context"] = good
    lab.expect("it is served once it is good again", lab.get("turns.test").status == 200, "")


@scenario("A16!", control=Control("a cached leaf does not outlive a change of policy"))
def cached_leaf_and_changed_policy(lab):
    """In the control the policy is loaded again as it was."""
    origin = lab.origin()
    daemon = lab.gateway()
    with lab.open("later.test") as kept:
        kept.request("/", "later.test")
        before = daemon.reload(policy="" if lab.in_control else "[blacklist]\ndomain = later.test\n")
        daemon.wait_line("reload", after=before)
        asked = len(origin.requests())
        fresh = lab.get("later.test")
        again = kept.request("/again", "later.test")
    lab.expect("a cached leaf does not outlive a change of policy", fresh.status == 403, fresh)
    lab.expect("nor does a kept connection", again.status in (403, 0) or lab.in_control, again)
    lab.expect("nothing reaches the origin any more", lab.in_control or len(origin.requests()) == asked, "")


@scenario("E01!", control=Control("two CAs have different keys"))
def ca_init(lab):
    """`sallyport ca init`: twice, and never over what is there. In the control the second is a copy of the first."""
    folders = [f"{lab.folder}/{name}" for name in ("one", "two")]
    for folder in folders:
        os.makedirs(folder)
        with open(f"{folder}/sallyport.ini", "w", encoding="ascii") as file:
            file.write(f"[ca]\ncertificate = {folder}/ca.crt\nkey = {folder}/ca.key\n")
        result = lab.command("--config", f"{folder}/sallyport.ini", "ca", "init")
        lab.require("it makes a CA", result.returncode == 0 and os.path.exists(f"{folder}/ca.key"), result)
    if lab.in_control:
        subprocess.run(["cp", f"{folders[0]}/ca.key", f"{folders[1]}/ca.key"], check=True)
    keys = []
    for folder in folders:
        with open(f"{folder}/ca.key", encoding="ascii") as file:
            keys.append(file.read())
    lab.expect("two CAs have different keys", keys[0] != keys[1], "")
    lab.expect("nobody else may read the key", os.stat(f"{folders[0]}/ca.key").st_mode & 0o077 == 0, "")
    again = lab.command("--config", f"{folders[0]}/sallyport.ini", "ca", "init")
    with open(f"{folders[0]}/ca.key", encoding="ascii") as file:
        lab.expect("it overwrites nothing", again.returncode != 0 and file.read() == keys[0], again)
    shown = lab.command("--config", f"{folders[0]}/sallyport.ini", "ca", "show")
    lab.expect("`ca show` shows no key", shown.returncode == 0 and "PRIVATE" not in shown.stdout, shown)


@scenario("A8", control=Control("a CA made by plain openssl works"))
def plain_openssl_root(lab):
    """As tutorials make it: openssl req -x509 -new -nodes -sha256 -days 3650. In the control the client trusts another."""
    lab.origin()
    folder = lab.folder
    lab.client_side.run(["openssl", "genrsa", "-out", f"{folder}/plain.key", "2048"])
    lab.client_side.run(["openssl", "req", "-x509", "-new", "-nodes", "-key", f"{folder}/plain.key", "-sha256", "-days", "3650",
                         "-subj", "/CN=Plain root", "-out", f"{folder}/plain.crt"])
    files = lab.files()
    for name, source, mode in (("ca.crt", "plain.crt", 0o644), ("ca.key", "plain.key", 0o600)):
        with open(f"{folder}/{source}", "rb") as file:
            files.write(name, file.read(), mode)
    lab.gateway(files=files)
    with open(f"{folder}/plain.crt", encoding="ascii") as file:
        trusted = lab.authority.pem() if lab.in_control else file.read()
    result = lab.curl("--resolve", f"plain.test:443:{topology.ORIGIN}", "https://plain.test/", roots=trusted)
    lab.expect("a CA made by plain openssl works", result.returncode == 0, result)
