#include "sallyport/gateway/open_connections.hpp"

namespace sallyport::gateway {
namespace {

std::atomic<std::uint64_t> last_id = 0;

}  // namespace

void ConnectionView::close() {
  const std::lock_guard lock(mutex_);
  socket_ = nullptr;
}

ConnectionFacts ConnectionView::facts() const {
  const std::lock_guard lock(mutex_);
  ConnectionFacts facts = facts_;
  // Ended before begun: what has ended meanwhile has begun as well.
  const std::uint64_t ended = ended_.value();
  facts.exchanges = begun_.value();
  facts.active = facts.exchanges - ended;
  if (socket_ != nullptr) {
    facts.received = socket_->received_bytes();
    facts.sent = socket_->sent_bytes();
  }
  return facts;
}

OpenConnections::Place::~Place() {
  view_->close();
  const std::lock_guard lock(all_.mutex_);
  all_.open_.erase(id_);
}

OpenConnections::Place OpenConnections::add(ConnectionFacts facts, const io::FdStream& socket) {
  const std::uint64_t id = last_id.fetch_add(1, std::memory_order_relaxed) + 1;
  facts.id = id;
  auto view = std::make_shared<ConnectionView>(std::move(facts), socket);
  const std::lock_guard lock(mutex_);
  open_.emplace(id, view);
  return {*this, id, std::move(view)};
}

std::vector<ConnectionFacts> OpenConnections::snapshot() const {
  std::vector<std::shared_ptr<ConnectionView>> views;
  {
    const std::lock_guard lock(mutex_);
    views.reserve(open_.size());
    for (const auto& [id, view] : open_) views.push_back(view);
  }
  std::vector<ConnectionFacts> all;
  all.reserve(views.size());
  for (const std::shared_ptr<ConnectionView>& view : views) all.push_back(view->facts());
  return all;
}

}  // namespace sallyport::gateway
