#include "plain_origins.hpp"

#include <algorithm>

namespace sallyport::gateway {

PlainOrigins::OriginPtr PlainOrigins::find(const std::string& key) const {
  const auto found = std::ranges::find_if(kept_, [&](const OriginPtr& origin) { return origin->key == key; });
  return found == kept_.end() ? nullptr : *found;
}

PlainOrigins::OriginPtr PlainOrigins::add(std::string key, Session session) {
  kept_.push_front(std::make_shared<Origin>(worker_, lifetime_, std::move(key), std::move(session)));
  OriginPtr added = kept_.front();
  if (kept_.size() > most_kept) kept_.pop_back();
  return added;
}

}  // namespace sallyport::gateway
