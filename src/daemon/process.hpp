// What the process makes of itself before it touches a key or a packet.
//
// Called by main() while there is one thread.
#pragma once

#include <cstddef>

#include "sallyport/base/result.hpp"

namespace sallyport::daemon {

// No core dumps and no ptrace by the same user (a dump would hold the CA's key), files of mode 0600 at most, as many
// descriptors as the hard limit allows, SIGPIPE ignored, standard streams open, OpenSSL without its configuration file,
// and the right to change the network put aside for the one thread that needs it.
[[nodiscard]] Result<void> harden_process();

// How many descriptors may be open now.
[[nodiscard]] std::size_t descriptor_limit();

}  // namespace sallyport::daemon
