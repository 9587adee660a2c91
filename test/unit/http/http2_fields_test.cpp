#include "../../../src/http/http2_fields.hpp"

#include <memory>

#include "sallyport/http/http1_parser.hpp"
#include "sallyport/http/http1_writer.hpp"

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

using Lines = std::vector<Field>;

std::string shape_of(BodyShape shape) {
  if (!shape.present) return "none";
  return shape.length ? std::to_string(*shape.length) : "streamed";
}

std::string outcome_of(http2::RequestBlock& block, const Lines& lines, bool end_stream) {
  block.clear();
  for (const Field& line : lines) block.add(line.name, line.value);
  const auto finished = block.finish(end_stream);
  if (!finished) return std::to_string(finished.error().status) + " " + finished.error().reason;
  const RequestHead& head = block.head();
  return head.method + " " + head.scheme + " " + head.authority + " " + head.path + " " + shape_of(block.shape()) +
         (block.expects_continue() ? " expects" : "") + (block.upgrade().empty() ? "" : " " + block.upgrade().front()) +
         "\n" + test::text_of_fields(head.fields);
}

std::string request(const Lines& lines, bool end_stream = true) {
  http2::RequestBlock block;
  return outcome_of(block, lines, end_stream);
}

Lines get(Lines more = {}, std::string path = "/") {
  Lines lines{{":method", "GET"}, {":scheme", "https"}, {":authority", "example.com"}, {":path", std::move(path)}};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

Lines with(Lines lines, std::string_view name, std::string value) {
  for (Field& line : lines) {
    if (line.name == name) line.value = value;
  }
  return lines;
}

Lines without(Lines lines, std::string_view name) {
  std::erase_if(lines, [&](const Field& line) { return line.name == name; });
  return lines;
}

std::string response(const Lines& lines, std::string_view method = "GET", bool end_stream = false) {
  http2::ResponseBlock block;
  for (const Field& line : lines) block.add(line.name, line.value);
  const auto finished = block.finish(method, end_stream);
  if (!finished) return std::to_string(finished.error().status) + " " + finished.error().reason;
  return std::to_string(block.head().status) + " " + shape_of(block.shape()) + "\n" +
         test::text_of_fields(block.head().fields);
}

std::string text_of(const http2::OutgoingBlock& block) {
  std::string text;
  for (const nghttp2_nv& field : block.fields()) {
    text.append(reinterpret_cast<const char*>(field.name), field.namelen);
    text += (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0 ? " =! " : " = ";
    text.append(reinterpret_cast<const char*>(field.value), field.valuelen);
    text += '\n';
  }
  return text;
}

Fields fields_of(const Lines& lines) {
  Fields fields;
  for (const Field& line : lines) fields.add(line.name, line.value);
  return fields;
}

bool starts(const std::string& text, std::string_view with) { return std::string_view(text).starts_with(with); }

// Whether the request came to nothing because of its own fault.
bool refused(const Lines& lines, bool end_stream = true) { return starts(request(lines, end_stream), "400 "); }

}  // namespace

TEST(reads_a_request) {
  CHECK_EQUAL(request(get({{"accept", "*/*"}, {"x-empty", ""}}, "/a?b=c")),
              "GET https example.com /a?b=c none\naccept: */*\nx-empty: \n");
  CHECK_EQUAL(request(get(), false), "GET https example.com / streamed\n");
  CHECK_EQUAL(request(get({{"content-length", "5"}}), false), "GET https example.com / 5\n");
  CHECK_EQUAL(request(get({{"content-length", "0"}})), "GET https example.com / 0\n");
  CHECK_EQUAL(request(with(with(get(), ":method", "OPTIONS"), ":path", "*")), "OPTIONS https example.com * none\n");
  CHECK_EQUAL(request(get({{"te", "trailers"}})), "GET https example.com / none\nte: trailers\n");
}

TEST(a_block_is_reused_without_a_trace_of_the_last_request) {
  http2::RequestBlock block;
  (void)outcome_of(block, get({{"cookie", "a=1"}, {"expect", "100-continue"}, {"host", "example.com"}}), false);
  CHECK_EQUAL(outcome_of(block, {{":method", "CONNECT"}, {":authority", "a.example:443"}}, false),
              "CONNECT  a.example:443  none\n");
  CHECK_EQUAL(outcome_of(block, {{":method", "GET"}}, true), "400 a request without :scheme");
  CHECK_EQUAL(outcome_of(block, get(), true), "GET https example.com / none\n");
}

TEST(cookies_are_one_field_again) {
  CHECK_EQUAL(request(get({{"cookie", "a=1"}, {"accept", "x"}, {"cookie", "b=2; c=3"}, {"cookie", ""}})),
              "GET https example.com / none\naccept: x\ncookie: a=1; b=2; c=3\n");
}

TEST(a_client_may_wait_to_be_told_to_go_on) {
  CHECK_EQUAL(request(get({{"expect", "100-Continue"}}), false),
              "GET https example.com / streamed expects\nexpect: 100-Continue\n");
  CHECK_EQUAL(request(get({{"expect", "100-continue"}})), "GET https example.com / none\nexpect: 100-continue\n");
}

// G07
TEST(authority_and_host_name_one_host) {
  CHECK_EQUAL(request(with(get({{"host", "example.com"}}), ":authority", "EXAMPLE.com.")),
              "GET https example.com / none\n");
  CHECK_EQUAL(request(without(get({{"host", "Example.com:8443"}}), ":authority")),
              "GET https example.com:8443 / none\n");
  CHECK_EQUAL(request(get({{"host", "other.example"}})), "400 :authority and host name different hosts");
  CHECK_EQUAL(request(get({{"host", "example.com:8443"}})), "400 :authority and host name different hosts");
  CHECK_EQUAL(request(get({{"host", "example.com"}, {"host", "example.com"}})), "400 more than one host field");
  CHECK_EQUAL(request(without(get(), ":authority")), "400 neither :authority nor host");
  CHECK(refused(with(get(), ":authority", "user@example.com")));
  CHECK(refused(with(get(), ":authority", "")));
  CHECK(refused(with(get(), ":authority", "example.com/")));
  CHECK(refused(with(get(), ":authority", "example.com\r\nx: y")));
  CHECK(refused(get({{"host", "a b"}})));
  CHECK(refused(get({{"host", ""}})));
}

// G07
TEST(pseudo_headers_come_once_first_and_complete) {
  for (const char* name : {":method", ":scheme", ":path"}) {
    CHECK(refused(without(get(), name)));
    Lines twice = get();
    twice.push_back({name, name == std::string_view(":path") ? "/" : "https"});
    CHECK_EQUAL(request(twice), "400 a pseudo-header comes twice");
  }
  CHECK_EQUAL(request({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"x", "y"}, {":authority", "a.b"}}),
              "400 a pseudo-header behind a field");
  CHECK_EQUAL(request(get({{"x", "y"}, {":path", "/z"}})), "400 a pseudo-header behind a field");
  for (const char* name : {":status", ":", ":Path", ":host", ":x y", ":path\r\nx"}) {
    Lines lines = get();
    lines.insert(lines.begin(), {name, "/"});
    CHECK_EQUAL(request(lines), "400 a pseudo-header that requests do not have");
  }
}

// G07: each byte that could end a word, a line or a field, in each place where it could.
TEST(no_byte_of_a_request_can_forge_another_one) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const std::string in_the_middle = std::string("a") + c + "b";
    const bool control = byte < 0x20 || byte == 0x7f;
    CHECK_EQUAL(refused(with(get(), ":path", "/" + in_the_middle)), control || c == ' ' || c == '#');
    CHECK_EQUAL(refused(get({{"x", in_the_middle}})), control && c != '\t');
    CHECK_EQUAL(refused(get({{"x", std::string(1, c)}})), control || c == ' ');
    const bool token = std::isalnum(static_cast<int>(byte)) != 0 || std::string_view("!#$%&'*+-.^_`|~").contains(c);
    CHECK_EQUAL(refused(with(get(), ":method", in_the_middle)), !(token && byte < 0x80 && byte != 0));
    const bool name = token && byte < 0x80 && byte != 0 && std::isupper(static_cast<int>(byte)) == 0;
    CHECK_EQUAL(refused(get({{in_the_middle, "x"}})), !name);
    CHECK(refused(with(get(), ":scheme", in_the_middle)));
  }
  CHECK(refused(with(get(), ":path", "")));
  CHECK(refused(with(get(), ":path", "example")));
  CHECK(refused(with(get(), ":path", "https://example.com/")));
  CHECK(refused(with(get(), ":path", "*")));
  CHECK(refused(with(get(), ":method", "")));
  CHECK(refused(with(get(), ":scheme", "ftp")));
  CHECK(refused(get({{"", "x"}})));
  CHECK(refused(get({{"x", " y"}})));
  CHECK(refused(get({{"x", "y\t"}})));
  CHECK_EQUAL(request(with(get(), ":method", std::string(65, 'M'))), "501 the method is too long");
}

// G07
TEST(nothing_frames_a_request_but_its_frames) {
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    CHECK_EQUAL(request(get({{name, "chunked"}})), "400 a connection-specific field, which HTTP/2 does not have");
  }
  CHECK(refused(get({{"te", "trailers, gzip"}})));
  CHECK(refused(get({{"te", "chunked"}})));
  for (const char* length :
       {"", "+5", "-5", "05", "5, 5", "5 ", "0x5", "9223372036854775808", "99999999999999999999"}) {
    CHECK(refused(get({{"content-length", length}}), false));
  }
  CHECK_EQUAL(request(get({{"content-length", "5"}, {"content-length", "5"}}), false),
              "400 more than one content-length");
  CHECK_EQUAL(request(get({{"content-length", "5"}})), "400 the body is shorter than its content-length");
}

TEST(connect_names_its_target_and_nothing_else) {
  const Lines connect{{":method", "CONNECT"}, {":authority", "example.com:443"}};
  CHECK_EQUAL(request(connect, false), "CONNECT  example.com:443  none\n");
  CHECK(refused(with(connect, ":authority", "example.com")));
  CHECK(refused(without(connect, ":authority")));
  CHECK(refused(with(get(), ":method", "CONNECT")));
  Lines sized = connect;
  sized.push_back({"content-length", "0"});
  CHECK_EQUAL(request(sized, false), "400 a CONNECT request with a body");
}

TEST(an_extended_connect_reads_as_the_get_it_stands_for) {
  Lines lines = with(get({{"sec-websocket-version", "13"}}), ":method", "CONNECT");
  lines.insert(lines.begin(), {":protocol", "WebSocket"});
  CHECK_EQUAL(request(lines, false), "GET https example.com / none websocket\nsec-websocket-version: 13\n");
  CHECK_EQUAL(request(with(lines, ":method", "GET"), false), "400 :protocol in a request other than CONNECT");
  CHECK(refused(with(lines, ":protocol", "a b"), false));
  CHECK(refused(without(lines, ":path"), false));
}

// G03
TEST(a_block_is_bounded_in_bytes_and_lines) {
  http2::RequestBlock block({.header_bytes = 300, .fields_count = 6});
  CHECK(starts(outcome_of(block, get({{"x", std::string(60, 'x')}}), true), "GET "));
  CHECK_EQUAL(outcome_of(block, get({{"x", std::string(91, 'x')}}), true), "431 the head is larger than is accepted");
  CHECK_EQUAL(outcome_of(block, get({{"a", ""}, {"b", ""}, {"c", ""}}), true), "431 more fields than are accepted");
  block.clear();
  for (int line = 0; line < 100'000; ++line) block.add("x", "yyyyyyyyyyyyyyyyyyyyyyyyyyy");
  CHECK(block.head().fields.size() < 6);
}

TEST(a_fault_found_elsewhere_counts) {
  http2::RequestBlock block;
  for (const Field& line : get()) block.add(line.name, line.value);
  block.add_fault(400, "a field that nghttp2 refused");
  block.add_fault(400, "another one");
  const auto finished = block.finish(true);
  CHECK(!finished);
  CHECK_EQUAL(finished.error().reason, "a field that nghttp2 refused");
}

TEST(reads_a_response) {
  CHECK_EQUAL(response({{":status", "200"}, {"server", "x"}}), "200 streamed\nserver: x\n");
  CHECK_EQUAL(response({{":status", "200"}, {"content-length", "7"}}), "200 7\n");
  CHECK_EQUAL(response({{":status", "200"}}, "GET", true), "200 0\n");
  CHECK_EQUAL(response({{":status", "200"}, {"content-length", "7"}}, "HEAD", true), "200 none\ncontent-length: 7\n");
  CHECK_EQUAL(response({{":status", "304"}, {"content-length", "7"}}, "GET", true), "304 none\ncontent-length: 7\n");
  CHECK_EQUAL(response({{":status", "204"}}, "GET", true), "204 none\n");
  CHECK_EQUAL(response({{":status", "103"}, {"link", "</a>"}}), "103 none\nlink: </a>\n");
  CHECK_EQUAL(response({{":status", "200"}}, "CONNECT"), "200 none\n");
}

// G07, the other way round
TEST(no_byte_of_a_response_can_forge_another_one) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string value = std::string("a") + static_cast<char>(byte) + "b";
    const bool control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
    CHECK_EQUAL(starts(response({{":status", "200"}, {"x", value}}), "502 "), control);
    CHECK_EQUAL(starts(response({{":status", "20" + std::string(1, static_cast<char>(byte))}}), "502 "),
                byte < '0' || byte > '9');
  }
  for (const char* status : {"", "20", "2000", "099", "+20", " 200", "101"}) {
    CHECK(starts(response({{":status", status}}), "502 "));
  }
  CHECK(starts(response({{"x", "y"}}), "502 "));
  CHECK(starts(response({{"x", "y"}, {":status", "200"}}), "502 "));
  CHECK(starts(response({{":status", "200"}, {":status", "200"}}), "502 "));
  CHECK(starts(response({{":status", "200"}, {":path", "/"}}), "502 "));
  CHECK(starts(response({{":status", "200"}, {"transfer-encoding", "chunked"}}), "502 "));
  CHECK(starts(response({{":status", "200"}, {"content-length", "5"}}, "GET", true), "502 "));
  CHECK(starts(response({{":status", "100"}}, "GET", true), "502 "));
}

TEST(trailers_hold_no_framing_and_no_identity) {
  http2::TrailerBlock block;
  for (const char* name : {"grpc-status", "content-length", "x-request-id", "authorization", "x-sum"}) {
    block.add(name, "1");
  }
  CHECK(!block.fault());
  CHECK_EQUAL(test::text_of_fields(block.fields()), "grpc-status: 1\nx-sum: 1\n");
  block.add(":path", "/");
  CHECK(block.fault().has_value());
  block.clear();
  CHECK(!block.fault() && block.fields().empty());
  block.add("transfer-encoding", "chunked");
  CHECK(block.fault().has_value());
}

TEST(writes_a_request) {
  RequestHead head{.method = "POST",
                   .scheme = "https",
                   .authority = "example.com:8443",
                   .path = "/a",
                   .fields = fields_of({{"Accept", "*/*"},
                                        {"Host", "evil.example"},
                                        {"Connection", "x"},
                                        {"Transfer-Encoding", "chunked"},
                                        {"Content-Length", "99"},
                                        {"TE", "trailers"},
                                        {"Authorization", "Basic x"},
                                        {"Cookie", "a=1; long=0123456789012345678; c=3"},
                                        {"X Y", "no token"},
                                        {"x-line", "a\r\nb: c"},
                                        {"x-blank", " \tv "}})};
  http2::OutgoingBlock block;
  block.set_request(head, BodyShape::sized(5));
  const std::string fields =
      ":authority = example.com:8443\naccept = */*\nte = trailers\nauthorization =! Basic x\ncookie =! a=1\n"
      "cookie = long=0123456789012345678\ncookie =! c=3\nx-line = a  b: c\nx-blank = v\n";
  CHECK_EQUAL(text_of(block), ":method = POST\n:scheme = https\n:path = /a\n" + fields + "content-length = 5\n");
  block.set_request(head, BodyShape::streamed());
  CHECK_EQUAL(text_of(block), ":method = POST\n:scheme = https\n:path = /a\n" + fields);
  head.method = "GET";
  block.set_request(head, BodyShape::none(), "websocket");
  CHECK_EQUAL(text_of(block), ":method = CONNECT\n:protocol = websocket\n:scheme = https\n:path = /a\n" + fields);
  head.method = "CONNECT";
  head.fields.clear();
  block.set_request(head, BodyShape::none());
  CHECK_EQUAL(text_of(block), ":method = CONNECT\n:authority = example.com:8443\n");
}

TEST(writes_a_response) {
  ResponseHead head{.status = 200, .fields = fields_of({{"Set-Cookie", "a=1"}, {"Content-Length", "7"}})};
  http2::OutgoingBlock block;
  block.set_response(head, BodyShape::sized(3));
  CHECK_EQUAL(text_of(block), ":status = 200\nset-cookie =! a=1\ncontent-length = 3\n");
  block.set_response(head, BodyShape::none());
  CHECK_EQUAL(text_of(block), ":status = 200\nset-cookie =! a=1\ncontent-length = 7\n");
  head.status = 103;
  block.set_response(head, BodyShape::none());
  CHECK_EQUAL(text_of(block), ":status = 103\nset-cookie =! a=1\n");
  const Fields trailers = fields_of({{"Grpc-Status", "0"}, {"Content-Length", "7"}, {"Connection", "x"}});
  block.set_trailers(trailers);
  CHECK_EQUAL(text_of(block), "grpc-status = 0\n");
}

// What came over one version reads the same after a way over the other.
TEST(a_request_survives_both_translations) {
  http2::RequestBlock block;
  (void)outcome_of(block, get({{"accept", "a"}, {"cookie", "a=1"}, {"cookie", "b=2"}, {"content-length", "3"}}, "/p"),
                   false);
  std::string bytes;
  http1::write_request_head(bytes, block.head(), {http1::BodyKind::length, *block.shape().length});
  http1::RequestParser parser;
  const test::Outcome parsed = test::run(parser, bytes + "abc");
  CHECK(parsed.complete);
  CHECK_EQUAL(parser.head().authority, "example.com");
  parser.head().scheme = "https";
  http2::OutgoingBlock again;
  again.set_request(parser.head(), BodyShape::sized(3));
  CHECK_EQUAL(text_of(again),
              ":method = GET\n:scheme = https\n:path = /p\n:authority = example.com\naccept = a\ncookie =! a=1\n"
              "cookie =! b=2\ncontent-length = 3\n");
}

UNIT_MAIN(UNIT_TEST(reads_a_request), UNIT_TEST(a_block_is_reused_without_a_trace_of_the_last_request),
          UNIT_TEST(cookies_are_one_field_again), UNIT_TEST(a_client_may_wait_to_be_told_to_go_on),
          UNIT_TEST(authority_and_host_name_one_host), UNIT_TEST(pseudo_headers_come_once_first_and_complete),
          UNIT_TEST(no_byte_of_a_request_can_forge_another_one), UNIT_TEST(nothing_frames_a_request_but_its_frames),
          UNIT_TEST(connect_names_its_target_and_nothing_else),
          UNIT_TEST(an_extended_connect_reads_as_the_get_it_stands_for),
          UNIT_TEST(a_block_is_bounded_in_bytes_and_lines), UNIT_TEST(a_fault_found_elsewhere_counts),
          UNIT_TEST(reads_a_response), UNIT_TEST(no_byte_of_a_response_can_forge_another_one),
          UNIT_TEST(trailers_hold_no_framing_and_no_identity), UNIT_TEST(writes_a_request),
          UNIT_TEST(writes_a_response), UNIT_TEST(a_request_survives_both_translations))
