#include "sallyport/http/http1_body_decoder.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "sallyport/http/hop_by_hop.hpp"

#include "http1_tokeniser.hpp"
#include "syntax.hpp"

// Chunks are decoded here and not by Beast, whose decoder takes bare line feeds and NUL inside quoted
// extension values, extensions of any size, and wants each size line whole in one buffer: with each line
// checked for it there would be nothing left for it to do. Trailer sections do go through it.
namespace sallyport::http::http1 {
namespace {

constexpr unsigned most_size_digits = 16;
constexpr std::size_t longest_extension = 1024;
// A chunk may cost this much framing besides as many bytes as it holds data. What goes beyond, in one
// message, is bounded: a body that is nearly all extensions is an attack on whoever throws them away.
constexpr std::uint64_t free_framing_per_chunk = 16;
constexpr std::uint64_t most_framing_excess = 16 * 1024;

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void BodyDecoder::start(const Framing& framing) {
  remaining_ = 0;
  size_digits_ = 0;
  extension_bytes_ = 0;
  framing_excess_ = 0;
  trailers_.clear();
  switch (framing.kind) {
    case BodyKind::none:
      state_ = State::done;
      break;
    case BodyKind::length:
      state_ = framing.length == 0 ? State::done : State::counted;
      remaining_ = framing.length;
      break;
    case BodyKind::chunked:
      state_ = State::size_start;
      break;
    case BodyKind::until_close:
      state_ = State::until_close;
      break;
  }
}

std::expected<Step, std::string> BodyDecoder::step(ByteView input) {
  if (state_ == State::done) return Step{Event::end, 0, {}};
  if (input.empty()) return Step{};
  if (state_ == State::until_close) return Step{Event::body, input.size(), input};
  if (state_ == State::counted) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
    remaining_ -= size;
    if (remaining_ == 0) state_ = State::done;
    return Step{Event::body, size, input.first(size)};
  }
  return step_chunked(input);
}

bool BodyDecoder::may_end_here() const { return state_ == State::done || state_ == State::until_close; }

std::expected<Step, std::string> BodyDecoder::step_chunked(ByteView input) {
  std::size_t at = 0;
  while (at < input.size()) {
    if (state_ == State::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size() - at));
      remaining_ -= size;
      if (remaining_ == 0) state_ = State::data_carriage_return;
      return Step{Event::body, at + size, input.subspan(at, size)};
    }
    if (state_ == State::trailers) return take_trailers(input, at);
    const auto taken = take_framing_byte(static_cast<char>(input[at]));
    if (!taken) return std::unexpected(taken.error());
    ++at;
  }
  return Step{Event::need_more, at, {}};
}

std::expected<void, std::string> BodyDecoder::take_framing_byte(char c) {
  switch (state_) {
    case State::size_start:
    case State::size:
      if (c == '\r' && state_ == State::size) {
        state_ = State::size_line_end;
        return {};
      }
      if (c == ';' && state_ == State::size) {
        state_ = State::extension;
        return {};
      }
      return take_size_digit(c);
    case State::extension:
      if (c == '\r') {
        state_ = State::size_line_end;
        return {};
      }
      if (!is_text_char(c)) return std::unexpected("a control character in a chunk extension");
      if (++extension_bytes_ > longest_extension) return std::unexpected("a chunk extension is too long");
      return {};
    case State::size_line_end:
      if (c != '\n') return std::unexpected("a chunk size line does not end with CR LF");
      return end_size_line();
    case State::data_carriage_return:
      if (c != '\r') return std::unexpected("chunk data is longer than its size");
      state_ = State::data_line_feed;
      return {};
    case State::data_line_feed:
      if (c != '\n') return std::unexpected("chunk data does not end with CR LF");
      state_ = State::size_start;
      return {};
    case State::done:
    case State::counted:
    case State::until_close:
    case State::data:
    case State::trailers:
      break;
  }
  std::unreachable();
}

std::expected<void, std::string> BodyDecoder::take_size_digit(char c) {
  const int digit = hex_value(c);
  if (digit < 0) return std::unexpected("a chunk size is not a plain hexadecimal number");
  if (++size_digits_ > most_size_digits) return std::unexpected("a chunk size has too many digits");
  remaining_ = remaining_ << 4 | static_cast<unsigned>(digit);
  state_ = State::size;
  return {};
}

std::expected<void, std::string> BodyDecoder::end_size_line() {
  if (remaining_ > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::unexpected("a chunk size of 2^63 or more");
  }
  framing_excess_ += size_digits_ + extension_bytes_;
  framing_excess_ -= std::min(framing_excess_, free_framing_per_chunk + remaining_);
  if (framing_excess_ > most_framing_excess) return std::unexpected("more chunk extensions than data");
  size_digits_ = 0;
  extension_bytes_ = 0;
  state_ = remaining_ > 0 ? State::data : State::trailers;
  if (state_ == State::trailers) trailer_scanner_.reset_for_trailers();
  return {};
}

std::expected<Step, std::string> BodyDecoder::take_trailers(ByteView input, std::size_t before) {
  const std::string_view block = text_of(input.subspan(before));
  const auto length = trailer_scanner_.scan(block);
  if (!length) {
    return std::unexpected("the trailer section: " + std::string(HeadScanner::describe(length.error())));
  }
  if (*length == 0) return Step{Event::need_more, before, {}};
  const bool empty = *length == std::string_view("\r\n").size();
  if (!empty) {
    if (auto read = tokenise_trailers(block.substr(0, *length), trailers_); !read) {
      return std::unexpected("the trailer section: " + read.error());
    }
    remove_forbidden_trailers(trailers_);
  }
  state_ = State::done;
  return Step{Event::end, before + *length, {}};
}

}  // namespace sallyport::http::http1
