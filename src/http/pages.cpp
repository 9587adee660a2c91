#include "sallyport/http/pages.hpp"

#include <algorithm>

#include "sallyport/base/text.hpp"
#include "sallyport/http/http1_writer.hpp"

namespace sallyport::http {
namespace {

constexpr std::string_view style = R"(:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif;background:#f3f4f6;color:#1f2937}
main{box-sizing:border-box;width:min(38rem,100%);padding:2rem;border-top:4px solid #b91c1c;background:#fff}
h1{margin:0 0 1rem;font-size:1.5rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1.5rem 0 0}
dt{color:#6b7280}
dd{margin:0;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}main{background:#1f2937}dt{color:#9ca3af}})";

// Nothing is loaded, run, framed or submitted; the page's own style is all it has.
constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

// Calls `use(label, text)` for each detail that the facts have, text made fit for eyes and logs.
template <typename Use>
void for_each_detail(const PageFacts& facts, Use use) {
  const auto tell = [&](std::string_view label, std::string_view text) {
    if (!text.empty()) use(label, printable(text));
  };
  tell("Name", facts.name);
  tell("Rule", facts.rule);
  tell("Reason", facts.reason);
  tell("Request ID", facts.request_id);
}

std::string html_body(const PageFacts& facts) {
  std::string title;
  append_escaped(title, printable(facts.title));
  std::string body = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  body += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>";
  body += title;
  body += "</title>\n<style>\n";
  body += style;
  body += "\n</style>\n</head>\n<body>\n<main>\n<h1>";
  body += title;
  body += "</h1>\n<dl>\n";
  for_each_detail(facts, [&](std::string_view label, std::string_view text) {
    body += "<dt>";
    body += label;
    body += "</dt><dd>";
    append_escaped(body, text);
    body += "</dd>\n";
  });
  body += "</dl>\n</main>\n</body>\n</html>\n";
  return body;
}

std::string text_body(const PageFacts& facts) {
  std::string body = printable(facts.title) + "\n\n";
  for_each_detail(facts, [&](std::string_view label, std::string_view text) {
    body += label;
    body += ": ";
    body += text;
    body += '\n';
  });
  return body;
}

// Whether the parameters of a media range give it a weight of zero (RFC 9110 §12.4.2).
bool has_zero_weight(std::string_view parameters) {
  for (const std::string_view parameter : split(parameters, ';')) {
    if (parameter.size() < 2 || ascii_lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

PageFormat page_format(const Fields& request_fields) {
  for (const Field& field : request_fields) {
    if (!equal_ignoring_case(field.name, "accept")) continue;
    for (const std::string_view range : split(field.value, ',')) {
      const std::size_t type_end = std::min(range.find(';'), range.size());
      if (!equal_ignoring_case(trim(range.substr(0, type_end)), "text/html")) continue;
      return has_zero_weight(range.substr(type_end)) ? PageFormat::text : PageFormat::html;
    }
  }
  return PageFormat::text;
}

Page make_page(const PageFacts& facts, PageFormat format) {
  const bool html = format == PageFormat::html;
  Page page;
  page.head.status = facts.status;
  Fields& fields = page.head.fields;
  fields.append("Content-Type", html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
  fields.append("Cache-Control", "no-store");
  fields.append("X-Content-Type-Options", "nosniff");
  fields.append("Referrer-Policy", "no-referrer");
  fields.append("Content-Security-Policy", content_security_policy);
  if (!facts.request_id.empty()) fields.append("X-Request-ID", facts.request_id);
  page.body = html ? html_body(facts) : text_body(facts);
  return page;
}

Page block_page(std::string_view name, std::string_view rule, std::string_view request_id, PageFormat format) {
  return make_page({.status = 403, .title = "Policy Blocked", .name = name, .rule = rule, .request_id = request_id},
                   format);
}

Page error_page(unsigned status, std::string_view name, std::string_view reason, std::string_view request_id,
                PageFormat format) {
  const std::string_view phrase = http1::reason_phrase(status);
  return make_page({.status = status,
                    .title = phrase.empty() ? std::string_view("Error") : phrase,
                    .name = name,
                    .reason = reason,
                    .request_id = request_id},
                   format);
}

}  // namespace sallyport::http
