#include "sallyport/http/alternative_services.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

// What is left of Alt-Svc; "-" where there is none.
std::string left_of(const std::vector<std::string>& values) {
  Fields fields;
  fields.add("Server", "x");
  for (const std::string& value : values) fields.add("alt-svc", value);
  remove_http3_offers(fields);
  CHECK(fields.get("Server") == "x");
  CHECK(fields.count("Alt-Svc") <= values.size());
  return std::string(fields.get("Alt-Svc").value_or("-"));
}

TEST(offers_of_http3_go) {
  CHECK_EQUAL(left_of({R"(h3=":443"; ma=86400)"}), "-");
  CHECK_EQUAL(left_of({R"(h3=":443"; ma=86400, h3-29=":443",h3-Q050="a.test:443", quic=":443"; v="46,43")"}), "-");
  CHECK_EQUAL(left_of({R"(h3=":443")", R"(hq="b.test:443")"}), "-");
}

TEST(others_stay) {
  CHECK_EQUAL(left_of({}), "-");
  CHECK_EQUAL(left_of({"clear"}), "clear");
  CHECK_EQUAL(left_of({R"(h2="a.test:8443"; ma=3600)"}), R"(h2="a.test:8443"; ma=3600)");
  CHECK_EQUAL(left_of({R"(h3=":443", h2="a.test:8443"; ma=3600, , h3-29=":1")"}), R"(h2="a.test:8443"; ma=3600)");
  CHECK_EQUAL(left_of({R"(h2=":1")", R"(h3=":443", http%2F1.1=":2")"}), R"(h2=":1", http%2F1.1=":2")");
}

TEST(commas_in_quotes_separate_nothing) {
  CHECK_EQUAL(left_of({R"(h2=":1"; x="a, h3=b\", h3=c", h3=":443")"}), R"(h2=":1"; x="a, h3=b\", h3=c")");
  CHECK_EQUAL(left_of({R"(h3=":443"; x="never ended, h2=a)"}), "-");
}

}  // namespace

UNIT_MAIN(UNIT_TEST(offers_of_http3_go), UNIT_TEST(others_stay), UNIT_TEST(commas_in_quotes_separate_nothing))
