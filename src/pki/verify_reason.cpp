#include "sallyport/pki/verify_reason.hpp"

#include <openssl/x509_vfy.h>

namespace sallyport::pki {

std::string reason_of(int verify_error) {
  switch (verify_error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "host name mismatch";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "self-signed certificate";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "untrusted root: self-signed certificate in certificate chain";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "untrusted issuer: unable to get local issuer certificate";
    case X509_V_ERR_INVALID_PURPOSE:
      return "certificate is not for TLS servers";
    default:
      return X509_verify_cert_error_string(verify_error);
  }
}

}  // namespace sallyport::pki
