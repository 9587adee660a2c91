// PasswordChecker: whether a password is right, without a worker ever waiting for crypt(3).
//
// One for all workers, which it outlives. recall() answers at once what was found out before; check() asks the
// checker's own thread, whose queue is bounded, and for each client address too, so that one who guesses does not keep
// the others waiting. Nothing is kept of a password but a digest under a key of this process.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "sallyport/access/credentials.hpp"
#include "sallyport/base/ip_address.hpp"
#include "sallyport/crypto/keyed_digest.hpp"
#include "sallyport/io/cancellation.hpp"
#include "sallyport/io/event_loop.hpp"
#include "sallyport/io/task.hpp"

namespace sallyport::access {

struct Login {
  std::string name;
  std::string password;
};

class PasswordChecker {
 public:
  static constexpr std::size_t most_waiting = 64;
  static constexpr std::size_t most_waiting_per_client = 4;
  // A wrong password is remembered for so long: a machine that keeps sending one costs nothing.
  static constexpr std::chrono::seconds wrong_for{10};

  // Error system: no random key.
  static Result<std::unique_ptr<PasswordChecker>> create();
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  // Any thread. nullopt: not known yet. What the file says now counts: a line that changed is not known.
  [[nodiscard]] std::optional<bool> recall(const Credentials& credentials, const Login& login);

  // The loop's thread. Errors: exhausted (too many are waiting), cancelled.
  io::Task<Result<bool>> check(io::EventLoop& loop, io::Cancellation& cancellation, CredentialsPtr credentials,
                               Login login, IpAddress client);

 private:
  struct Question;
  using Digest = crypto::KeyedDigest::Digest;
  struct HashOfDigest {
    std::size_t operator()(const Digest& digest) const;
  };

  explicit PasswordChecker(crypto::KeyedDigest digest);
  [[nodiscard]] std::optional<Digest> digest_of(const Credentials& credentials, const Login& login) const;
  [[nodiscard]] Result<void> enqueue(Question& question);
  void withdraw(Question& question, const Error& why);
  void remember(const std::optional<Digest>& digest, bool right);
  void run();

  const crypto::KeyedDigest digest_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Below: protected by mutex_.
  std::list<Question*> waiting_;
  std::unordered_set<Digest, HashOfDigest> right_;
  std::unordered_map<Digest, io::TimePoint, HashOfDigest> wrong_until_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sallyport::access
