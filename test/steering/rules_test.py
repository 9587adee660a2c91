"""The rules going up and down: as the configuration says, and nothing of it or of others' lost or left."""

import os

from box import Configured, without_empty_tables, write_command
from harness import check, test


@test
def is_idempotent_and_leaves_nothing(box):
    before = box.state()
    check("status before", box.steer("status", check_status=False).returncode, 3)
    box.up()
    up = box.state()
    check("status up", box.steer("status").returncode, 0)
    box.up()
    check("a second up", box.state(), up)
    box.steer("--lan", "lan0", "--ports", "8444", "up")
    assert "--dport 443" not in box.state()
    box.steer("down")
    box.steer("down")
    # The legacy variant shows a table from the moment it was first looked at; nf_tables shows what is in use.
    check("after down", without_empty_tables(box.state()), without_empty_tables(before))
    if box.variant == "nft":
        check("after down, exactly", box.state(), before)
    state_folder = box.namespaces.run("gateway", "echo /run/sallyport-steering/$(readlink /proc/self/ns/net | tr -dc 0-9)")
    check("state files", os.path.exists(state_folder.stdout.strip()), False)


@test
def leaves_rules_of_others(box):
    box.tables("-t mangle -A PREROUTING -p udp -j MARK --set-mark 7")
    box.tables("-t mangle -N SALLY")
    box.tables("-t nat -A POSTROUTING -o wan0 -j MASQUERADE")
    box.tables("-A INPUT -p tcp --dport 22 -j ACCEPT")
    box.tables("-P FORWARD DROP")
    before = box.state()
    box.up()
    box.steer("down")
    check("after down", without_empty_tables(box.state()), without_empty_tables(before))


@test
def follows_the_configuration(box):
    before = box.state()
    with Configured(box, "LAN_INTERFACES=\\nPORTS=443\\nTPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=[::]:8443") as \
            (empty, environment):
        box.sallyport = empty
        assert "nothing is intercepted" in box.steer("up", environment=environment).stdout
        check("nothing installed", box.state(), before)
    with Configured(box, "LAN_INTERFACES=lan0 lan1\\nPORTS=443\\nTPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=[::]:8443") as \
            (good, environment):
        box.sallyport = good
        box.steer("up", environment=environment)
        up = box.state()
        box.steer("down")
        # The file breaks; what last worked goes on.
        write_command(good, box.real_sallyport, "exit 78")
        assert "last worked" in box.steer("up", environment=environment).stderr
        check("as before", box.state(), up)
        # The admin empties lan_interfaces: up takes down.
        write_command(good, box.real_sallyport, "printf 'LAN_INTERFACES=\\nPORTS=443\\n'")
        box.steer("up", environment=environment)
        check("taken down", without_empty_tables(box.state()), without_empty_tables(before))
    with Configured(box, "") as (broken, environment):
        write_command(broken, box.real_sallyport, "exit 78")
        box.sallyport = broken
        check("no earlier settings", box.steer("up", environment=environment, check_status=False).returncode, 78)
        write_command(broken, box.real_sallyport, "printf 'LAN_INTERFACES=lan0;reboot\\nPORTS=443\\nTPROXY_V4=0.0.0.0:1\\n'")
        check("not an interface", box.steer("up", environment=environment, check_status=False).returncode, 78)
