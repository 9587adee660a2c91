#include "http1_target.hpp"

#include "sallyport/base/text.hpp"

namespace sallyport::http::http1 {
namespace {

using Target = RequestExtras::Target;

std::unexpected<ParseError> bad_target(std::string reason) {
  return std::unexpected(ParseError{400, std::move(reason)});
}

std::expected<SplitTarget, ParseError> split_absolute(std::string_view target) {
  SplitTarget split{.form = Target::absolute};
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return bad_target("the request target has none of the four forms");
  const std::string_view scheme = target.substr(0, scheme_end);
  if (equal_ignoring_case(scheme, "http")) {
    split.scheme = "http";
  } else if (equal_ignoring_case(scheme, "https")) {
    split.scheme = "https";
  } else {
    return bad_target("the request target's scheme is neither http nor https");
  }
  target.remove_prefix(scheme_end + 3);
  const std::size_t authority_end = std::min(target.find_first_of("/?"), target.size());
  split.authority = target.substr(0, authority_end);
  split.path = target.substr(authority_end);
  return split;
}

}  // namespace

std::expected<SplitTarget, ParseError> split_target(std::string_view method, std::string_view target) {
  // A fragment never travels. Some servers cut the target there, others do not.
  if (target.contains('#')) return bad_target("a fragment in the request target");
  if (method == "CONNECT") return SplitTarget{.form = Target::authority, .authority = target};
  if (target.starts_with('/')) return SplitTarget{.form = Target::origin, .path = target};
  if (target == "*") {
    if (method != "OPTIONS") return bad_target("`*` as target of a method other than OPTIONS");
    return SplitTarget{.form = Target::asterisk, .path = target};
  }
  return split_absolute(target);
}

}  // namespace sallyport::http::http1
