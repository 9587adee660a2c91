#include "sallyport/io/listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "loop_fixture.hpp"

using namespace sallyport;
using namespace sallyport::io;
using test::LoopFixture;

namespace {

const Endpoint any_port{*IpAddress::parse("127.0.0.1"), 0};

Task<void> accept_into(Listener& listener, Result<Accepted>& accepted) { accepted = co_await listener.accept(); }

}  // namespace

TEST(a_port_is_one_listener_s) {
  LoopFixture fixture;
  const auto first = Listener::open(*fixture.loop, {.at = any_port});
  CHECK_OK(first);
  const Endpoint taken = (*first)->local();
  const auto second = Listener::open(*fixture.loop, {.at = taken});
  CHECK(!second);
  CHECK(second.error().reason.find(taken.to_string()) != std::string::npos);
  CHECK(!Listener::open(*fixture.loop, {.at = taken, .shared = true}));
}

TEST(workers_share_a_port) {
  LoopFixture fixture;
  const auto first = Listener::open(*fixture.loop, {.at = any_port, .shared = true});
  CHECK_OK(first);
  const Endpoint taken = (*first)->local();
  CHECK_OK(Listener::open(*fixture.loop, {.at = taken, .shared = true}));
  CHECK(!Listener::open(*fixture.loop, {.at = taken}));
}

TEST(nothing_that_is_sent_waits_for_more) {
  LoopFixture fixture;
  const auto listener = Listener::open(*fixture.loop, {.at = any_port});
  CHECK_OK(listener);
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage address{};
  const socklen_t length = (*listener)->local().to_sockaddr(address);
  CHECK_EQUAL(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  Result<Accepted> accepted = Accepted{};
  fixture.run(accept_into(**listener, accepted));
  CHECK_OK(accepted);
  int on = 0;
  socklen_t size = sizeof on;
  CHECK_EQUAL(::getsockopt(accepted->socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
  CHECK(on != 0);
}

UNIT_MAIN(UNIT_TEST(a_port_is_one_listener_s), UNIT_TEST(workers_share_a_port),
          UNIT_TEST(nothing_that_is_sent_waits_for_more))
