#include "sallyport/crypto/openssl.hpp"

#include <string>

#include <openssl/err.h>

namespace sallyport::crypto {

Error take_error(ErrorKind kind, std::string_view doing) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return Error{kind, std::string(doing) + ": " + (reason != nullptr ? reason : "no reason given by OpenSSL")};
}

}  // namespace sallyport::crypto
