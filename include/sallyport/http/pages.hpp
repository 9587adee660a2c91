// The answers that the gateway gives by itself: the block page and the error pages.
//
// Pure functions; any thread. All text that came from the network is escaped. The caller leaves the
// body out in the answer to HEAD.
#pragma once

#include <string>
#include <string_view>

#include "sallyport/http/message.hpp"

namespace sallyport::http {

// What a page tells. Empty parts are left out.
struct PageFacts {
  unsigned status = 502;
  std::string_view title = {};       // "Policy Blocked"; also the heading
  std::string_view name = {};        // the host that was asked for
  std::string_view rule = {};        // the rule that decided, with its file and line
  std::string_view reason = {};      // a sentence: what went wrong
  std::string_view request_id = {};  // as in the log
};

struct Page {
  ResponseHead head;  // with Content-Type, Cache-Control: no-store, X-Request-ID, …; framing is the caller's
  std::string body;
};

enum class PageFormat { text, html };

// For text and for quoted attribute values: &, <, > and both quotes become references.
[[nodiscard]] std::string html_escaped(std::string_view text);

// html for a client whose Accept names text/html (with a weight above 0), text for all others.
[[nodiscard]] PageFormat page_format(const Fields& request_fields);

[[nodiscard]] Page make_page(const PageFacts& facts, PageFormat format);

// 403 `Policy Blocked`.
[[nodiscard]] Page block_page(std::string_view name, std::string_view rule, std::string_view request_id,
                              PageFormat format);

// Any other status, titled by its reason phrase.
[[nodiscard]] Page error_page(unsigned status, std::string_view name, std::string_view reason,
                              std::string_view request_id, PageFormat format);

}  // namespace sallyport::http
