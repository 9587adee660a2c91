// JA4: a fingerprint of TLS clients that survives shuffled extensions, by FoxIO's published description
// (https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md). Any thread.
#pragma once

#include <string>

#include "sallyport/wire/client_hello.hpp"

namespace sallyport::tls {

enum class Ja4Transport : char { tcp = 't', quic = 'q' };

// 36 characters, such as "t13d1516h2_8daaf6152771_e5627efa2ab1".
[[nodiscard]] std::string ja4(const wire::ClientHello& hello, Ja4Transport transport);

}  // namespace sallyport::tls
