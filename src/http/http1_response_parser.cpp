#include <utility>

#include "sallyport/http/http1_parser.hpp"

#include "http1_framing.hpp"
#include "http1_tokeniser.hpp"

namespace sallyport::http::http1 {
namespace {

std::unexpected<ParseError> refuse(std::string_view reason) {
  return std::unexpected(ParseError{502, "the origin's response: " + std::string(reason)});
}

bool has_no_body_by_status(unsigned status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

ResponseParser::ResponseParser(Limits limits) : scanner_(limits), body_(limits) { reset("GET"); }

void ResponseParser::reset(std::string_view request_method) {
  scanner_.reset_for_head();
  body_.start({});
  stage_ = Stage::head;
  to_head_ = request_method == "HEAD";
  to_connect_ = request_method == "CONNECT";
  in_message_ = false;
  head_.clear();
  std::string().swap(extras_.reason);  // may be as long as a head
  extras_ = ResponseExtras();
}

std::expected<Step, ParseError> ResponseParser::step(ByteView input) {
  if (stage_ == Stage::head) return step_head(input);
  auto step = body_.step(input);
  if (!step) return refuse(step.error());
  return *step;
}

std::expected<Step, ParseError> ResponseParser::step_head(ByteView input) {
  if (input.empty()) return Step{};
  in_message_ = true;
  const auto length = scanner_.scan(text_of(input));
  if (!length) return refuse(HeadScanner::describe(length.error()));
  if (*length == 0) return Step{};
  const auto read = read_head(text_of(input).substr(0, *length));
  if (!read) return std::unexpected(read.error());
  stage_ = Stage::body;
  body_.start(extras_.framing);
  return Step{Event::head, *length, {}};
}

std::expected<void, ParseError> ResponseParser::read_head(std::string_view block) {
  const auto line = tokenise_response(block, head_.fields);
  if (!line) return refuse(line.error());
  // Beyond 599 nothing is defined, yet sites in daily use answer 999.
  if (line->status < 100) return refuse("a status below 100");
  head_.status = line->status;
  extras_.minor_version = line->minor_version;
  extras_.reason = line->reason;

  HeadFacts facts = facts_of(head_.fields);
  if (auto checked = check_list_sizes(facts); !checked) return refuse(checked.error().reason);
  const auto framing = framing_of(facts, line->minor_version);
  if (!framing) return refuse(framing.error().reason);
  extras_.upgrade = std::move(facts.upgrade);
  extras_.keep_alive = keeps_alive(facts, line->minor_version);
  const bool announces_body = framing->kind == BodyKind::chunked || framing->length > 0;
  const bool describes_only = to_head_ || line->status == 304;
  if (has_no_body_by_status(line->status) || to_head_ || (to_connect_ && line->status < 300)) {
    extras_.framing = {};
    // Such an origin may well send the body that it announces: nothing after this can be trusted.
    if (announces_body && !describes_only) extras_.keep_alive = false;
  } else {
    extras_.framing = *framing;
    if (framing->kind == BodyKind::none) extras_.framing.kind = BodyKind::until_close;
    if (extras_.framing.kind == BodyKind::until_close) extras_.keep_alive = false;
  }
  // Identical copies of a Content-Length that is kept become one.
  bool keep_length = describes_only && line->status >= 200 && line->status != 204;
  head_.fields.remove_if([&](const Field& field) {
    if (!is_framing_field(field.name)) return false;
    return field.name.size() != std::string_view("content-length").size() || !std::exchange(keep_length, false);
  });
  return {};
}

std::expected<Step, ParseError> ResponseParser::at_end_of_input() {
  if (!in_message_) return refuse("the connection was closed before it");
  if (stage_ == Stage::head) return refuse("truncated in its head");
  if (!body_.may_end_here()) return refuse("truncated in its body");
  return Step{Event::end, 0, {}};
}

}  // namespace sallyport::http::http1
