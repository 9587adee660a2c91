#include "http1_lent_parser.hpp"

#include <utility>
#include <vector>

namespace sallyport::http::http1 {
namespace {

// More are made where more requests are under way, and kept by nobody.
constexpr std::size_t most_in_hand = 16;

// All made for the same limits: others come with a new configuration, and for good.
struct InHand {
  Limits limits;
  std::vector<std::unique_ptr<RequestParser>> parsers;
};
thread_local InHand in_hand;

}  // namespace

std::unique_ptr<RequestParser> LentParser::take(Limits limits) {
  if (in_hand.limits != limits || in_hand.parsers.empty()) return std::make_unique<RequestParser>(limits);
  std::unique_ptr<RequestParser> taken = std::move(in_hand.parsers.back());
  in_hand.parsers.pop_back();
  return taken;
}

void LentParser::give_back() {
  std::unique_ptr<RequestParser> parser = std::exchange(parser_, nullptr);
  if (!parser) return;
  if (in_hand.limits != limits_) in_hand = {limits_, {}};
  if (in_hand.parsers.size() >= most_in_hand) return;
  parser->reset();
  in_hand.parsers.push_back(std::move(parser));
}

}  // namespace sallyport::http::http1
