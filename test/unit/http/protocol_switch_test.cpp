#include "sallyport/http/protocol_switch.hpp"

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using http::Fields;
using http::ProtocolSwitch;
using http::SwitchForm;

namespace {

std::string offered_to(SwitchForm origin, const std::vector<std::string>& offered,
                       const std::vector<std::string>& allowed) {
  ProtocolSwitch protocol_switch(SwitchForm::upgrade, offered, allowed);
  Fields request;
  request.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  const Result<std::string> offer = protocol_switch.prepare_request(origin, request);
  CHECK_OK(offer);
  CHECK_EQUAL(protocol_switch.wanted(), !offer->empty());
  return *offer;
}

// What an origin that was offered websocket and echo is taken to have switched to; "-": it is refused.
std::string accepted(const char* upgrade) {
  ProtocolSwitch protocol_switch(SwitchForm::upgrade, {"websocket", "echo"}, {"websocket", "echo"});
  Fields request;
  CHECK_OK(protocol_switch.prepare_request(SwitchForm::upgrade, request));
  Fields response;
  if (upgrade != nullptr) response.add("Upgrade", upgrade);
  return protocol_switch.accept(response).value_or("-");
}

}  // namespace

TEST(only_what_is_allowed_is_offered) {
  CHECK_EQUAL(offered_to(SwitchForm::upgrade, {"websocket"}, {"websocket"}), "websocket");
  CHECK_EQUAL(offered_to(SwitchForm::upgrade, {"h2c", "websocket", "tls/1.2"}, {"WebSocket", "TLS/1.2"}),
              "websocket, tls/1.2");
  CHECK_EQUAL(offered_to(SwitchForm::upgrade, {"h2c"}, {"websocket"}), "");
  CHECK_EQUAL(offered_to(SwitchForm::upgrade, {"websocket/13"}, {"websocket"}), "");
  CHECK_EQUAL(offered_to(SwitchForm::upgrade, {"websocket"}, {}), "");
}

TEST(a_connect_names_the_favourite_alone) {
  CHECK_EQUAL(offered_to(SwitchForm::extended_connect, {"h2c", "echo", "websocket"}, {"websocket", "echo"}), "echo");
  CHECK_EQUAL(offered_to(SwitchForm::extended_connect, {"websocket", "echo"}, {"websocket", "echo"}), "websocket");
}

TEST(an_origin_switches_to_what_it_was_offered) {
  CHECK_EQUAL(accepted("websocket"), "websocket");
  CHECK_EQUAL(accepted("WebSocket"), "websocket");
  CHECK_EQUAL(accepted("echo"), "echo");
  CHECK_EQUAL(accepted("h2c"), "-");
  CHECK_EQUAL(accepted("websocket, echo"), "-");
  CHECK_EQUAL(accepted(nullptr), "-");
}

TEST(an_origin_that_was_offered_nothing_may_not_switch) {
  const ProtocolSwitch protocol_switch;
  Fields response;
  response.add("Upgrade", "websocket");
  CHECK(!protocol_switch.accept(response));
}

TEST(an_upgrade_may_be_ignored_and_a_connect_may_not) {
  for (const unsigned status : {200U, 204U, 299U}) {
    CHECK_OK(ProtocolSwitch(SwitchForm::upgrade, {"websocket"}, {"websocket"}).decline(status));
    CHECK(!ProtocolSwitch(SwitchForm::extended_connect, {"websocket"}, {"websocket"}).decline(status));
    // An ordinary request over HTTP/2.
    CHECK_OK(ProtocolSwitch(SwitchForm::extended_connect, {}, {"websocket"}).decline(status));
  }
  for (const unsigned status : {300U, 302U, 403U, 426U, 503U}) {
    CHECK_OK(ProtocolSwitch(SwitchForm::extended_connect, {"websocket"}, {"websocket"}).decline(status));
  }
}

TEST(a_connect_for_what_is_not_relayed_is_impossible) {
  CHECK(ProtocolSwitch(SwitchForm::extended_connect, {"websocket"}, {}).impossible());
  CHECK(ProtocolSwitch(SwitchForm::extended_connect, {"connect-udp"}, {"websocket"}).impossible());
  CHECK(!ProtocolSwitch(SwitchForm::extended_connect, {"websocket"}, {"websocket"}).impossible());
  CHECK(!ProtocolSwitch(SwitchForm::extended_connect, {}, {}).impossible());
  CHECK(!ProtocolSwitch(SwitchForm::upgrade, {"websocket"}, {}).impossible());
}

TEST(other_protocols_need_no_proof) {
  ProtocolSwitch protocol_switch(SwitchForm::extended_connect, {"echo"}, {"echo"});
  Fields request;
  CHECK_OK(protocol_switch.prepare_request(SwitchForm::upgrade, request));
  CHECK(request.empty());
  Fields response;
  response.add("Upgrade", "echo");
  CHECK_EQUAL(protocol_switch.accept(response).value_or("-"), "echo");
}

TEST(a_websocket_over_both_forms_needs_its_proof) {
  ProtocolSwitch protocol_switch(SwitchForm::extended_connect, {"websocket"}, {"websocket"});
  Fields request;
  CHECK_OK(protocol_switch.prepare_request(SwitchForm::upgrade, request));
  Fields response;
  response.add("Upgrade", "websocket");
  CHECK(!protocol_switch.accept(response));
  response.add("Sec-WebSocket-Accept", http::websocket_accept(*request.get("Sec-WebSocket-Key")));
  CHECK_EQUAL(protocol_switch.accept(response).value_or("-"), "websocket");
}

UNIT_MAIN(UNIT_TEST(only_what_is_allowed_is_offered), UNIT_TEST(a_connect_names_the_favourite_alone),
          UNIT_TEST(an_origin_switches_to_what_it_was_offered),
          UNIT_TEST(an_origin_that_was_offered_nothing_may_not_switch),
          UNIT_TEST(an_upgrade_may_be_ignored_and_a_connect_may_not),
          UNIT_TEST(a_connect_for_what_is_not_relayed_is_impossible), UNIT_TEST(other_protocols_need_no_proof),
          UNIT_TEST(a_websocket_over_both_forms_needs_its_proof))
