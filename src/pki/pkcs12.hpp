// A key and certificates out of a PKCS#12 file (RFC 7292).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

struct Pkcs12Contents {
  crypto::PkeyPtr key;
  std::vector<crypto::X509Ptr> certificates;
};

// Reads modern (PBES2) and old (RC2, 3DES) files. The old algorithms live in OpenSSL's legacy provider, which is
// loaded for this call alone, in a library context of its own; what is returned belongs to the default context.
[[nodiscard]] Result<Pkcs12Contents> open_pkcs12(std::string_view der, std::optional<std::string_view> passphrase,
                                                 const std::string& where);

}  // namespace sallyport::pki
