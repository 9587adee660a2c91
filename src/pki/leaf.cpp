#include "sallyport/pki/leaf.hpp"

#include <openssl/err.h>

namespace sallyport::pki {

X509* ReadBack::of(X509* built) const {
  if (!shown_before_.exchange(true, std::memory_order_relaxed)) return built;
  std::call_once(reading_, [&] {
    read_.reset(X509_dup(built));
    // Its key becomes the object that the leaf signs with: SSL_use_PrivateKey() compares the two at each handshake,
    // which takes 14,000 instructions for two objects and none for one. The encoding is not touched.
    if (read_ != nullptr) X509_set_pubkey(read_.get(), X509_get0_pubkey(built));
    ERR_clear_error();  // out of memory: what was built, or read, will do
  });
  return read_ != nullptr ? read_.get() : built;
}

}  // namespace sallyport::pki
