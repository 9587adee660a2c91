#include "sallyport/http/hop_by_hop.hpp"

#include "check.hpp"
#include "http1_run.hpp"

using namespace sallyport;
using http::Fields;

namespace {

Fields fields_of(std::initializer_list<http::Field> list) {
  Fields fields;
  for (const http::Field& field : list) fields.add(field.name, field.value);
  return fields;
}

std::string request(std::initializer_list<http::Field> list) {
  Fields fields = fields_of(list);
  http::remove_hop_by_hop_from_request(fields);
  return test::text_of_fields(fields);
}

std::string response(std::initializer_list<http::Field> list) {
  Fields fields = fields_of(list);
  http::remove_hop_by_hop_from_response(fields);
  return test::text_of_fields(fields);
}

}  // namespace

// F09
TEST(removes_what_belongs_to_a_hop) {
  CHECK_EQUAL(request({{"Connection", "keep-alive, X-Hop"},
                       {"Keep-Alive", "timeout=5"},
                       {"Proxy-Connection", "keep-alive"},
                       {"Proxy-Authorization", "Basic x"},
                       {"proxy-anything", "x"},
                       {"Upgrade", "h2c"},
                       {"HTTP2-Settings", "x"},
                       {"x-hop", "1"},
                       {"X-HOP", "2"},
                       {"Host", "b.example"},
                       {"Transfer-Encoding", "chunked"},
                       {"Content-Length", "5"},
                       {"X-End", "stays"}}),
              "X-End: stays\n");
  CHECK_EQUAL(request({{"Connection", "a"}, {"connection", ",,b ,"}, {"A", "1"}, {"B", "2"}, {"C", "3"}}), "C: 3\n");
  CHECK_EQUAL(request({{"Connection", "close"}, {"Close", "no option's field"}}), "Close: no option's field\n");
}

TEST(connection_cannot_take_identity_or_framing_away) {
  CHECK_EQUAL(
      request(
          {{"Connection", "host, cookie, content-length, authorization, X-Forwarded-For, Sec-Fetch-Site, X-Request-ID"},
           {"Cookie", "a=b"},
           {"Authorization", "Bearer x"},
           {"X-Forwarded-For", "192.0.2.1"},
           {"Sec-Fetch-Site", "none"},
           {"X-Request-ID", "1"}}),
      "Cookie: a=b\nAuthorization: Bearer x\nX-Forwarded-For: 192.0.2.1\nSec-Fetch-Site: none\nX-Request-ID: 1\n");
  CHECK_EQUAL(response({{"Connection", "set-cookie, content-type, cache-control"},
                        {"Set-Cookie", "a=b"},
                        {"Content-Type", "text/html"},
                        {"Cache-Control", "no-store"}}),
              "Set-Cookie: a=b\nContent-Type: text/html\nCache-Control: no-store\n");
}

TEST(keeps_te_for_trailers_only) {
  CHECK_EQUAL(request({{"TE", "gzip, Trailers;q=0.5"}, {"Connection", "TE"}}), "TE: trailers\n");
  CHECK_EQUAL(request({{"TE", "gzip, deflate"}}), "");
  CHECK_EQUAL(request({{"te", "trailersx"}}), "");
  CHECK_EQUAL(response({{"TE", "trailers"}}), "");
}

TEST(removes_what_belongs_to_a_hop_from_responses) {
  CHECK_EQUAL(response({{"Connection", "close, X-Hop"},
                        {"Keep-Alive", "timeout=5"},
                        {"Proxy-Authenticate", "Basic"},
                        {"Proxy-Authentication-Info", "x"},
                        {"Proxy-Connection", "close"},
                        {"Proxy-Status", "cdn; error=x"},
                        {"Upgrade", "h2,h2c"},
                        {"Transfer-Encoding", "chunked"},
                        {"X-Hop", "1"},
                        {"Content-Length", "5"},
                        {"Trailer", "X-Sum"}}),
              "Proxy-Status: cdn; error=x\nContent-Length: 5\nTrailer: X-Sum\n");
}

TEST(drops_forbidden_trailers) {
  Fields trailers = fields_of({{"Content-Length", "5"},
                               {"Transfer-Encoding", "chunked"},
                               {"HOST", "b"},
                               {"Authorization", "x"},
                               {"Cookie", "x"},
                               {"Set-Cookie", "x"},
                               {"Content-Type", "x"},
                               {"Proxy-Authorization", "x"},
                               {"X-Forwarded-For", "x"},
                               {"Cache-Control", "x"},
                               {"Trailer", "x"},
                               {"Connection", "x"},
                               {"X-Sum", "1"},
                               {"grpc-status", "0"},
                               {"ETag", "x"},
                               {"Server-Timing", "x"},
                               {"Digest", "x"}});
  http::remove_forbidden_trailers(trailers);
  CHECK_EQUAL(test::text_of_fields(trailers), "X-Sum: 1\ngrpc-status: 0\nETag: x\nServer-Timing: x\nDigest: x\n");
}

UNIT_MAIN(UNIT_TEST(removes_what_belongs_to_a_hop), UNIT_TEST(connection_cannot_take_identity_or_framing_away),
          UNIT_TEST(keeps_te_for_trailers_only), UNIT_TEST(removes_what_belongs_to_a_hop_from_responses),
          UNIT_TEST(drops_forbidden_trailers))
