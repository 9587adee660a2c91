#include "../../../src/http/syntax.hpp"

#include <string>

#include "check.hpp"

using namespace sallyport::http;

TEST(a_text_is_as_good_as_each_of_its_characters) {
  for (std::size_t length = 1; length <= 20; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        std::string text(length, 'x');
        text[at] = c;
        CHECK_EQUAL(is_text(text), is_text_char(c));
        // Beside a tab, which looks odd and is not, and beside the highest byte.
        text[length - 1 - at] = '\t';
        if (at != length - 1 - at) CHECK_EQUAL(is_text(text), is_text_char(c));
        text[length - 1 - at] = '\xff';
        if (at != length - 1 - at) CHECK_EQUAL(is_text(text), is_text_char(c));
      }
    }
  }
  CHECK(is_text(""));
}

UNIT_MAIN(UNIT_TEST(a_text_is_as_good_as_each_of_its_characters))
