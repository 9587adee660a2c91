#include "sallyport/http/websocket_handshake.hpp"

#include "sallyport/base/base64.hpp"

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using http::Fields;
using http::SwitchForm;
using http::WebSocketHandshake;

namespace {

// RFC 6455 §1.3.
constexpr const char* sample_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* sample_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

Fields fields_of(std::initializer_list<std::pair<const char*, const char*>> lines) {
  Fields fields;
  for (const auto& [name, value] : lines) fields.add(name, value);
  return fields;
}

Fields request_with_key() {
  return fields_of({{"Origin", "https://page.test"},
                    {"Sec-WebSocket-Key", sample_key},
                    {"Sec-WebSocket-Version", "13"},
                    {"Sec-WebSocket-Protocol", "chat, superchat"},
                    {"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}});
}

constexpr const char* all_but_the_key =
    "Origin: https://page.test\nSec-WebSocket-Version: 13\nSec-WebSocket-Protocol: chat, superchat\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\n";

}  // namespace

TEST(the_proof_is_the_one_of_the_rfc) { CHECK_EQUAL(http::websocket_accept(sample_key), sample_accept); }

TEST(one_form_on_both_sides_changes_nothing) {
  WebSocketHandshake handshake(SwitchForm::upgrade);
  Fields request = request_with_key();
  CHECK_OK(handshake.prepare_request(SwitchForm::upgrade, request));
  CHECK(request == request_with_key());
  // What the client can check itself is its own affair.
  Fields response = fields_of({{"Sec-WebSocket-Accept", "wrong"}, {"Sec-WebSocket-Protocol", "chat"}});
  const Fields sent = response;
  CHECK_OK(handshake.translate_consent(response));
  CHECK(response == sent);
}

TEST(a_strange_key_is_the_origins_affair_where_it_is_asked_in_the_same_form) {
  for (const char* const key : {"", "short", "bm90IHNpeHRlZW4gYnl0ZXMgaW4gaGVyZQ=="}) {
    WebSocketHandshake handshake(SwitchForm::upgrade);
    Fields request = fields_of({{"Sec-WebSocket-Key", key}});
    const Fields sent = request;
    CHECK_OK(handshake.prepare_request(SwitchForm::upgrade, request));
    CHECK(request == sent);
  }
}

TEST(an_upgrade_becomes_a_connect_and_is_answered_here) {
  WebSocketHandshake handshake(SwitchForm::upgrade);
  Fields request = request_with_key();
  CHECK_OK(handshake.prepare_request(SwitchForm::extended_connect, request));
  CHECK_EQUAL(test::text_of_fields(request), all_but_the_key);
  Fields response = fields_of({{"Sec-WebSocket-Protocol", "chat"}, {"Sec-WebSocket-Accept", "foreign"}});
  CHECK_OK(handshake.translate_consent(response));
  CHECK_EQUAL(test::text_of_fields(response),
              std::string("Sec-WebSocket-Protocol: chat\nSec-WebSocket-Accept: ") + sample_accept + "\n");
}

TEST(a_key_that_is_to_be_answered_here_has_to_be_one) {
  for (const char* const key : {"", "short", "bm90IHNpeHRlZW4gYnl0ZXMgaW4gaGVyZQ==", "dGhlIHNhbXBsZSBub25jZQ"}) {
    WebSocketHandshake handshake(SwitchForm::upgrade);
    Fields request = fields_of({{"Sec-WebSocket-Key", key}});
    const Result<void> prepared = handshake.prepare_request(SwitchForm::extended_connect, request);
    CHECK(!prepared);
    CHECK_EQUAL(prepared.error().kind, ErrorKind::malformed);
  }
  WebSocketHandshake handshake(SwitchForm::upgrade);
  Fields twice = fields_of({{"Sec-WebSocket-Key", sample_key}, {"sec-websocket-key", sample_key}});
  CHECK(!handshake.prepare_request(SwitchForm::extended_connect, twice));
}

TEST(a_connect_becomes_an_upgrade_with_a_key_of_ours) {
  WebSocketHandshake handshake(SwitchForm::extended_connect);
  // A client has no say in it: RFC 8441 §5 gives its key no meaning.
  Fields request = request_with_key();
  CHECK_OK(handshake.prepare_request(SwitchForm::upgrade, request));
  const std::string key(request.get("Sec-WebSocket-Key").value_or(""));
  CHECK(key != sample_key);
  CHECK_EQUAL(from_base64(key).value_or("").size(), 16U);
  CHECK_EQUAL(request.count("Sec-WebSocket-Key"), 1U);
  Fields response = fields_of({{"Sec-WebSocket-Protocol", "chat"}});
  response.add("Sec-WebSocket-Accept", http::websocket_accept(key));
  CHECK_OK(handshake.translate_consent(response));
  CHECK_EQUAL(test::text_of_fields(response), "Sec-WebSocket-Protocol: chat\n");
}

TEST(keys_of_ours_differ) {
  std::string first;
  for (const bool again : {false, true}) {
    WebSocketHandshake handshake(SwitchForm::extended_connect);
    Fields request;
    CHECK_OK(handshake.prepare_request(SwitchForm::upgrade, request));
    const std::string key(request.get("Sec-WebSocket-Key").value_or(""));
    if (again) CHECK(key != first);
    first = key;
  }
}

TEST(an_origin_without_the_right_proof_is_refused) {
  WebSocketHandshake handshake(SwitchForm::extended_connect);
  Fields request;
  CHECK_OK(handshake.prepare_request(SwitchForm::upgrade, request));
  const std::string proof = http::websocket_accept(*request.get("Sec-WebSocket-Key"));
  Fields none;
  Fields wrong = fields_of({{"Sec-WebSocket-Accept", sample_accept}});
  Fields twice;
  twice.add("Sec-WebSocket-Accept", proof);
  twice.add("Sec-WebSocket-Accept", sample_accept);
  for (Fields* const response : {&none, &wrong, &twice}) {
    const Result<void> translated = handshake.translate_consent(*response);
    CHECK(!translated);
    CHECK_EQUAL(translated.error().kind, ErrorKind::malformed);
  }
}

TEST(two_connects_need_no_proof) {
  WebSocketHandshake handshake(SwitchForm::extended_connect);
  Fields request = request_with_key();
  CHECK_OK(handshake.prepare_request(SwitchForm::extended_connect, request));
  CHECK_EQUAL(test::text_of_fields(request), all_but_the_key);
  Fields response = fields_of({{"Sec-WebSocket-Accept", "foreign"}, {"X", "y"}});
  CHECK_OK(handshake.translate_consent(response));
  CHECK_EQUAL(test::text_of_fields(response), "X: y\n");
}

TEST(a_second_attempt_may_meet_another_form) {
  WebSocketHandshake handshake(SwitchForm::upgrade);
  Fields request = request_with_key();
  CHECK_OK(handshake.prepare_request(SwitchForm::extended_connect, request));
  CHECK_OK(handshake.prepare_request(SwitchForm::upgrade, request));
  CHECK_EQUAL(request.get("Sec-WebSocket-Key").value_or(""), sample_key);
  CHECK_OK(handshake.prepare_request(SwitchForm::extended_connect, request));
  CHECK(!request.get("Sec-WebSocket-Key"));
}

UNIT_MAIN(UNIT_TEST(the_proof_is_the_one_of_the_rfc), UNIT_TEST(one_form_on_both_sides_changes_nothing),
          UNIT_TEST(a_strange_key_is_the_origins_affair_where_it_is_asked_in_the_same_form),
          UNIT_TEST(an_upgrade_becomes_a_connect_and_is_answered_here),
          UNIT_TEST(a_key_that_is_to_be_answered_here_has_to_be_one),
          UNIT_TEST(a_connect_becomes_an_upgrade_with_a_key_of_ours), UNIT_TEST(keys_of_ours_differ),
          UNIT_TEST(an_origin_without_the_right_proof_is_refused), UNIT_TEST(two_connects_need_no_proof),
          UNIT_TEST(a_second_attempt_may_meet_another_form))
