#include "sallyport/io/dial.hpp"

#include <algorithm>

#include "sallyport/io/listener.hpp"
#include "sallyport/io/resolver.hpp"

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::LoopFixture;

namespace {

const Endpoint any_port{*IpAddress::parse("127.0.0.1"), 0};

using Dialled = Result<std::unique_ptr<FdStream>>;

std::unique_ptr<Listener> listen_on_loopback(EventLoop& loop) {
  Result<std::unique_ptr<Listener>> listener = Listener::open(loop, {.at = any_port});
  CHECK_OK(listener);
  return std::move(*listener);
}

// A port of 127.0.0.1 where nobody listens any more.
Endpoint closed_port(EventLoop& loop) { return listen_on_loopback(loop)->local(); }

Task<void> dial_into(EventLoop& loop, DialOptions options, Cancellation& cancellation, Dialled& result) {
  result = co_await dial(loop, std::move(options), cancellation);
}

Task<void> dial_and_accept(EventLoop& loop, Listener& listener, std::vector<Endpoint> targets, Dialled& dialled,
                           Endpoint& accepted_from) {
  Cancellation cancellation;
  StartedTask<void> dialling(dial_into(loop, {.targets = std::move(targets)}, cancellation, dialled));
  Result<Accepted> accepted = co_await listener.accept();
  CHECK_OK(accepted);
  accepted_from = accepted->peer;
  co_await dialling.join();
}

Task<void> resolve_into(Resolver& resolver, std::string name, Result<std::vector<IpAddress>>& result) {
  Cancellation cancellation;
  result = co_await resolver.resolve(std::move(name), never, cancellation);
}

Task<void> accept_on_a_closed(EventLoop& loop, Result<Accepted>& result) {
  const std::unique_ptr<Listener> listener = listen_on_loopback(loop);
  listener->close({ErrorKind::cancelled, "draining"});
  result = co_await listener->accept();
}

}  // namespace

TEST(connects) {
  LoopFixture fixture;
  const auto listener = listen_on_loopback(*fixture.loop);
  Dialled dialled = nullptr;
  Endpoint from;
  fixture.run(dial_and_accept(*fixture.loop, *listener, {listener->local()}, dialled, from));
  CHECK_OK(dialled);
  CHECK(from.address.is_loopback());
}

TEST(goes_on_to_the_next_address_when_one_refuses) {
  LoopFixture fixture;
  const Endpoint nobody = closed_port(*fixture.loop);
  const auto listener = listen_on_loopback(*fixture.loop);
  // To wait before the next attempt would take half a second each time; a busy machine is not that slow ten times.
  Duration least = Duration::max();
  for (int round = 0; round < 10 && least >= std::chrono::milliseconds(200); ++round) {
    Dialled dialled = nullptr;
    Endpoint from;
    const TimePoint start = Clock::now();
    fixture.run(dial_and_accept(*fixture.loop, *listener, {nobody, nobody, listener->local()}, dialled, from));
    CHECK_OK(dialled);
    least = std::min(least, Clock::now() - start);
  }
  CHECK(least < std::chrono::milliseconds(200));
}

TEST(reports_the_last_failure) {
  LoopFixture fixture;
  const Endpoint nobody = closed_port(*fixture.loop);
  for (const std::size_t addresses : {1, 3}) {
    Dialled dialled = nullptr;
    Cancellation cancellation;
    DialOptions options{.targets = std::vector<Endpoint>(addresses, nobody)};
    fixture.run(dial_into(*fixture.loop, options, cancellation, dialled));
    CHECK(!dialled);
    CHECK_EQUAL(dialled.error().kind, ErrorKind::refused);
    CHECK(dialled.error().reason.find(nobody.to_string()) != std::string::npos);
  }
}

TEST(a_cancelled_dial_ends) {
  LoopFixture fixture;
  for (const std::size_t addresses : {1, 2}) {
    Dialled dialled = nullptr;
    Cancellation cancellation;
    cancellation.cancel({ErrorKind::cancelled, "client left"});
    DialOptions options{.targets = std::vector<Endpoint>(addresses, closed_port(*fixture.loop))};
    fixture.run(dial_into(*fixture.loop, options, cancellation, dialled));
    CHECK(!dialled);
    CHECK_EQUAL(dialled.error().kind, ErrorKind::cancelled);
  }
}

TEST(families_alternate_with_ipv6_first) {
  const auto ordered = interleave_families(
      {*IpAddress::parse("192.0.2.1"), *IpAddress::parse("192.0.2.2"), *IpAddress::parse("2001:db8::1")}, 443);
  CHECK_EQUAL(ordered.size(), 3U);
  CHECK_EQUAL(ordered[0].to_string(), "[2001:db8::1]:443");
  CHECK_EQUAL(ordered[1].to_string(), "192.0.2.1:443");
  CHECK_EQUAL(ordered[2].to_string(), "192.0.2.2:443");
}

TEST(a_closed_listener_says_why) {
  LoopFixture fixture;
  Result<Accepted> result = Accepted{};
  fixture.run(accept_on_a_closed(*fixture.loop, result));
  CHECK(!result);
  CHECK_EQUAL(result.error().reason, "draining");
}

TEST(resolves_from_the_hosts_file_and_fails_with_the_name) {
  LoopFixture fixture;
  // No server listens there: whatever is answered comes from the hosts file.
  const auto resolver = std::move(*Resolver::create(*fixture.loop, {closed_port(*fixture.loop)}));
  Result<std::vector<IpAddress>> result;
  fixture.run(resolve_into(*resolver, "localhost", result));
  CHECK_OK(result);
  CHECK(result->front().is_loopback());

  fixture.run(resolve_into(*resolver, "nobody.invalid", result));
  CHECK(!result);
  CHECK(result.error().reason.find("nobody.invalid") != std::string::npos);
}

UNIT_MAIN(UNIT_TEST(connects), UNIT_TEST(goes_on_to_the_next_address_when_one_refuses),
          UNIT_TEST(reports_the_last_failure), UNIT_TEST(a_cancelled_dial_ends),
          UNIT_TEST(families_alternate_with_ipv6_first), UNIT_TEST(a_closed_listener_says_why),
          UNIT_TEST(resolves_from_the_hosts_file_and_fails_with_the_name))
