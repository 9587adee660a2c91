#include "sallyport/doctor/checks.hpp"

#include <array>

#include "checks_declared.hpp"

namespace sallyport::doctor {
namespace {

constexpr bool always = false;
constexpr bool where_clients_are_steered = true;

constexpr std::array table = {
    Check{"kernel", where_clients_are_steered, check_kernel},
    Check{"privileges", always, check_privileges},
    Check{"forwarding", where_clients_are_steered, check_forwarding},
    Check{"rp_filter", where_clients_are_steered, check_reverse_path},
    Check{"marks", where_clients_are_steered, check_marks},
    Check{"interfaces", always, check_interfaces},
    Check{"rules", where_clients_are_steered, check_rules},
    Check{"listener", always, check_listener},
    Check{"ca", always, check_authority},
    Check{"clock", always, check_clock},
    Check{"dns", always, check_names},
    Check{"descriptors", always, check_descriptors},
    Check{"conntrack", where_clients_are_steered, check_conntrack},
    Check{"firewall", where_clients_are_steered, check_firewall},
};

}  // namespace

std::span<const Check> checks() { return table; }

bool steers(const config::Settings& settings) {
  const bool listens = !settings.listen.transparent.empty() || !settings.listen.transparent_http.empty();
  return listens && !settings.gateway.lan_interfaces.empty();
}

}  // namespace sallyport::doctor
