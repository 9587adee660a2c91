// What the fields of a head say about its framing and its connection, read in one pass and judged by
// the rules of RFC 9112 §6.3 and §9.3. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/http/http1_parser.hpp"

namespace sallyport::http::http1 {

// Views end with the next change to the fields.
struct HeadFacts {
  unsigned hosts = 0;
  std::string_view host;
  unsigned content_lengths = 0;
  bool content_lengths_differ = false;
  std::string_view content_length;
  unsigned transfer_encodings = 0;
  std::string_view transfer_encoding;
  std::size_t connection_options = 0;
  bool connection_close = false;
  bool connection_keep_alive = false;
  bool connection_upgrade = false;
  bool expects_continue = false;
  std::vector<std::string> upgrade;
};

[[nodiscard]] HeadFacts facts_of(const Fields& fields);

// Refuses more connection options or upgrade protocols than anybody needs: each option is compared with
// each field when a message is relayed.
std::expected<void, ParseError> check_list_sizes(const HeadFacts& facts);

// How the body of a message with these facts is framed; `none` where nothing says that there is one. The
// error's status is that for a request.
std::expected<Framing, ParseError> framing_of(const HeadFacts& facts, int minor_version);

// Fields that RequestHead::authority and Framing stand for.
[[nodiscard]] bool is_framing_field(std::string_view name);

[[nodiscard]] bool keeps_alive(const HeadFacts& facts, int minor_version);

}  // namespace sallyport::http::http1
