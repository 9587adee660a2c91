// The interface by which `sallyport doctor` sends a connection of its own.
//
// A constant. LocalAddresses takes it for a LAN interface as any, while it is there and where there are others.
#pragma once

namespace sallyport::netfilter {

inline constexpr const char* probe_interface = "sallyport-probe";

}  // namespace sallyport::netfilter
