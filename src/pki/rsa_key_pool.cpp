#include "sallyport/pki/rsa_key_pool.hpp"

#include <sys/resource.h>

namespace sallyport::pki {
namespace {

constexpr int lowest_priority = 19;  // of the calling thread alone, see sched(7)

}  // namespace

RsaKeyPool::RsaKeyPool(std::size_t capacity) : capacity_(capacity) {
  // OpenSSL tidies up at exit from the moment it was first used: used before us, it does so after us, and never
  // under the thread's feet.
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);  // with no option at all it does nothing
}

RsaKeyPool::~RsaKeyPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (maker_.joinable()) maker_.join();
}

void RsaKeyPool::prepare() {
  const std::lock_guard lock(mutex_);
  start_locked();
}

Result<crypto::PkeyPtr> RsaKeyPool::take(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  start_locked();
  if (fresh_.empty() && spare_ == nullptr) {
    changed_.wait_for(lock, patience, [this] { return !fresh_.empty(); });
  }
  if (!fresh_.empty()) {
    spare_ = std::move(fresh_.front());
    fresh_.pop_front();
    changed_.notify_all();
  }
  if (spare_ == nullptr) return fail(ErrorKind::exhausted, "no RSA key for a leaf is ready yet");
  return crypto::up_ref(spare_.get());
}

void RsaKeyPool::start_locked() {
  if (!maker_.joinable()) maker_ = std::thread(&RsaKeyPool::run, this);
}

void RsaKeyPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || fresh_.size() < capacity_; });
    if (stopping_) return;
    lock.unlock();
    crypto::PkeyPtr key(EVP_RSA_gen(2048));
    lock.lock();
    if (key == nullptr) {
      // No random numbers or no memory: try again later instead of spinning.
      changed_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
      continue;
    }
    fresh_.push_back(std::move(key));
    changed_.notify_all();
    // Somebody may be waiting for the first one; the spares are made while the workers leave the core alone.
    ::setpriority(PRIO_PROCESS, 0, lowest_priority);
  }
}

}  // namespace sallyport::pki
