#include "sallyport/netfilter/steering_settings.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::netfilter;

TEST(prints_what_the_script_reads) {
  const SteeringSettings settings{
      .lan_interfaces = {"eth1", "br-lan.20"},
      .ports = {443, 8443},
      .transparent = {*Endpoint::parse("[::]:8444"), *Endpoint::parse("0.0.0.0:8443"), *Endpoint::parse("10.0.0.1:1")},
      .transparent_http = {*Endpoint::parse("[::]:8480")},
      .quic_queue = 7,
      .steering_queue = 65535,
  };
  CHECK_EQUAL(*steering_settings_text(settings),
              "LAN_INTERFACES=eth1 br-lan.20\nPORTS=443 "
              "8443\nTPROXY_V4=0.0.0.0:8443\nTPROXY_V6=[::]:8444\nHTTP_V4=\nHTTP_V6=[::]:8480\nQUIC_QUEUE=7\n"
              "WHEN_STOPPED=open\nSTEERING_QUEUE=65535\n");
}

TEST(absent_values_are_empty) {
  CHECK_EQUAL(*steering_settings_text({}),
              "LAN_INTERFACES=\nPORTS=\nTPROXY_V4=\nTPROXY_V6=\nHTTP_V4=\nHTTP_V6=\nQUIC_QUEUE=\n"
              "WHEN_STOPPED=closed\nSTEERING_QUEUE=\n");
}

TEST(refuses_what_a_shell_or_iptables_would_misread) {
  for (const char* name :
       {"", "eth+", "-i", "eth 0", "eth0;reboot", "$(id)", "eth0\n", "sixteen_bytes_xx", ".", "..", "a/b", "!eth0"}) {
    CHECK(!is_interface_name(name));
    SteeringSettings settings;
    settings.lan_interfaces = {name};
    CHECK(!steering_settings_text(settings));
  }
  for (const char* name : {"eth0", "enp3s0f1", "vlan.20", "br-lan", "wg_0", "exactly15bytes_"})
    CHECK(is_interface_name(name));
}

UNIT_MAIN(UNIT_TEST(prints_what_the_script_reads), UNIT_TEST(absent_values_are_empty),
          UNIT_TEST(refuses_what_a_shell_or_iptables_would_misread))
