#include "sallyport/base/base64.hpp"

#include <utility>

#include "check.hpp"

using namespace sallyport;

namespace {

// RFC 4648 §10.
constexpr std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"},
                                                                     {"\xff\xfe\xfd", "//79"}};

}  // namespace

TEST(encodes_and_decodes) {
  for (const auto& [bytes, text] : vectors) {
    CHECK_EQUAL(to_base64(bytes_of(bytes)), text);
    const auto decoded = from_base64(text);
    CHECK(decoded.has_value());
    CHECK_EQUAL(*decoded, bytes);
  }
}

TEST(every_byte_survives) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string part = bytes.substr(0, size);
    CHECK(from_base64(to_base64(bytes_of(part))) == part);
  }
}

TEST(refuses_all_other_spellings) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n",
                           "Zm9v====", "====", "=Zg=", "Z===", "Zg=g", "Zm-v", "Zm_v", "Zm9v\xc3\xa9__"}) {
    CHECK(!from_base64(text).has_value());
  }
}

UNIT_MAIN(UNIT_TEST(encodes_and_decodes), UNIT_TEST(every_byte_survives), UNIT_TEST(refuses_all_other_spellings))
