// Certificates and keys out of PEM text (RFC 7468).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

// Every certificate in `text`, in order; other blocks are skipped. `where` is named in the errors: a block that
// is cut short, does not decode or is followed by something inside its own block, and no certificate at all.
[[nodiscard]] Result<std::vector<crypto::X509Ptr>> certificates_in(std::string_view text, const std::string& where);

struct PemKey {
  crypto::PkeyPtr key;
  bool encrypted = false;
};

// The first private key in `text`, decrypted with `passphrase` where it is encrypted.
[[nodiscard]] Result<PemKey> private_key_in(std::string_view text, std::optional<std::string_view> passphrase,
                                            const std::string& where);

// The certificate as a PEM block.
[[nodiscard]] std::string to_pem(X509* certificate);

}  // namespace sallyport::pki
