#include "sallyport/http/basic_credentials.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

std::string read(std::string_view value) {
  Fields fields;
  fields.append("Proxy-Authorization", value);
  const std::optional<BasicCredentials> found = proxy_credentials(fields);
  return found ? found->name + "|" + found->password : "none";
}

}  // namespace

TEST(reads_a_name_and_a_password) {
  CHECK_EQUAL(read("Basic YW5uOnNlY3JldA=="), "ann|secret");
  CHECK_EQUAL(read("bAsIc   YW5uOnNlY3JldA=="), "ann|secret");
  CHECK_EQUAL(read(" Basic YW5uOnNlY3JldA== "), "ann|secret");
  CHECK_EQUAL(read("Basic YW5uOmE6Yg=="), "ann|a:b");  // the first colon parts them (RFC 7617 §2)
  CHECK_EQUAL(read("Basic YW5uOg=="), "ann|");
  CHECK_EQUAL(read("Basic OnNlY3JldA=="), "|secret");
}

TEST(anything_else_is_nobody) {
  for (const char* value :
       {"", "Basic", "Basic ", "Basic YW5u", "Basic YW5uOnNlY3JldA", "Basic YW5uOnNlY3JldA= =", "Basic !!!!",
        "Bearer YW5uOnNlY3JldA==", "BasicYW5uOnNlY3JldA==", "Basic YW5uOnNlY3JldA==, Basic YTpi"}) {
    CHECK_EQUAL(read(value), "none");
  }
}

TEST(the_field_must_be_there_once) {
  Fields fields;
  CHECK(!proxy_credentials(fields));
  fields.append("Authorization", "Basic YW5uOnNlY3JldA==");
  CHECK(!proxy_credentials(fields));
  fields.append("Proxy-Authorization", "Basic YW5uOnNlY3JldA==");
  CHECK(proxy_credentials(fields).has_value());
  fields.append("proxy-authorization", "Basic YW5uOnNlY3JldA==");
  CHECK(!proxy_credentials(fields));
}

UNIT_MAIN(UNIT_TEST(reads_a_name_and_a_password), UNIT_TEST(anything_else_is_nobody),
          UNIT_TEST(the_field_must_be_there_once))
