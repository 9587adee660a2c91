#include "sallyport/record/exchange_record.hpp"

#include <nlohmann/json.hpp>

#include "check.hpp"

using namespace sallyport::record;
using namespace std::chrono_literals;

namespace {

std::string line_of(const ExchangeRecord& record) {
  std::string line;
  append_json(line, record);
  return line;
}

// The path of a record with this one, as it stands between the quotes.
std::string written(std::string_view path) {
  ExchangeRecord record;
  record.path = path;
  const std::string line = line_of(record);
  const std::size_t start = line.find("\"path\":\"") + 8;
  return line.substr(start, line.find("\",\"status\"") - start);
}

std::string read_back(std::string_view path) {
  ExchangeRecord record;
  record.path = path;
  return nlohmann::json::parse(line_of(record))["path"];
}

TEST(every_key_in_order) {
  const ExchangeRecord record{
      .time = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 23h + 59min + 58s + 7ms + 900us,
      .request_id = "0f3a",
      .client = "10.0.0.2:50000",
      .host = "www.example.com",
      .method = "GET",
      .path = "/a?b=c",
      .status = 200,
      .verdict = "ALLOWED-BY-DEFAULT",
      .rule = "default",
      .bytes_in = 0,
      .bytes_out = 18446744073709551615u,
      .duration = 12045us,
      .upstream = "[2001:db8::1]:443",
      .tls_client = "TLSv1.3",
      .tls_upstream = "TLSv1.2",
      .alpn = "http/1.1",
      .error = "",
      .extra = {{"ja4", "t13d"}},
  };
  CHECK_EQUAL(line_of(record),
              R"({"time":"2026-01-31T23:59:58.007Z","request_id":"0f3a","client":"10.0.0.2:50000",)"
              R"("host":"www.example.com","method":"GET","path":"/a?b=c","status":200,"verdict":"ALLOWED-BY-DEFAULT",)"
              R"("rule":"default","bytes_in":0,"bytes_out":18446744073709551615,"ms":12.045,)"
              R"("upstream":"[2001:db8::1]:443","tls_client":"TLSv1.3","tls_upstream":"TLSv1.2","alpn":"http/1.1",)"
              R"("error":"","ja4":"t13d"})");
}

TEST(a_websocket_is_an_object_of_two_directions) {
  ExchangeRecord record;
  record.websocket =
      std::make_shared<WebSocketRecord>(WebSocketRecord{.in = {.frames = 5,
                                                               .text = 1,
                                                               .binary = 2,
                                                               .compressed = 3,
                                                               .bytes = 40,
                                                               .largest = 30,
                                                               .pings = 1,
                                                               .pongs = 0,
                                                               .close = 1000,
                                                               .broken = {}},
                                                        .out = {.frames = 1, .broken = "a \"reserved\" opcode"}});
  record.extra = {{"ja4", "t13d"}};
  const std::string line = line_of(record);
  const std::string_view expected =
      R"("error":"","websocket":{"in":{"frames":5,"text":1,"binary":2,"compressed":3,"bytes":40,"largest":30,)"
      R"("pings":1,"pongs":0,"close":1000},"out":{"frames":1,"text":0,"binary":0,"compressed":0,"bytes":0,)"
      R"("largest":0,"pings":0,"pongs":0,"close":0,"broken":"a \"reserved\" opcode"}},"ja4":"t13d"})";
  CHECK_EQUAL(line.substr(line.find("\"error\"")), expected);
  CHECK(nlohmann::json::accept(line));
}

TEST(an_empty_record_is_valid_too) {
  ExchangeRecord record;
  record.duration = -5us;
  const auto parsed = nlohmann::json::parse(line_of(record));
  CHECK_EQUAL(parsed.size(), 17u);
  CHECK(parsed["time"] == "1970-01-01T00:00:00.000Z");
  CHECK(parsed["ms"] == 0.0);
  CHECK(parsed["status"] == 0);
}

TEST(control_characters_are_escaped) {
  CHECK_EQUAL(written("a\r\nb\tc"), R"(a\u000d\u000ab\u0009c)");
  CHECK_EQUAL(written("\x1b[31mred\x7f"), R"(\u001b[31mred\u007f)");
  CHECK_EQUAL(written("\xc2\x9b"
                      "31m"),
              R"(\u009b31m)");
  CHECK_EQUAL(written(std::string_view("a\0b", 3)), R"(a\u0000b)");
  CHECK_EQUAL(written(R"(say "hi" \ there)"), R"(say \"hi\" \\ there)");
}

TEST(utf8_stays_and_other_bytes_are_shown) {
  CHECK_EQUAL(written("b\xc3\xbc"
                      "cher \xf0\x9f\x9a\xaa"),
              "b\xc3\xbc"
              "cher \xf0\x9f\x9a\xaa");
  CHECK_EQUAL(written("a\xff"
                      "b"),
              R"(a\\xffb)");
  CHECK_EQUAL(written("\xc3"), R"(\\xc3)");
  CHECK_EQUAL(written("\xed\xa0\x80"), R"(\\xed\\xa0\\x80)");
  CHECK_EQUAL(written("\xc0\xaf"), R"(\\xc0\\xaf)");
}

TEST(every_byte_gives_one_valid_line) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string path{static_cast<char>(first), static_cast<char>(second)};
      ExchangeRecord record;
      record.path = path;
      record.extra = {{path, path}};
      const std::string line = line_of(record);
      CHECK(line.find('\n') == std::string::npos);
      CHECK(nlohmann::json::accept(line));
    }
  }
}

// Eight bytes are looked at together, and none of them may hide behind the others.
TEST(a_byte_is_escaped_wherever_it_stands) {
  for (int byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    const std::string alone = written(std::string(1, character));
    for (const char neighbour : {'a', ' ', '~', '!', '['}) {
      for (const std::size_t length : {7, 8, 9, 17}) {
        for (std::size_t at = 0; at < length; ++at) {
          const std::string before(at, neighbour);
          const std::string after(length - 1 - at, neighbour);
          CHECK_EQUAL(written(before + character + after), before + alone + after);
        }
      }
    }
  }
}

TEST(text_comes_back_unchanged) {
  for (const std::string text : {"/a?b=%20", "\"}\\{\"", "\x01\x1f\x7f", "\xe2\x82\xac"}) {
    CHECK_EQUAL(read_back(text), text);
  }
  for (std::size_t length = 0; length <= 200; ++length) {
    const std::string text(length, 'a');
    CHECK_EQUAL(read_back(text), text);
    CHECK_EQUAL(read_back(text + '"'), text + '"');
  }
}

TEST(long_text_is_cut_between_characters) {
  CHECK_EQUAL(read_back(std::string(4096, 'a')), std::string(4096, 'a'));
  CHECK_EQUAL(read_back(std::string(4097, 'a')), std::string(4096, 'a') + "…");
  // The two bytes of "ü" on both sides of the limit.
  CHECK_EQUAL(read_back(std::string(4095, 'a') + "\xc3\xbc"), std::string(4095, 'a') + "…");
  CHECK(nlohmann::json::accept(line_of({.path = std::string(70000, '\x80')})));
  ExchangeRecord many;
  many.extra.assign(1000, {std::string(1000, 'k'), "v"});
  CHECK(line_of(many).size() < 4096);
}

}  // namespace

UNIT_MAIN(UNIT_TEST(every_key_in_order), UNIT_TEST(a_websocket_is_an_object_of_two_directions),
          UNIT_TEST(an_empty_record_is_valid_too), UNIT_TEST(control_characters_are_escaped),
          UNIT_TEST(utf8_stays_and_other_bytes_are_shown), UNIT_TEST(every_byte_gives_one_valid_line),
          UNIT_TEST(a_byte_is_escaped_wherever_it_stands), UNIT_TEST(text_comes_back_unchanged),
          UNIT_TEST(long_text_is_cut_between_characters))
