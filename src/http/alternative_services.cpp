#include "sallyport/http/alternative_services.hpp"

#include <string>
#include <string_view>

#include "sallyport/base/text.hpp"

namespace sallyport::http {
namespace {

constexpr std::string_view field_name = "Alt-Svc";

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Up to the next comma that is not in quotes.
std::string_view take_member(std::string_view& list) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < list.size() && (quoted || list[at] != ','); ++at) {
    if (list[at] == '"') quoted = !quoted;
    if (quoted && list[at] == '\\') ++at;
  }
  const std::string_view member = list.substr(0, at);
  list.remove_prefix(at < list.size() ? at + 1 : list.size());
  return without_blanks(member);
}

// h3, h3-29, h3-Q050, hq and quic are ALPN's names for it, past and present.
bool offers_http3(std::string_view member) {
  return member.starts_with("h3") || member.starts_with("hq") || member.starts_with("quic");
}

}  // namespace

void remove_http3_offers(Fields& fields) {
  if (!fields.get(field_name)) return;
  std::string kept;
  bool found = false;
  for (const Field& field : fields) {
    if (!equal_ignoring_case(field.name, field_name)) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const std::string_view member = take_member(list);
      if (offers_http3(member)) {
        found = true;
      } else if (!member.empty()) {
        kept += (kept.empty() ? "" : ", ") + std::string(member);
      }
    }
  }
  if (!found) return;
  if (kept.empty()) {
    fields.remove(field_name);
  } else {
    fields.set(field_name, kept);
  }
}

}  // namespace sallyport::http
