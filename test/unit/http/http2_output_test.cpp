#include "../../../src/http/http2_output.hpp"

#include <algorithm>
#include <string>

#include "check.hpp"
#include "stream_steps.hpp"

using namespace sallyport;
using http::http2::Output;

namespace {

constexpr std::size_t most = std::size_t{16} * 1024;

}  // namespace

TEST(bytes_leave_in_the_order_in_which_they_came_however_they_are_taken) {
  const std::string bytes = test::distinct_bytes(10 * most, 1);
  Output output(most);
  std::string left;
  std::string_view coming = bytes;
  // Steps without a common measure, so that every state between empty and full is met.
  for (std::size_t in = 701, out = 499; !coming.empty() || !output.empty(); in = in * 7 % 9973, out = out * 5 % 8191) {
    if (!output.full()) {
      const std::string_view part = coming.substr(0, in);
      output.append(bytes_of(part));
      coming.remove_prefix(part.size());
    }
    const std::size_t taken = std::min(out, output.unsent().size());
    left += text_of(output.unsent().first(taken));
    output.sent(taken);
  }
  CHECK(left == bytes);
}

TEST(what_is_full_for_data_has_room_for_heads) {
  Output output(most);
  CHECK(output.empty() && !output.full());
  output.append(bytes_of(std::string(most - 1, 'a')));
  CHECK(!output.full());
  output.append(bytes_of(std::string("b")));
  CHECK(output.full());
  output.append(bytes_of(std::string(Output::room_for_heads, 'c')));
  CHECK_EQUAL(output.unsent().size(), most + Output::room_for_heads);
  output.sent(Output::room_for_heads + 1);
  CHECK(!output.full());
}

TEST(what_is_cleared_is_not_sent) {
  Output output(most);
  output.append(bytes_of(std::string("abc")));
  output.sent(1);
  output.clear();
  CHECK(output.empty() && output.unsent().empty());
  output.append(bytes_of(std::string("def")));
  CHECK_EQUAL(text_of(output.unsent()), "def");
  output.sent(3);
  output.shrink();
  output.append(bytes_of(std::string("ghi")));
  CHECK_EQUAL(text_of(output.unsent()), "ghi");
}

UNIT_MAIN(UNIT_TEST(bytes_leave_in_the_order_in_which_they_came_however_they_are_taken),
          UNIT_TEST(what_is_full_for_data_has_room_for_heads), UNIT_TEST(what_is_cleared_is_not_sent))
