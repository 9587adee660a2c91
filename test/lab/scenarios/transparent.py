"""An unconfigured client's HTTPS, steered by the shipped rules (A3)."""

from harness import topology, workload
from harness.nginx import Nginx, sha256_of
from harness.scenario import Control, scenario


def _ordinary(lab, way, origin, address):
    bracketed = f"[{address}]" if ":" in address else address
    workload.ordinary_requests(lab, origin, way, ["--resolve", f"shop.test:443:{bracketed}"])

    def opened():
        return lab.open("shop.test", address)
    workload.keep_alive(lab, way, opened, "shop.test")
    workload.pipelined(lab, way, opened, "shop.test")


def _origin(lab):
    return lab.origin(behaviours={"/range": workload.ranged, "/number": workload.numbered})


@scenario("A3", control=Control("every request was decrypted here", passthrough=True))
def ordinary_requests(lab):
    origin = _origin(lab)
    daemon = lab.gateway()
    if not lab.in_control:
        _ordinary(lab, "IPv4", origin, topology.ORIGIN)
        _ordinary(lab, "IPv6", origin, topology.ORIGIN6)
    for address in (topology.ORIGIN, topology.ORIGIN6):
        lab.get("shop.test", address=address)
    logged, asked = len(lab.exchanges(daemon, len(origin.requests()))), len(origin.requests())
    lab.expect("every request was decrypted here", logged == asked, f"{logged} log lines, {asked} requests at the origin")
    peers = {connection.peer[0] for connection in origin.connections}
    lab.expect("the origin sees the client's address", peers == {topology.CLIENT, topology.CLIENT6}, peers)


@scenario("A3", masquerade=True, control=Control("every request was decrypted here", passthrough=True))
def ordinary_requests_behind_masquerade(lab):
    origin = _origin(lab)
    daemon = lab.gateway()
    if not lab.in_control:
        _ordinary(lab, "IPv4 masqueraded", origin, topology.ORIGIN)
        _ordinary(lab, "IPv6 masqueraded", origin, topology.ORIGIN6)
    lab.get("shop.test")
    logged, asked = len(lab.exchanges(daemon, len(origin.requests()))), len(origin.requests())
    lab.expect("every request was decrypted here", logged == asked, f"{logged} log lines, {asked} requests at the origin")
    peers = {connection.peer[0] for connection in origin.connections}
    lab.expect("the origin sees the gateway's address", peers <= {topology.GATEWAY_WAN, topology.GATEWAY_WAN6}, peers)


def _bulk(lab, way, curl_options):
    nginx = Nginx(lab, ["bulk.test"], [topology.ORIGIN, topology.ORIGIN6])
    source = f"{nginx.root}/bulk"
    digest = workload.bulk_file(source)
    daemon = lab.gateway()
    lab.curl(*curl_options, "https://bulk.test/small", check=True)
    for direction, arguments in (("down", ["--output", f"{lab.large_folder()}/down", "https://bulk.test/bulk"]),
                                 ("up", ["--upload-file", source, "https://bulk.test/upload/bulk"])):
        idle = daemon.resident_kib()
        daemon.reset_peak()
        before = daemon.cpu_seconds()
        result = lab.curl(*curl_options, "--max-time", "400", *arguments, "--write-out", "%{time_total}", timeout=420)
        grown = daemon.peak_resident_kib() - idle
        lab.expect(f"{way}: 1 GiB {direction}", result.returncode == 0, result.stderr)
        lab.note(f"{way}, 1 GiB {direction}: {result.stdout} s, {daemon.cpu_seconds() - before:.2f} CPU s, "
                 f"memory grew by {grown / 1024:.1f} MiB over {idle / 1024:.1f} MiB")
        if lab.measures:
            lab.expect(f"{way}: memory stays within 16 MiB of idle", grown <= workload.BULK_MEMORY_KIB, f"{grown} KiB")
    lab.expect(f"{way}: equal hashes", sha256_of(f"{lab.large_folder()}/down") == digest
               and sha256_of(f"{nginx.root}/upload/bulk") == digest, digest)


@scenario("A3", timeout=900)
def bulk(lab):
    _bulk(lab, "transparent", ["--resolve", f"bulk.test:443:{topology.ORIGIN}"])


@scenario("A4", timeout=900)
def bulk_by_connect(lab):
    lab.name_server()
    _bulk(lab, "by CONNECT", ["--proxy", f"http://{topology.GATEWAY_LAN}:8080"])
