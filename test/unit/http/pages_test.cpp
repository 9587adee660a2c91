#include "sallyport/http/pages.hpp"

#include "check.hpp"

using namespace sallyport;
using namespace sallyport::http;

namespace {

PageFormat format_for(const char* accept) {
  Fields fields;
  if (accept != nullptr) fields.add("accept", accept);
  return page_format(fields);
}

}  // namespace

TEST(sends_html_only_to_whom_asks_for_it) {
  for (const char* accept : {"text/html", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
                             "image/png, TEXT/HTML;q=0.5", "text/html ; q=1", "text/html;level=1;q=0.001"}) {
    CHECK(format_for(accept) == PageFormat::html);
  }
  for (const char* accept : {static_cast<const char*>(nullptr), "", "*/*", "text/*", "application/json",
                             "text/html;q=0", "text/html;q=0.000", "text/htmlx", "application/text/html"}) {
    CHECK(format_for(accept) == PageFormat::text);
  }
}

TEST(block_page_tells_name_rule_and_id) {
  for (const PageFormat format : {PageFormat::text, PageFormat::html}) {
    const Page page = block_page("ads.example", "policy.ini:7 *.example", "0190-id", format);
    CHECK_EQUAL(page.head.status, 403U);
    for (const char* part : {"Policy Blocked", "ads.example", "policy.ini:7 *.example", "0190-id"})
      CHECK(page.body.contains(part));
    CHECK_EQUAL(*page.head.fields.get("Cache-Control"), "no-store");
    CHECK_EQUAL(*page.head.fields.get("X-Request-ID"), "0190-id");
    CHECK_EQUAL(*page.head.fields.get("X-Content-Type-Options"), "nosniff");
    CHECK(page.head.fields.get("Content-Security-Policy")->contains("default-src 'none'"));
    CHECK(page.head.fields.get("Content-Type")->starts_with(format == PageFormat::html ? "text/html;" : "text/plain;"));
  }
}

TEST(error_page_tells_the_reason) {
  const Page page = error_page(504, "slow.example", "no answer within 10 s", "id", PageFormat::text);
  CHECK_EQUAL(page.head.status, 504U);
  CHECK_EQUAL(page.body, "Gateway Timeout\n\nName: slow.example\nReason: no answer within 10 s\nRequest ID: id\n");
  CHECK(error_page(599, "a", "b", "c", PageFormat::text).body.starts_with("Error\n"));
}

TEST(foreign_text_stays_text) {
  const Page page = block_page("<script>alert('x')</script>&\"\n\x1b[2J\xff", "r", "i", PageFormat::html);
  CHECK(!page.body.contains("<script>"));
  CHECK(page.body.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\\x0a\\x1b[2J\\xff"));
  const Page plain = block_page("a\r\nRule: forged", "r", "i", PageFormat::text);
  CHECK(plain.body.contains("Name: a\\x0d\\x0aRule: forged\n"));
}

UNIT_MAIN(UNIT_TEST(sends_html_only_to_whom_asks_for_it), UNIT_TEST(block_page_tells_name_rule_and_id),
          UNIT_TEST(error_page_tells_the_reason), UNIT_TEST(foreign_text_stays_text))
