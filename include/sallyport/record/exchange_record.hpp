// ExchangeRecord: what is written down about one HTTP exchange, or about one connection that was passed
// through or ended before a request. Never cookies, authorization values, bodies or keys. A plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/record/kept_message.hpp"
#include "sallyport/record/timing.hpp"

namespace sallyport::record {

// One direction of a WebSocket.
struct WebSocketFlow {
  std::uint64_t frames = 0;
  std::uint64_t text = 0;  // messages
  std::uint64_t binary = 0;
  std::uint64_t compressed = 0;  // among those two
  std::uint64_t bytes = 0;       // payload of messages, as it passed
  std::uint64_t largest = 0;     // payload of the largest message
  std::uint64_t pings = 0;
  std::uint64_t pongs = 0;
  std::uint16_t close = 0;  // the code of the Close frame; 0: there was none
  std::string broken;       // why the counting ended early
};

struct WebSocketRecord {
  WebSocketFlow in;  // from the client
  WebSocketFlow out;
};

struct TcpPath {
  std::chrono::microseconds round_trip{0};  // 0: not known
  std::uint32_t retransmitted = 0;          // segments, over the connection's life
};

// For the history alone.
struct KeptExchange {
  KeptMessage request;   // as the client sent it
  KeptMessage response;  // as the client got it
};

struct ExchangeRecord {
  std::chrono::system_clock::time_point time;  // when the request began
  std::string request_id;
  std::string client;  // address and port
  std::string host;
  std::string method;
  std::string path;  // as requested, with its query
  int status = 0;    // 0: no response
  std::string verdict;
  std::string rule;
  std::uint64_t bytes_in = 0;   // bytes of body from the client
  std::uint64_t bytes_out = 0;  // bytes of body to the client
  std::chrono::microseconds duration{0};
  Timing timing;
  TcpPath path_client;
  TcpPath path_upstream;
  std::string upstream;  // address and port dialled
  std::string tls_client;
  std::string tls_upstream;
  std::string alpn;
  std::string error;
  std::shared_ptr<const WebSocketRecord> websocket;  // null: it was none
  std::optional<KeptExchange> kept;
  bool unrecorded = false;       // [never-record]: not in the history, and without its path in the log
  std::vector<std::string> via;  // the proxy's own layers it came through, outermost first; none: the key is left out
  std::vector<std::pair<std::string, std::string>> extra;  // more keys, such as ja4
};

// One line of JSON without its newline, appended to `out`: every key in the order above, absent text as "", what is
// optional only where it is, the extra ones last. Valid UTF-8 whatever the fields hold; over-long fields are cut and
// end in "…".
void append_json(std::string& out, const ExchangeRecord& record);

}  // namespace sallyport::record
