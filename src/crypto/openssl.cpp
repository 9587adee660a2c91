#include "sallyport/crypto/openssl.hpp"

#include <string>

#include <openssl/err.h>

#include "sallyport/crypto/record_memory.hpp"

namespace sallyport::crypto {

Result<void> initialise() {
  keep_record_memory();
  if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1) return {};
  return std::unexpected(take_error(ErrorKind::system, "starting OpenSSL"));
}

std::string_view library_version() { return OpenSSL_version(OPENSSL_VERSION); }

Error take_error(ErrorKind kind, std::string_view doing) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return Error{kind, std::string(doing) + ": " + (reason != nullptr ? reason : "no reason given by OpenSSL")};
}

}  // namespace sallyport::crypto
