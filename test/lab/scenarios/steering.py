"""The kernel rules: up, down, nothing left; who is steered and who is not (M03; I04, I08)."""

from harness import client, topology
from harness.scenario import Control, scenario

NOTHING = "nothing is left after down"


def _kernel_state(lab):
    """All rules and routes of the gateway."""
    commands = (["iptables-save"], ["ip6tables-save"], ["ip", "rule"], ["ip", "-6", "rule"],
                ["ip", "route", "show", "table", "all"], ["ip", "-6", "route", "show", "table", "all"])
    lines = [line for command in commands for line in lab.gateway_side.run(command).stdout.splitlines()]
    return [line.split("[")[0].rstrip() for line in lines if not line.startswith("#")
            and "fe80:" not in line]  # the kernel makes those when it is ready


@scenario("M03", control=Control(NOTHING), masquerade=True)
def up_and_down(lab):
    """Beside rules of others. In the control they are not taken down."""
    lab.gateway_side.run(["iptables", "-t", "mangle", "-A", "PREROUTING", "-p", "udp", "-j", "ACCEPT"])
    before = _kernel_state(lab)
    lab.origin()
    lab.gateway(steered=False)
    lab.steer("up")
    first = _kernel_state(lab)
    lab.steer("up")
    lab.expect("up twice is up once", _kernel_state(lab) == first, "")
    lab.expect("it steers", lab.get("up.test").leaf.issuer == lab.authority.certificate.subject or lab.in_control, "")
    lab.expect("status says so", lab.steer("status", check=False).returncode == 0, "")
    if not lab.in_control:
        lab.steer("down")
        lab.steer("down")
    after = _kernel_state(lab)
    lab.expect(NOTHING, sorted(after) == sorted(before), f"more: {set(after) - set(before)} less: {set(before) - set(after)}")


@scenario("M03 A15", control=Control("nothing is steered without lan_interfaces", settings={"gateway.lan_interfaces": "lan0"}))
def no_interface_no_rules(lab):
    lab.origin()
    lab.gateway({"gateway.lan_interfaces": ""})
    context = client.tls_context(None)
    leaf = lab.get("plain.test", context=context).leaf
    lab.expect("nothing is steered without lan_interfaces", leaf.issuer == lab.root.certificate.subject, leaf.issuer)
    said = lab.steer("up")
    lab.expect("it says that nothing is intercepted", lab.in_control or "nothing is intercepted" in said.stdout, said)


@scenario("M03 I07", control=Control("another port is steered where it is listed", settings={"gateway.ports": "443"}))
def other_ports(lab):
    lab.origin(port=8443)
    lab.origin(port=9443)
    lab.gateway({"gateway.ports": "443, 8443"})
    context = client.tls_context(None)
    for address in (topology.ORIGIN, topology.ORIGIN6):
        leaf = lab.get("port.test", address=address, port=8443, host="port.test:8443", context=context).leaf
        lab.expect("another port is steered where it is listed", leaf.issuer == lab.authority.certificate.subject, leaf.issuer)
        leaf = lab.get("port.test", address=address, port=9443, host="port.test:9443", context=context).leaf
        lab.expect("others are not", leaf.issuer == lab.root.certificate.subject, leaf.issuer)


@scenario("M03", control=Control("it listens where it is told", settings={"listen.transparent": "0.0.0.0:8443, [::]:8443"}))
def listener_elsewhere(lab):
    lab.origin()
    lab.gateway({"listen.transparent": "0.0.0.0:9999, [::]:9998", "gateway.workers": "3"})
    listening = lab.gateway_side.run(["ss", "-Hltn"]).stdout
    lab.expect("it listens where it is told", ":9999" in listening and ":9998" in listening and ":8443" not in listening,
               listening)
    for address in (topology.ORIGIN, topology.ORIGIN6):
        answer = lab.get("moved.test", address=address)
        lab.expect("clients reach it there", answer.status == 200, answer)


CLOSED = "nothing passes unseen while the daemon is away"


@scenario("I08!", control=Control(CLOSED))
def closed_while_stopped(lab):
    """In the control the rules are down as well."""
    lab.origin()
    daemon = lab.gateway()
    daemon.stop()
    if lab.in_control:
        lab.steer("down")
    with lab.capture_wan() as wire:
        for address in (topology.ORIGIN, topology.ORIGIN6):
            try:
                lab.get("away.test", address=address, timeout=1)
            except OSError:
                pass
    lab.expect(CLOSED, not wire.to_port(443), [str(one) for one in wire.packets[:3]])
