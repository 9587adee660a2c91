#include "http2_session.hpp"

#include <array>
#include <memory>
#include <string_view>

#include "http2_connection.hpp"
#include "http2_session_memory.hpp"

namespace sallyport::http::http2 {
namespace {

struct Deleter {
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using CallbacksPtr = std::unique_ptr<nghttp2_session_callbacks, Deleter>;
using OptionPtr = std::unique_ptr<nghttp2_option, Deleter>;

constexpr std::size_t frame_header_bytes = 9;  // RFC 9113 §4.1

// Acknowledgements to a peer that does not read them.
constexpr std::size_t most_answers_waiting = 10'000;

std::string_view text_in(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

Flow* flow_of(nghttp2_session* session, std::int32_t id) {
  return static_cast<Flow*>(nghttp2_session_get_stream_user_data(session, id));
}

}  // namespace

// Each is called by nghttp2 with the Connection as its last argument; 0 says that all is well.
struct SessionCallbacks {
  static Connection& of(void* user) { return *static_cast<Connection*>(user); }

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Connection& connection = of(user);
    SeenFrame seen{.sent = true,
                   .type = frame->hd.type,
                   .flags = frame->hd.flags,
                   .stream = frame->hd.stream_id,
                   .length = frame->hd.length};
    if (frame->hd.type == NGHTTP2_RST_STREAM) seen.code = static_cast<ErrorCode>(frame->rst_stream.error_code);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      seen.code = static_cast<ErrorCode>(frame->goaway.error_code);
      connection.goaway_sent(seen.code,
                             sallyport::text_of(ByteView{frame->goaway.opaque_data, frame->goaway.opaque_data_len}));
    }
    const bool request = frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if (request) {
      if (Flow* const flow = flow_of(session, frame->hd.stream_id)) flow->renew();
    }
    connection.see(seen);
    return 0;
  }

  static int frame_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int error, void* /*user*/) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    Flow* const flow = flow_of(session, frame->hd.stream_id);
    if (flow == nullptr) return 0;
    const bool request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    flow->over(ErrorCode::refused_stream, request,
               {ErrorKind::reset, std::string("the stream could not begin: ") + nghttp2_strerror(error)});
    return 0;
  }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const std::int32_t id = frame->hd.stream_id;
    of(user).decoded_ = 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) of(user).peer_opened(id);
    if (Flow* const flow = flow_of(session, id)) flow->owner().begin_block();
    return 0;
  }

  static int field(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                   std::uint8_t /*flags*/, void* user) {
    Flow* const flow = flow_of(session, frame->hd.stream_id);
    if (flow != nullptr) flow->owner().add_field(text_in(name), text_in(value));
    return of(user).decoded(text_in(name).size(), text_in(value).size()) ? 0 : NGHTTP2_ERR_PAUSE;
  }

  static int wrong_field(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                         nghttp2_rcbuf* value, std::uint8_t /*flags*/, void* user) {
    Flow* const flow = flow_of(session, frame->hd.stream_id);
    if (flow != nullptr) flow->owner().refuse_field(text_in(name), text_in(value));
    return of(user).decoded(text_in(name).size(), text_in(value).size()) ? 0 : NGHTTP2_ERR_PAUSE;
  }

  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if (Flow* const flow = flow_of(session, frame->hd.stream_id)) flow_frame(*flow, *frame);
        break;
      case NGHTTP2_RST_STREAM:
        if (Flow* const flow = flow_of(session, frame->hd.stream_id)) flow->note_reset_by_peer();
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) of(user).peer_settled();
        break;
      case NGHTTP2_GOAWAY:
        of(user).peer_goes_away();
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) of(user).ping_answered();
        break;
      default:
        break;
    }
    return 0;
  }

  static void flow_frame(Flow& flow, const nghttp2_frame& frame) {
    const bool end_stream = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame.hd.type == NGHTTP2_HEADERS) flow.owner().end_block(end_stream);
    if (end_stream) flow.peer_ended();
    if (frame.hd.type == NGHTTP2_HEADERS) flow.wake_readers();
  }

  static int wrong_frame(nghttp2_session* session, const nghttp2_frame* frame, int error, void* /*user*/) {
    if (Flow* const flow = flow_of(session, frame->hd.stream_id)) flow->note_fault(nghttp2_strerror(error));
    return 0;
  }

  static int data(nghttp2_session* session, std::uint8_t /*flags*/, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t count, void* /*user*/) {
    if (Flow* const flow = flow_of(session, id)) flow->peer_sent({bytes, count});
    return 0;
  }

  static int stream_closed(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* /*user*/) {
    if (Flow* const flow = flow_of(session, id)) flow->stream_closed(static_cast<ErrorCode>(code));
    return 0;
  }

  static ssize_t offer(nghttp2_session* session, std::int32_t id, std::uint8_t* /*buffer*/, std::size_t most,
                       std::uint32_t* flags, nghttp2_data_source* /*source*/, void* user) {
    if (of(user).output_full()) return NGHTTP2_ERR_PAUSE;
    Flow* const flow = flow_of(session, id);
    if (flow == nullptr) return NGHTTP2_ERR_DEFERRED;
    return flow->offer(most, *flags);
  }

  static int send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* header, std::size_t count,
                       nghttp2_data_source* /*source*/, void* user) {
    Flow* const flow = flow_of(session, frame->hd.stream_id);
    if (flow == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    of(user).append({header, frame_header_bytes});
    of(user).append(flow->give(count));
    return 0;
  }

  static CallbacksPtr make();
};

CallbacksPtr SessionCallbacks::make() {
  nghttp2_session_callbacks* made = nullptr;
  if (nghttp2_session_callbacks_new(&made) != 0) return nullptr;
  nghttp2_session_callbacks_set_on_frame_send_callback(made, &frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(made, &frame_not_sent);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, &begin_headers);
  nghttp2_session_callbacks_set_on_header_callback2(made, &field);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(made, &wrong_field);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, &frame_received);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, &wrong_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &data);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, &stream_closed);
  nghttp2_session_callbacks_set_send_data_callback(made, &send_data);
  return CallbacksPtr(made);
}

namespace {

OptionPtr make_options() {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0) return nullptr;
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_max_reserved_remote_streams(made, 0);
  // Ours are the bounds that speak: nghttp2's would end the connection without a reason, or without a word.
  nghttp2_option_set_stream_reset_rate_limit(made, std::uint64_t{1} << 32, std::uint64_t{1} << 32);
  nghttp2_option_set_max_outbound_ack(made, most_answers_waiting);
  return OptionPtr(made);
}

int submit_settings(nghttp2_session* session, const ConnectionOptions& options) {
  if (options.role == Role::server) {
    const std::array<nghttp2_settings_entry, 4> entries = {{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.streams},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options.header_bytes},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    }};
    return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  }
  const std::array<nghttp2_settings_entry, 3> entries = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, first_response_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options.header_bytes},
  }};
  return nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
}

}  // namespace

nghttp2_data_provider data_provider() {
  return {.source = {.ptr = nullptr}, .read_callback = &SessionCallbacks::offer};
}

Result<nghttp2_session*> new_session(Connection& connection, SessionMemory& memory, const ConnectionOptions& options) {
  static const CallbacksPtr callbacks = SessionCallbacks::make();
  static const OptionPtr session_options = make_options();
  nghttp2_session* session = nullptr;
  int result = NGHTTP2_ERR_NOMEM;
  if (callbacks && session_options) {
    const auto make = options.role == Role::server ? &nghttp2_session_server_new3 : &nghttp2_session_client_new3;
    result = make(&session, callbacks.get(), &connection, session_options.get(), memory.functions());
    memory.made();
  }
  if (result == 0) result = submit_settings(session, options);
  if (result == 0) {
    const std::int32_t window = options.role == Role::client ? responses_window : requests_window;
    result = nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, window);
  }
  if (result != 0) {
    nghttp2_session_del(session);
    return fail(ErrorKind::exhausted, std::string("HTTP/2: ") + nghttp2_strerror(result));
  }
  return session;
}

}  // namespace sallyport::http::http2
