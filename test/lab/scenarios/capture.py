"""`sallyport capture`: what a client and an origin say to each other, in a file that tshark opens without any key."""

import os
import signal
import subprocess

from harness import topology
from harness.scenario import Control, scenario
from harness.versatile import Client, VersatileOrigin

_SECRET = "/a-path-that-only-the-ends-know"


class _Capture:
    """The command at work, far longer than anything here takes. `file` grows as packets come."""

    def __init__(self, lab, daemon, *options):
        self._lab, self._daemon = lab, daemon
        self.file = os.path.join(lab.folder, "captured.pcapng")
        self._process = lab.gateway_side.start([lab.world.command_program, "--config", daemon.files.config, "capture",
                                                "--seconds", "600", "--output", self.file, *options])
        # It begins once every worker listens.
        lab.require("the capture has begun", lab.until(lambda: os.path.exists(self.file) and os.path.getsize(self.file) > 0))

    def end(self):
        """Ends it as an admin's Ctrl-C does, and waits until the gateway has noticed."""
        before = len(self._daemon.lines)
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        self._lab.expect("the gateway notices that the reader has gone", self._daemon.wait_line(
            r"capture \d+ has ended", after=before))


def _read(lab, file, wanted, *fields):
    """What tshark prints of the fields of the packets that fit, with no preferences and no key file of anybody's."""
    arguments = ["tshark", "-n", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-r", file, "-Y", wanted,
                 "-T", "fields", *(part for field in fields for part in ("-e", field))]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False,
                          env={"PATH": os.environ["PATH"], "HOME": lab.folder})
    return sorted(line for line in done.stdout.splitlines() if line)


@scenario("D3!", control=Control("both sides' requests are read", policy="[passthrough]\ndomain = *.example.test\nproof = none\n"))
def opened_without_a_key_file(lab):
    """HTTP/1.1 and HTTP/2, IPv4 and IPv6, towards the client and towards the origin; of the wanted name alone."""
    daemon = lab.gateway()
    VersatileOrigin(lab, {}, lambda flow: flow.respond(b"what the origin says"))
    capture = _Capture(lab, daemon, "--client", topology.CLIENT, "--name", "*.example.test")
    if not lab.in_control:
        lab.get("other.test", "/not-wanted")
        lab.get("h1.example.test", "/over-six", address=topology.ORIGIN6)
        with Client(lab, "h2", "h2.example.test") as made:
            made.ask("GET", _SECRET).body()
    lab.get("h1.example.test", _SECRET)
    if lab.in_control:
        daemon.wait_line("PASSED-THROUGH")

    def read():
        one = _read(lab, capture.file, "http.request", "http.host", "http.request.uri")
        two = _read(lab, capture.file, "http2.headers.path", "http2.headers.authority", "http2.headers.path")
        return one, two

    def requests_of(name):
        one, two = read()
        return len([line for line in one + two if name in line and _SECRET in line])

    found = requests_of("h1.") == 2 if lab.in_control else lab.until(
        lambda: requests_of("h1.") == 2 and requests_of("h2.") == 2)
    lab.expect("both sides' requests are read", found, read())
    capture.end()
    if lab.in_control:
        return
    one, two = read()
    lab.expect("nobody else is in it", not [line for line in one + two if "other.test" in line or "over-six" in line], (one, two))
    lab.expect("the file is its owner's alone", os.stat(capture.file).st_mode & 0o777 == 0o600, oct(os.stat(capture.file).st_mode))
    bodies = _read(lab, capture.file, "http.file_data", "http.file_data")
    lab.expect("bodies too", bodies, bodies)
    segments = _read(lab, capture.file, "tcp", "ip.checksum.status", "tcp.checksum.status", "tcp.analysis.lost_segment")
    lab.expect("every checksum is right, and no segment missing", set(segments) == {"1\t1\t"}, segments)
    lab.expect("the log says who asked for what", daemon.wait_line(
        r"capture \d+ begins: \*\.example\.test of 10\.1\.0\.2 for 600 s, asked for by user 0"))


@scenario("D3")
def refusals_and_bounds(lab):
    """Names of [never-record] are never captured; wrong wishes are explained; IPv6 clients are captured as well."""
    daemon = lab.gateway(policy="[never-record]\ndomain = clinic.example.test\n")
    lab.origin()
    capture = _Capture(lab, daemon, "--name", "*.example.test")
    lab.get("clinic.example.test", "/patient/7")
    lab.get("six.example.test", "/six", address=topology.ORIGIN6)

    def seen():
        return _read(lab, capture.file, "http.request", "http.host", "ipv6.src", "http.request.uri")

    lab.expect("IPv6 is read, on both sides", lab.until(
        lambda: len([line for line in seen() if "six.example.test" in line and "fd10" in line]) == 2), seen())
    capture.end()
    lab.expect("and no name that leaves no trace", not [line for line in seen() if "clinic" in line], seen())
    file = os.path.join(lab.folder, "short.pcapng")

    def command(*options):
        return lab.command("--config", daemon.files.config, "capture", "--output", file, *options)

    for options, words in ((("--name", "a b"), "name"), (("--name", "a.test", "--client", "x"), "not an address")):
        done = command(*options)
        lab.expect(f"said: {words}", done.returncode == 1 and words in done.stderr and not os.path.exists(file), done)
    done = command("--name", "a.test", "--seconds", "1")
    lab.expect("its time ends it, and what it holds is said", done.returncode == 0 and "captured in" in done.stderr
               and os.path.getsize(file) > 0, done)
