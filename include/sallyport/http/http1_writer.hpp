// HTTP/1.1 messages to bytes: heads and chunk framing, appended to a string; no input or output of its own.
//
// Pure functions; any thread. The writer alone decides on Host, Connection, Upgrade, Content-Length and
// Transfer-Encoding: fields of these names in a head are not written (Content-Length is where no body
// follows a response, as its only meaning there is to describe). Fields whose name is not a token are left
// out, and control characters in values become blanks, so that whatever protocol a head came from, one
// head goes out as one head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/http/http1_body_decoder.hpp"
#include "sallyport/http/message.hpp"

namespace sallyport::http::http1 {

// The form of the request target (RFC 9112 §3.2). CONNECT always has authority-form.
enum class TargetForm { origin, absolute };

struct RequestOptions {
  bool keep_alive = true;         // false: Connection: close
  std::string_view upgrade = {};  // protocols to offer, "websocket"; empty: none
  TargetForm form = TargetForm::origin;
};

// `METHOD target HTTP/1.1`, Host, the fields, and what `framing` asks for. BodyKind::until_close does not
// exist in requests (an assertion). TE: trailers among the fields gets its Connection option.
void write_request_head(std::string& out, const RequestHead& head, const Framing& framing,
                        const RequestOptions& options = {});

// `HTTP/1.1 status reason`, the fields, and what `framing` asks for; until_close always says
// Connection: close. `upgrade` is the protocol of a 101. An empty `reason` is replaced by the
// registered phrase of the status.
void write_response_head(std::string& out, const ResponseHead& head, const Framing& framing,
                         int minor_version_of_client, bool keep_alive, std::string_view upgrade = {},
                         std::string_view reason = {});

// How a response body framed as `origin` is framed towards a client: without a length, chunked for HTTP/1.1
// and until_close for HTTP/1.0, which does not know chunks (RFC 9112 §6.1).
[[nodiscard]] Framing framing_towards(const Framing& origin, int minor_version_of_client);

// One chunk: write_chunk_start, `size` bytes of data (never 0: that would end the body), write_chunk_end.
void write_chunk_start(std::string& out, std::uint64_t size);
void write_chunk_end(std::string& out);
// The end of a chunked body, with its trailer section.
void write_last_chunk(std::string& out, const Fields& trailers);

// "Not Found" for 404, "" for a status without a registered phrase.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

}  // namespace sallyport::http::http1
