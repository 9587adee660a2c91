// CaDownload: the CA certificate in the forms that clients' trust stores take.
//
// Pure function over an immutable CA; any thread.
#pragma once

#include <string>

#include "sallyport/pki/certificate_authority.hpp"

namespace sallyport::pki {

struct CaDownload {
  std::string subject;      // RFC 2253
  std::string fingerprint;  // SHA-256 of the certificate, AB:CD:…
  std::string pem;
  std::string der;
  // An unsigned profile for Apple's devices that installs the certificate. Its identifiers follow from the certificate,
  // so that it replaces itself and no other CA's.
  std::string mobileconfig;
};

// Error system: the certificate could not be encoded (out of memory).
[[nodiscard]] Result<CaDownload> make_ca_download(const CertificateAuthority& ca);

}  // namespace sallyport::pki
