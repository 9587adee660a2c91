#include "sessions.hpp"

#include <algorithm>

#include "secret.hpp"

namespace sallyport::admin {

Result<std::string> Sessions::open(TimePoint now) {
  drop_expired(now);
  std::string secret = make_secret();
  const Result<crypto::KeyedDigest::Digest> digest = digest_.of(bytes_of(secret));
  if (!digest) return std::unexpected(digest.error());
  if (open_.size() >= most) open_.erase(std::ranges::min_element(open_, {}, &Session::used));
  open_.push_back({*digest, now, now});
  return secret;
}

bool Sessions::use(std::string_view secret, TimePoint now) {
  drop_expired(now);
  const auto found = find(secret);
  if (found == open_.end()) return false;
  found->used = now;
  return true;
}

void Sessions::close(std::string_view secret) {
  const auto found = find(secret);
  if (found != open_.end()) open_.erase(found);
}

// What is compared are digests under a key that nobody has: how long that takes tells nothing of the secret.
std::vector<Sessions::Session>::iterator Sessions::find(std::string_view secret) {
  const Result<crypto::KeyedDigest::Digest> digest = digest_.of(bytes_of(secret));
  if (!digest) return open_.end();
  return std::ranges::find(open_, *digest, &Session::digest);
}

void Sessions::drop_expired(TimePoint now) {
  std::erase_if(open_, [now](const Session& session) {
    return now - session.used >= longest_idle || now - session.opened >= longest_life;
  });
}

}  // namespace sallyport::admin
