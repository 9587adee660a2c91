#include <algorithm>

#include "sallyport/http/authority.hpp"
#include "sallyport/http/http1_parser.hpp"

#include "http1_framing.hpp"
#include "http1_target.hpp"
#include "http1_tokeniser.hpp"
#include "syntax.hpp"

namespace sallyport::http::http1 {
namespace {

// The longest registered method has 17 characters (UPDATEREDIRECTREF).
constexpr std::size_t longest_method = 64;

std::unexpected<ParseError> refuse(unsigned status, std::string_view reason) {
  return std::unexpected(ParseError{status, std::string(reason)});
}

}  // namespace

RequestParser::RequestParser(Limits limits) : scanner_(limits), body_(limits) { reset(); }

void RequestParser::reset() {
  scanner_.reset_for_head();
  body_.start({});
  stage_ = Stage::head;
  skipped_empty_line_ = start_line_checked_ = in_message_ = false;
  head_.clear();
  extras_ = RequestExtras();
}

std::expected<Step, ParseError> RequestParser::step(ByteView input) {
  if (stage_ == Stage::head) return step_head(input);
  auto step = body_.step(input);
  if (!step) return refuse(400, step.error());
  return *step;
}

std::expected<Step, ParseError> RequestParser::step_head(ByteView input) {
  std::string_view block = text_of(input);
  std::size_t skipped = 0;
  if (!skipped_empty_line_ && !in_message_) {
    if (block == "\r") return Step{};
    if (block.starts_with("\r\n")) {
      skipped = 2;
      skipped_empty_line_ = true;
      block.remove_prefix(skipped);
    }
  }
  if (block.empty()) return Step{Event::need_more, skipped, {}};
  in_message_ = true;

  const auto length = scanner_.scan(block);
  if (!start_line_checked_ && scanner_.start_line_length() > 0) {
    // At once, not when the head is complete: an HTTP/0.9 client sends nothing more.
    const auto checked = check_start_line(block.substr(0, scanner_.start_line_length()));
    if (!checked) return std::unexpected(checked.error());
    start_line_checked_ = true;
  }
  if (!length) return std::unexpected(head_error(length.error(), block));
  if (*length == 0) return Step{Event::need_more, skipped, {}};

  const auto read = read_head(block.substr(0, *length));
  if (!read) return std::unexpected(read.error());
  stage_ = Stage::body;
  body_.start(extras_.framing);
  return Step{Event::head, skipped + *length, {}};
}

// Method and version; the tokeniser looks at the rest.
std::expected<void, ParseError> RequestParser::check_start_line(std::string_view line) {
  const auto method_end = std::find_if_not(line.begin(), line.end(), is_token_char);
  if (method_end == line.begin()) return refuse(400, "the request line does not start with a method");
  if (static_cast<std::size_t>(method_end - line.begin()) > longest_method)
    return refuse(501, "the method is too long");

  constexpr std::string_view shape = " HTTP/1.1";
  const std::string_view version = line.substr(line.size() - std::min(line.size(), shape.size()));
  if (!version.starts_with(" HTTP/") || !is_digit(version[6]) || version[7] != '.' || !is_digit(version[8])) {
    return refuse(400, "the request line does not end with a protocol version");
  }
  if (version[6] != '1' || version[8] > '1') return refuse(505, "a protocol version other than HTTP/1.0 and HTTP/1.1");
  return {};
}

std::expected<void, ParseError> RequestParser::read_head(std::string_view block) {
  const auto line = tokenise_request(block, head_.fields);
  if (!line) return refuse(400, line.error());
  head_.method = line->method;
  extras_.minor_version = line->minor_version;

  HeadFacts facts = facts_of(head_.fields);
  if (auto checked = check_list_sizes(facts); !checked) return checked;
  if (auto taken = take_framing(facts); !taken) return taken;
  if (facts.hosts > 1) return refuse(400, "more than one Host field");
  if (facts.hosts == 0 && line->minor_version >= 1) return refuse(400, "no Host field");
  if (facts.hosts == 1) {
    // A Host that the target overrides must still be a sound one: somebody in front may have judged by it.
    if (auto taken = take_host(facts.host); !taken) return taken;
  }
  const auto target = split_target(head_.method, line->target);
  if (!target) return std::unexpected(target.error());
  if (auto taken = take_target(*target); !taken) return taken;
  head_.fields.remove_if([](const Field& field) { return is_framing_field(field.name); });
  return {};
}

std::expected<void, ParseError> RequestParser::take_framing(HeadFacts& facts) {
  const auto framing = framing_of(facts, extras_.minor_version);
  if (!framing) return std::unexpected(framing.error());
  const bool has_body = framing->kind == BodyKind::chunked || framing->length > 0;
  extras_.keep_alive = keeps_alive(facts, extras_.minor_version);
  if (extras_.minor_version >= 1) {  // neither existed before
    extras_.expects_continue = facts.expects_continue && has_body;
    if (facts.connection_upgrade) extras_.upgrade = std::move(facts.upgrade);
  }
  extras_.framing = *framing;
  if (head_.method == "CONNECT") {
    // What follows the head belongs to the tunnel, so nothing may claim it for a body.
    if (has_body) return refuse(400, "a CONNECT request with a body");
    extras_.framing = {};
  }
  return {};
}

std::expected<void, ParseError> RequestParser::take_host(std::string_view host) {
  if (host != host_seen_ || host_canonical_.empty()) {
    const auto authority = Authority::parse(host);
    if (!authority) return refuse(400, "Host: " + authority.error().reason);
    host_canonical_ = authority->to_string();
    host_seen_ = host;
  }
  head_.authority = host_canonical_;
  return {};
}

std::expected<void, ParseError> RequestParser::take_target(const SplitTarget& target) {
  using Target = RequestExtras::Target;
  extras_.target = target.form;
  head_.scheme = target.scheme;
  head_.path = target.path;
  if (target.form != Target::absolute && target.form != Target::authority) return {};

  const auto authority = target.form == Target::authority ? Authority::parse_connect_target(target.authority)
                                                          : Authority::parse(target.authority);
  if (!authority) return refuse(400, "request target: " + authority.error().reason);
  head_.authority = authority->to_string();
  if (target.form == Target::absolute && !target.path.starts_with('/')) {
    // RFC 9112 §3.2.1 and §3.2.4: an empty path is "/", and "*" for OPTIONS without a query.
    head_.path = head_.method == "OPTIONS" && target.path.empty() ? "*" : "/" + std::string(target.path);
  }
  return {};
}

ParseError RequestParser::head_error(HeadScanner::Fault fault, std::string_view block) const {
  using Fault = HeadScanner::Fault;
  const auto error = [&](unsigned status) { return ParseError{status, std::string(HeadScanner::describe(fault))}; };
  if (fault == Fault::too_many_fields) return error(431);
  if (fault != Fault::too_long) return error(400);
  if (scanner_.start_line_length() > 0) return error(431);
  if (!block.substr(0, longest_method + 1).contains(' ')) return ParseError{501, "the method is too long"};
  return ParseError{414, "the request target is longer than is accepted"};
}

}  // namespace sallyport::http::http1
