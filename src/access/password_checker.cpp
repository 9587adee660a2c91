#include "sallyport/access/password_checker.hpp"

#include <algorithm>
#include <cstring>

#include "sallyport/io/notification.hpp"

namespace sallyport::access {
namespace {

constexpr std::size_t most_remembered = 16'384;

}  // namespace

// Lives in the coroutine that asks, which does not end before it is answered or withdrawn.
struct PasswordChecker::Question {
  Question(PasswordChecker& given_checker, io::EventLoop& given_loop, CredentialsPtr given_credentials,
           Login given_login, const IpAddress& given_client)
      : checker(given_checker),
        loop(given_loop),
        credentials(std::move(given_credentials)),
        login(std::move(given_login)),
        client(given_client),
        answered(given_loop) {}
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() { crypto::wipe(login.password); }

  PasswordChecker& checker;
  io::EventLoop& loop;
  CredentialsPtr credentials;
  Login login;
  IpAddress client;
  io::Notification answered;
  Result<bool> answer = false;
};

std::size_t PasswordChecker::HashOfDigest::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

Result<std::unique_ptr<PasswordChecker>> PasswordChecker::create() {
  const Result<crypto::KeyedDigest> digest = crypto::KeyedDigest::create();
  if (!digest) return std::unexpected(digest.error());
  return std::unique_ptr<PasswordChecker>(new PasswordChecker(*digest));
}

PasswordChecker::PasswordChecker(crypto::KeyedDigest digest) : digest_(digest) {}

PasswordChecker::~PasswordChecker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<PasswordChecker::Digest> PasswordChecker::digest_of(const Credentials& credentials,
                                                                  const Login& login) const {
  std::string all = login.name;
  all += '\0';
  all += credentials.find(login.name).hash;
  all += '\0';
  all += login.password;
  const Result<Digest> digest = digest_.of(bytes_of(all));
  crypto::wipe(all);
  if (!digest) return std::nullopt;
  return *digest;
}

std::optional<bool> PasswordChecker::recall(const Credentials& credentials, const Login& login) {
  const std::optional<Digest> digest = digest_of(credentials, login);
  if (!digest) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (right_.contains(*digest)) return true;
  const auto wrong = wrong_until_.find(*digest);
  if (wrong == wrong_until_.end()) return std::nullopt;
  if (wrong->second > io::Clock::now()) return false;
  wrong_until_.erase(wrong);
  return std::nullopt;
}

io::Task<Result<bool>> PasswordChecker::check(io::EventLoop& loop, io::Cancellation& cancellation,
                                              CredentialsPtr credentials, Login login, IpAddress client) {
  const std::optional<bool> known = recall(*credentials, login);
  if (known) co_return *known;
  Question question(*this, loop, std::move(credentials), std::move(login), client);
  const Result<void> queued = enqueue(question);
  if (!queued) co_return std::unexpected(queued.error());
  const io::Cancellation::Watch watch(
      cancellation,
      [](void* asked, const Error& why) {
        auto& cancelled = *static_cast<Question*>(asked);
        cancelled.checker.withdraw(cancelled, why);
      },
      &question);
  co_await question.answered.wait_until();
  // Once the thread has let go of the lock, it is done with the question and with the loop.
  const std::lock_guard lock(mutex_);
  co_return question.answer;
}

Result<void> PasswordChecker::enqueue(Question& question) {
  const std::lock_guard lock(mutex_);
  const auto of_client =
      std::ranges::count_if(waiting_, [&](const Question* other) { return other->client == question.client; });
  if (waiting_.size() >= most_waiting || static_cast<std::size_t>(of_client) >= most_waiting_per_client) {
    return fail(ErrorKind::exhausted, "too many passwords are waiting to be checked");
  }
  waiting_.push_back(&question);
  if (!thread_.joinable()) thread_ = std::thread(&PasswordChecker::run, this);
  changed_.notify_one();
  return {};
}

// One that the thread works on is answered by it, within one hash.
void PasswordChecker::withdraw(Question& question, const Error& why) {
  const std::lock_guard lock(mutex_);
  if (waiting_.remove(&question) == 0) return;
  question.answer = std::unexpected(why);
  question.answered.notify();
}

void PasswordChecker::remember(const std::optional<Digest>& digest, bool right) {
  if (!digest) return;
  if (right) {
    if (right_.size() >= most_remembered) right_.clear();
    right_.insert(*digest);
    return;
  }
  if (wrong_until_.size() >= most_remembered) wrong_until_.clear();
  wrong_until_.insert_or_assign(*digest, io::Clock::now() + wrong_for);
}

void PasswordChecker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Question& question = *waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    const Credentials::Entry entry = question.credentials->find(question.login.name);
    const bool same = matches(question.login.password, entry.hash);
    const bool right = same && entry.exists;
    const std::optional<Digest> digest = digest_of(*question.credentials, question.login);
    lock.lock();
    remember(digest, right);
    question.answer = right;
    question.loop.post([&question] { question.answered.notify(); });
  }
}

}  // namespace sallyport::access
