#include "sallyport/pki/leaf.hpp"

#include <openssl/err.h>

namespace sallyport::pki {

X509* ReadBack::of(X509* built) const {
  if (!shown_before_.exchange(true, std::memory_order_relaxed)) return built;
  std::call_once(reading_, [&] {
    read_.reset(X509_dup(built));
    if (read_ == nullptr) ERR_clear_error();  // out of memory: what was built will do
  });
  return read_ != nullptr ? read_.get() : built;
}

}  // namespace sallyport::pki
