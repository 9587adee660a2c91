// The names a certificate is for, and whether it is for the one that was meant.
//
// Functions over borrowed certificates; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

// Whether the subjectAltName names `name`, a host name (A-labels; case and a trailing dot do not matter) or an IP
// address in text. RFC 9525 §6: no look at the common name; "*" only as the whole leftmost label, standing for
// exactly one; an IP address only by an iPAddress of the same bytes. A wildcard for a public suffix (*.com,
// *.co.uk) names nothing.
[[nodiscard]] bool certificate_names(const X509* certificate, std::string_view name);

// The host names and addresses in the subjectAltName that a leaf may carry too, at most `limit`, in order, in
// LeafRequest's spelling. For clients that named nobody themselves.
[[nodiscard]] std::vector<std::string> names_in(const X509* certificate, std::size_t limit);

// Lower-case A-labels of 1 to 63 letters, digits, "-" and "_", 253 bytes in all. No wildcard, no trailing dot.
[[nodiscard]] bool is_host_name(std::string_view text);

}  // namespace sallyport::pki
