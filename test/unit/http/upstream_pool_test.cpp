#include "sallyport/http/upstream_pool.hpp"

#include "sallyport/io/notification.hpp"

#include "origin_fixture.hpp"

using namespace sallyport;
using namespace sallyport::http;
using namespace sallyport::io;
using std::chrono::milliseconds;

namespace {

constexpr Duration long_idle = std::chrono::seconds(60);

struct Pooled : test::OriginFixture {
  // Puts a new connection in; its origin's end is kept. Which connection it is.
  const OriginConnection* put(const std::string& key, Duration idle = long_idle, bool tls = false) {
    OriginConnectionPtr connection = tls ? connect_by_tls() : connect_plainly();
    const OriginConnection* const which = connection.get();
    pool.put(key, std::move(connection), idle);
    origins.push_back(std::move(server_socket));
    return which;
  }
  void some_turns(Duration how_long = milliseconds(10)) { run(sleep_until(*loop, Clock::now() + how_long)); }

  UpstreamPool pool{*loop, 3};
  std::vector<std::unique_ptr<FdStream>> origins;
};

}  // namespace

TEST(a_connection_is_found_under_its_key_alone) {
  Pooled pooled;
  const OriginConnection* const put = pooled.put("client 1, a.test");
  CHECK(pooled.pool.take("client 2, a.test") == nullptr);
  CHECK(pooled.pool.take("client 1, a.tes") == nullptr);
  const OriginConnectionPtr taken = pooled.pool.take("client 1, a.test");
  CHECK(taken.get() == put);
  CHECK(taken->idled());
  CHECK_EQUAL(pooled.pool.size(), 0U);
  CHECK(pooled.pool.take("client 1, a.test") == nullptr);
}

TEST(the_one_used_last_comes_first) {
  Pooled pooled;
  const OriginConnection* const older = pooled.put("a");
  const OriginConnection* const newer = pooled.put("a");
  pooled.put("b");
  CHECK(pooled.pool.take("a").get() == newer);
  CHECK(pooled.pool.take("a").get() == older);
}

TEST(what_the_origin_ends_is_gone_at_once) {
  Pooled pooled;
  for (const bool tls : {false, true}) {
    pooled.put("a", long_idle, tls);
    if (tls) pooled.run(test::send_and_finish(*pooled.origin_tls, ""));
    pooled.origin_tls.reset();
    pooled.origins.back().reset();
    pooled.some_turns();
    CHECK_EQUAL(pooled.pool.size(), 0U);
    CHECK(pooled.pool.take("a") == nullptr);
  }
}

TEST(an_origin_that_speaks_unasked_is_not_used_again) {
  Pooled pooled;
  pooled.put("a");
  CHECK_EQUAL(pooled.origins.back()->try_write(bytes_of("HTTP/1.1 408 ")).count, 13U);
  pooled.some_turns();
  CHECK_EQUAL(pooled.pool.size(), 0U);
  // Also where nobody had the time to notice.
  pooled.put("a");
  CHECK_EQUAL(pooled.origins.back()->try_write(bytes_of("HTTP/1.1 408 ")).count, 13U);
  CHECK(pooled.pool.take("a") == nullptr);
}

TEST(session_tickets_are_nothing_said_unasked) {
  Pooled pooled;
  const OriginConnection* const put = pooled.put("a", long_idle, true);
  CHECK(pooled.sessions.empty());
  pooled.some_turns();
  CHECK_EQUAL(pooled.pool.size(), 1U);
  CHECK_EQUAL(pooled.sessions.size(), 1U);
  CHECK(pooled.pool.take("a").get() == put);
  pooled.origin_tls.reset();
}

TEST(idle_time_is_bounded) {
  Pooled pooled;
  pooled.put("c", Duration::zero());
  CHECK_EQUAL(pooled.pool.size(), 0U);
  const OriginConnection* const longer = pooled.put("b");
  pooled.put("a", milliseconds(5));
  CHECK_EQUAL(pooled.pool.size(), 2U);
  pooled.some_turns(milliseconds(30));
  CHECK_EQUAL(pooled.pool.size(), 1U);
  CHECK(pooled.pool.take("a") == nullptr);
  CHECK(pooled.pool.take("b").get() == longer);
}

TEST(the_oldest_make_room) {
  Pooled pooled;
  pooled.put("a");
  const OriginConnection* const second = pooled.put("a");
  pooled.put("b");
  const OriginConnection* const last = pooled.put("c");
  CHECK_EQUAL(pooled.pool.size(), 3U);
  CHECK(pooled.pool.take("a").get() == second);
  CHECK(pooled.pool.take("a") == nullptr);
  CHECK(pooled.pool.take("c").get() == last);
  CHECK(pooled.pool.take("b") != nullptr);

  UpstreamPool none(*pooled.loop, 0);
  none.put("a", pooled.connect_plainly(), long_idle);
  CHECK_EQUAL(none.size(), 0U);
}

TEST(the_dead_among_the_living_are_passed_over) {
  Pooled pooled;
  const OriginConnection* const living = pooled.put("a");
  pooled.put("a");
  pooled.origins.back().reset();
  pooled.put("a");
  pooled.origins.back().reset();
  // The newer ones are dead, and nobody has noticed yet.
  CHECK(pooled.pool.take("a").get() == living);
  CHECK_EQUAL(pooled.pool.size(), 0U);
}

TEST(a_pool_may_go_or_be_emptied_while_its_connections_end) {
  test::OriginFixture fixture;
  for (const bool clear : {false, true}) {
    {
      UpstreamPool pool(*fixture.loop, 4);
      pool.put("a", fixture.connect_plainly(), long_idle);
      pool.put("b", fixture.connect_plainly(), milliseconds(1));
      fixture.server_socket.reset();
      if (clear) {
        pool.clear();
        CHECK_EQUAL(pool.size(), 0U);
        fixture.run(sleep_until(*fixture.loop, Clock::now() + milliseconds(5)));
      }
    }
    fixture.run(sleep_until(*fixture.loop, Clock::now() + milliseconds(5)));
  }
}

TEST(a_connection_taken_has_left_its_watch_behind) {
  Pooled pooled;
  pooled.put("a", milliseconds(5));
  OriginConnectionPtr taken = pooled.pool.take("a");
  pooled.origins.back().reset();
  pooled.some_turns(milliseconds(20));
  CHECK_EQUAL(pooled.pool.size(), 0U);
  std::uint8_t byte = 0;
  CHECK_EQUAL(taken->stream().try_read({&byte, 1}).state, Attempt::State::end);
}

UNIT_MAIN(UNIT_TEST(a_connection_is_found_under_its_key_alone), UNIT_TEST(the_one_used_last_comes_first),
          UNIT_TEST(what_the_origin_ends_is_gone_at_once), UNIT_TEST(an_origin_that_speaks_unasked_is_not_used_again),
          UNIT_TEST(session_tickets_are_nothing_said_unasked), UNIT_TEST(idle_time_is_bounded),
          UNIT_TEST(the_oldest_make_room), UNIT_TEST(the_dead_among_the_living_are_passed_over),
          UNIT_TEST(a_pool_may_go_or_be_emptied_while_its_connections_end),
          UNIT_TEST(a_connection_taken_has_left_its_watch_behind))
