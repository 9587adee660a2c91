// RsaKeyPool: RSA-2048 keys made ahead, for the few clients that cannot do ECDSA.
//
// One key costs 50 to 200 ms of CPU, which no worker can wait for: a thread of the pool's own makes them, started
// by the first call. While fresh keys last each is given out once; when they run out, the newest one is given
// again until the thread has caught up. take() and prepare() from any thread; the owner destroys the pool after
// its callers are gone, which joins the thread (within one key generation).
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "sallyport/base/result.hpp"
#include "sallyport/crypto/openssl.hpp"

namespace sallyport::pki {

class RsaKeyPool {
 public:
  explicit RsaKeyPool(std::size_t capacity = 8);
  ~RsaKeyPool();
  RsaKeyPool(const RsaKeyPool&) = delete;
  RsaKeyPool& operator=(const RsaKeyPool&) = delete;

  // Starts making keys, so that a later take() finds one. Does not wait.
  void prepare();

  // A key, at once if there ever was one; otherwise waits up to `patience` for the very first.
  // Error exhausted: none came in time.
  [[nodiscard]] Result<crypto::PkeyPtr> take(std::chrono::milliseconds patience = std::chrono::seconds(2));

 private:
  void start_locked();
  void run();

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Below: protected by mutex_.
  std::deque<crypto::PkeyPtr> fresh_;
  crypto::PkeyPtr spare_;  // the newest key that was given out
  bool stopping_ = false;
  std::thread maker_;
};

}  // namespace sallyport::pki
