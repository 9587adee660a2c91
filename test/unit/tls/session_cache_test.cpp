#include "sallyport/tls/session_cache.hpp"

#include <string>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::tls;

namespace {

using std::chrono::sys_seconds;

constexpr sys_seconds now{std::chrono::seconds(1'800'000'000)};
constexpr sys_seconds later = now + std::chrono::hours(1);

crypto::SslSessionPtr make_session(int version = TLS1_3_VERSION) {
  crypto::SslSessionPtr session(SSL_SESSION_new());
  const unsigned char id[] = {1, 2, 3, 4};
  SSL_SESSION_set_protocol_version(session.get(), version);
  SSL_SESSION_set1_id(session.get(), id, sizeof id);
  CHECK_EQUAL(SSL_SESSION_is_resumable(session.get()), 1);
  return session;
}

bool has(SessionCache& cache, const std::string& key) { return cache.take(key, now).session != nullptr; }

void put_and_take_often(SessionCache& cache) {
  for (int i = 0; i < 2'000; ++i) {
    cache.put(std::to_string(i % 16), make_session(), later, now);
    (void)cache.take(std::to_string(i % 7), now);
  }
}

// As a connection does: what it took was refused, and it gets another.
void refuse(SessionCache& cache, const std::string& key, sys_seconds at) {
  cache.was_taken_back(key, false, at);
  cache.put(key, make_session(), later, at);
}

}  // namespace

TEST(a_tls_1_3_session_is_given_once) {
  SessionCache cache(4);
  crypto::SslSessionPtr session = make_session();
  const SSL_SESSION* const put = session.get();
  cache.put("a", std::move(session), later, now);
  const SessionCache::Found found = cache.take("a", now);
  CHECK(found.session.get() == put);
  CHECK(found.not_after == later);
  CHECK(!has(cache, "a"));
  CHECK_EQUAL(cache.size(), 0U);
}

TEST(a_tls_1_2_session_stays) {
  SessionCache cache(4);
  cache.put("a", make_session(TLS1_2_VERSION), later, now);
  CHECK(has(cache, "a"));
  CHECK(has(cache, "a"));
}

TEST(keys_are_apart) {
  SessionCache cache(4);
  cache.put("a", make_session(), later, now);
  CHECK(!has(cache, "b"));
  CHECK(!has(cache, ""));
  CHECK(has(cache, "a"));
}

TEST(the_newest_of_a_key_is_kept) {
  SessionCache cache(4);
  cache.put("a", make_session(), later, now);
  crypto::SslSessionPtr newer = make_session();
  const SSL_SESSION* const put = newer.get();
  cache.put("a", std::move(newer), later + std::chrono::hours(1), now);
  CHECK_EQUAL(cache.size(), 1U);
  CHECK(cache.take("a", now).session.get() == put);
}

TEST(no_session_outlives_the_chain_that_was_verified) {
  SessionCache cache(4);
  cache.put("a", make_session(TLS1_2_VERSION), later, now);
  CHECK(cache.take("a", later - std::chrono::seconds(1)).session != nullptr);
  CHECK(cache.take("a", later).session == nullptr);
  CHECK_EQUAL(cache.size(), 0U);
}

TEST(the_least_recently_used_goes_first) {
  SessionCache cache(2);
  cache.put("a", make_session(TLS1_2_VERSION), later, now);
  cache.put("b", make_session(TLS1_2_VERSION), later, now);
  CHECK(has(cache, "a"));
  cache.put("c", make_session(TLS1_2_VERSION), later, now);
  CHECK_EQUAL(cache.size(), 2U);
  CHECK(!has(cache, "b"));
  CHECK(has(cache, "a"));
  CHECK(has(cache, "c"));
}

TEST(what_cannot_be_resumed_is_not_kept) {
  SessionCache cache(2);
  cache.put("a", crypto::SslSessionPtr(SSL_SESSION_new()), later, now);
  CHECK_EQUAL(cache.size(), 0U);
  SessionCache none(0);
  none.put("a", make_session(), later, now);
  CHECK_EQUAL(none.size(), 0U);
}

TEST(clearing_forgets_everything) {
  SessionCache cache(2);
  cache.put("a", make_session(), later, now);
  cache.clear();
  CHECK(!has(cache, "a"));
  cache.put("a", make_session(), later, now);
  CHECK(has(cache, "a"));
}

TEST(workers_share_it) {
  SessionCache cache(8);
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) workers.emplace_back(put_and_take_often, std::ref(cache));
  workers.clear();
  CHECK(cache.size() <= 8);
}

TEST(nothing_is_kept_for_a_while_where_sessions_are_always_refused) {
  SessionCache cache(4);
  cache.put("a", make_session(), later, now);
  cache.put("b", make_session(), later, now);
  for (int i = 1; i < SessionCache::refusals_in_a_row; ++i) {
    CHECK(has(cache, "a"));
    refuse(cache, "a", now);
  }
  CHECK_EQUAL(cache.size(), 2U);
  // One of before that came late is gone as well.
  refuse(cache, "a", now);
  CHECK_EQUAL(cache.size(), 1U);
  CHECK(!has(cache, "a"));
  CHECK(has(cache, "b"));
  const sys_seconds last = now + SessionCache::pause - std::chrono::seconds(1);
  cache.put("a", make_session(), later, last);
  CHECK(!has(cache, "a"));
}

TEST(after_the_pause_one_is_tried) {
  SessionCache cache(4);
  for (int i = 0; i < SessionCache::refusals_in_a_row; ++i) refuse(cache, "a", now);
  const sys_seconds over = now + SessionCache::pause;
  cache.put("a", make_session(), later, over);
  CHECK(has(cache, "a"));
  refuse(cache, "a", over);
  CHECK(!has(cache, "a"));
  const sys_seconds over_again = over + SessionCache::pause;
  cache.put("a", make_session(), later, over_again);
  CHECK(has(cache, "a"));
  cache.was_taken_back("a", true, over_again);
  refuse(cache, "a", over_again);
  CHECK(has(cache, "a"));
}

TEST(refusals_count_in_a_row_only) {
  SessionCache cache(4);
  for (int i = 0; i < 4 * SessionCache::refusals_in_a_row; ++i) {
    refuse(cache, "a", now);
    if (i % 2 == 1) cache.was_taken_back("a", true, now);
  }
  CHECK(has(cache, "a"));
}

TEST(a_clock_set_back_ends_a_pause_and_a_reload_too) {
  SessionCache cache(4);
  for (int i = 0; i < SessionCache::refusals_in_a_row; ++i) refuse(cache, "a", now);
  cache.put("a", make_session(), later, now - std::chrono::seconds(1));
  CHECK(has(cache, "a"));
  cache.clear();
  cache.put("a", make_session(), later, now);
  CHECK(has(cache, "a"));
}

TEST(refusals_are_bounded) {
  SessionCache cache(2);
  for (int i = 0; i < SessionCache::refusals_in_a_row; ++i) refuse(cache, "a", now);
  cache.was_taken_back("b", false, now);
  cache.was_taken_back("c", false, now);
  cache.put("a", make_session(), later, now);
  CHECK(has(cache, "a"));
}

UNIT_MAIN(UNIT_TEST(a_tls_1_3_session_is_given_once), UNIT_TEST(a_tls_1_2_session_stays), UNIT_TEST(keys_are_apart),
          UNIT_TEST(the_newest_of_a_key_is_kept), UNIT_TEST(no_session_outlives_the_chain_that_was_verified),
          UNIT_TEST(the_least_recently_used_goes_first), UNIT_TEST(what_cannot_be_resumed_is_not_kept),
          UNIT_TEST(clearing_forgets_everything), UNIT_TEST(workers_share_it),
          UNIT_TEST(nothing_is_kept_for_a_while_where_sessions_are_always_refused),
          UNIT_TEST(after_the_pause_one_is_tried), UNIT_TEST(refusals_count_in_a_row_only),
          UNIT_TEST(a_clock_set_back_ends_a_pause_and_a_reload_too), UNIT_TEST(refusals_are_bounded))
