// Every check, by the file it stands in. What each looks at is said there.
#pragma once

#include "sallyport/doctor/checks.hpp"

namespace sallyport::doctor {

// check_kernel.cpp
Findings check_kernel(const Context& context);
Findings check_privileges(const Context& context);
// check_routing.cpp
Findings check_forwarding(const Context& context);
Findings check_reverse_path(const Context& context);
Findings check_marks(const Context& context);
// check_rules.cpp
Findings check_interfaces(const Context& context);
Findings check_rules(const Context& context);
// check_daemon.cpp
Findings check_listener(const Context& context);
Findings check_descriptors(const Context& context);
// check_authority.cpp
Findings check_authority(const Context& context);
Findings check_clock(const Context& context);
// check_surroundings.cpp
Findings check_names(const Context& context);
Findings check_conntrack(const Context& context);
// check_firewall.cpp
Findings check_firewall(const Context& context);

}  // namespace sallyport::doctor
