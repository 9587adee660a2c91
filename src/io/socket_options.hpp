// Socket options that listeners and dials have in common.
#pragma once

#include "sallyport/base/ip_address.hpp"
#include "sallyport/base/result.hpp"
#include "sallyport/base/unique_fd.hpp"

namespace sallyport::io {

// A new non-blocking TCP socket of that family.
Result<UniqueFd> new_tcp_socket(int family);
// IP_TRANSPARENT or IPV6_TRANSPARENT: bind to, and accept for, addresses that are not ours.
Result<void> set_transparent(int socket, int family);
Result<void> set_option(int socket, int level, int option, int value, const char* name);
// No delay for small writes: an exchange's head must not wait for an ACK.
void set_no_delay(int socket);

}  // namespace sallyport::io
