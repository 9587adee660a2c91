#include "sallyport/http/upstream_pool.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace sallyport::http {

// One idle connection, waiting for its end.
class UpstreamPool::Idle final : public io::StreamWaiter {
 public:
  Idle(UpstreamPool& pool, std::string key, OriginConnectionPtr connection)
      : pool_(pool), key_(std::move(key)), connection_(std::move(connection)) {}
  Idle(const Idle&) = delete;
  Idle& operator=(const Idle&) = delete;
  ~Idle() override {
    if (connection_) connection_->stream().stop_waiting(*this);
  }

  [[nodiscard]] bool alive() { return connection_->quiet(); }
  void watch() { connection_->stream().wait(io::Interest::readable, *this); }
  OriginConnectionPtr release() {
    connection_->stream().stop_waiting(*this);
    return std::move(connection_);
  }

  void on_wait_over(io::WaitOutcome outcome) override {
    if (outcome == io::WaitOutcome::ready && alive()) {
      watch();
      return;
    }
    dead_ = true;
    pool_.loop_.make_ready(&UpstreamPool::remove_dead, &pool_);
  }

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] bool dead() const { return dead_; }

 private:
  UpstreamPool& pool_;
  std::string key_;
  OriginConnectionPtr connection_;
  bool dead_ = false;
};

UpstreamPool::UpstreamPool(io::EventLoop& loop, std::size_t capacity) : loop_(loop), capacity_(capacity) {}

UpstreamPool::~UpstreamPool() {
  clear();
  shared_by_key_.clear();
  shared_.clear();
  loop_.forget_ready(this);
}

void UpstreamPool::put(const std::string& key, OriginConnectionPtr connection, io::Duration idle) {
  if (idle == io::Duration::zero() || capacity_ == 0) return;
  connection->input().release_if_empty();
  connection->mark_idled();
  connection->stream().set_deadline(loop_.now() + idle);
  if (idle_.size() >= capacity_) forget(std::prev(idle_.end()));
  idle_.emplace_front(*this, key, std::move(connection));
  by_key_[key].push_back(idle_.begin());
  idle_count_.set(idle_.size());
  idle_.front().watch();
}

OriginConnectionPtr UpstreamPool::take(const std::string& key) {
  for (auto known = by_key_.find(key); known != by_key_.end(); known = by_key_.find(key)) {
    const Position position = known->second.back();
    const bool alive = !position->dead() && position->alive();
    OriginConnectionPtr connection = position->release();
    forget(position);
    if (alive) return connection;
  }
  return nullptr;
}

void UpstreamPool::clear() {
  by_key_.clear();
  idle_.clear();
  idle_count_.set(0);
  for (const Shared& shared : shared_) shared.connection->retire();
}

void UpstreamPool::share(const std::string& key, OriginConnectionPtr connection, io::BufferPool& buffers,
                         const http2::SharedOptions& options) {
  if (shared_.size() >= capacity_) make_way();
  shared_.push_front({key, std::make_unique<http2::SharedConnection>(std::move(connection), buffers, options,
                                                                     &UpstreamPool::on_shared_over, this)});
  shared_by_key_[key].push_back(shared_.front().connection.get());
  shared_count_.set(shared_.size());
}

http2::SharedConnection* UpstreamPool::shared(const std::string& key) const {
  const auto known = shared_by_key_.find(key);
  if (known == shared_by_key_.end()) return nullptr;
  // What one connection was told is taken to hold for another that was told nothing yet: there, a stream too many would
  // be refused.
  std::size_t expected = std::numeric_limits<std::size_t>::max();
  for (const http2::SharedConnection* connection : known->second) {
    expected = std::min(expected, std::max(connection->allowed().value_or(expected), std::size_t{1}));
  }
  const auto taking = std::find_if(known->second.begin(), known->second.end(), [&](const auto* connection) {
    return connection->takes_another() && (connection->allowed() || connection->exchanges() < expected);
  });
  return taking == known->second.end() ? nullptr : *taking;
}

// The oldest one that nobody uses goes, once the loop goes on.
void UpstreamPool::make_way() {
  const auto unused = std::find_if(shared_.rbegin(), shared_.rend(),
                                   [](const Shared& shared) { return shared.connection->exchanges() == 0; });
  if (unused != shared_.rend()) unused->connection->retire();
}

void UpstreamPool::on_shared_over(void* self) {
  auto& pool = *static_cast<UpstreamPool*>(self);
  // Not out of the connection's own call.
  if (!std::exchange(pool.removal_scheduled_, true)) pool.loop_.make_ready(&UpstreamPool::remove_dead, &pool);
}

void UpstreamPool::remove_over() {
  for (auto position = shared_.begin(); position != shared_.end();) {
    const auto next = std::next(position);
    if (position->connection->over()) {
      const auto known = shared_by_key_.find(position->key);
      std::erase(known->second, position->connection.get());
      if (known->second.empty()) shared_by_key_.erase(known);
      shared_.erase(position);
    }
    position = next;
  }
  shared_count_.set(shared_.size());
}

void UpstreamPool::forget(Position position) {
  const auto known = by_key_.find(position->key());
  std::erase(known->second, position);
  if (known->second.empty()) by_key_.erase(known);
  idle_.erase(position);
  idle_count_.set(idle_.size());
}

void UpstreamPool::remove_dead(void* self) {
  auto& pool = *static_cast<UpstreamPool*>(self);
  pool.removal_scheduled_ = false;
  pool.remove_over();
  for (Position position = pool.idle_.begin(); position != pool.idle_.end();) {
    const Position next = std::next(position);
    if (position->dead()) pool.forget(position);
    position = next;
  }
}

}  // namespace sallyport::http
