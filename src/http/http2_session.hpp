// The making of an nghttp2 session: its callbacks, which find their way back to the Connection and its flows, its
// options, and the SETTINGS that each role begins with. One worker's thread; the session belongs to the Connection.
#pragma once

#include <nghttp2/nghttp2.h>

#include "sallyport/base/result.hpp"

namespace sallyport::http::http2 {

class Connection;
class SessionMemory;
struct ConnectionOptions;

// Fails when memory is short. `connection` and `memory`, which serves no other, outlive the session.
Result<nghttp2_session*> new_session(Connection& connection, SessionMemory& memory, const ConnectionOptions& options);

// What a stream's DATA comes from: the flow that is the stream's user data, if it still exists.
[[nodiscard]] nghttp2_data_provider data_provider();

}  // namespace sallyport::http::http2
