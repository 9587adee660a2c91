#include "sallyport/http/http1_head_scanner.hpp"

#include <utility>

#include "syntax.hpp"

namespace sallyport::http::http1 {
namespace {

// Where the run of characters of one class that starts at `at` ends.
template <bool (*Belongs)(char)>
std::size_t end_of_run(std::string_view text, std::size_t at) {
  while (at < text.size() && Belongs(text[at])) ++at;
  return at;
}

}  // namespace

void HeadScanner::reset_for_head() {
  state_ = State::start_line;
  position_ = start_line_length_ = fields_ = 0;
}

void HeadScanner::reset_for_trailers() {
  reset_for_head();
  state_ = State::line_start;
}

std::expected<std::size_t, HeadScanner::Fault> HeadScanner::scan(std::string_view block) {
  const bool too_long = block.size() > limits_.header_bytes;
  block = block.substr(0, limits_.header_bytes);
  while (position_ < block.size()) {
    const auto complete = step(block);
    if (!complete) return std::unexpected(complete.error());
    if (*complete) return position_;
  }
  if (too_long) return std::unexpected(Fault::too_long);
  return 0;
}

// Runs to the end of a part of a line, or of the block. True once the closing empty line is complete.
std::expected<bool, HeadScanner::Fault> HeadScanner::step(std::string_view block) {
  switch (state_) {
    case State::start_line:
    case State::value: {
      const std::size_t end = end_of_run<is_text_char>(block, position_);
      position_ = end;
      if (end == block.size()) return false;
      if (block[end] != '\r') return std::unexpected(fault_of(block[end]));
      if (end == 0) return std::unexpected(Fault::empty_start_line);
      if (state_ == State::start_line) start_line_length_ = end;
      state_ = state_ == State::start_line ? State::start_line_end : State::line_end;
      ++position_;
      return false;
    }
    case State::start_line_end:
    case State::line_end:
      if (block[position_] != '\n') return std::unexpected(Fault::bare_carriage_return);
      ++position_;
      state_ = State::line_start;
      return false;
    case State::line_start:
      if (block[position_] == '\r') {
        ++position_;
        state_ = State::block_end;
        return false;
      }
      if (block[position_] == ' ' || block[position_] == '\t') return std::unexpected(Fault::folded_line);
      if (!is_token_char(block[position_])) return std::unexpected(fault_of(block[position_]));
      if (++fields_ > limits_.fields_count) return std::unexpected(Fault::too_many_fields);
      state_ = State::name;
      return false;
    case State::name:
      position_ = end_of_run<is_token_char>(block, position_);
      if (position_ == block.size()) return false;
      if (block[position_] != ':') return std::unexpected(fault_of(block[position_]));
      ++position_;
      state_ = State::value;
      return false;
    case State::block_end:
      if (block[position_] != '\n') return std::unexpected(Fault::bare_carriage_return);
      ++position_;
      return true;
  }
  std::unreachable();
}

HeadScanner::Fault HeadScanner::fault_of(char c) {
  if (c == '\n') return Fault::bare_line_feed;
  if (c == '\r') return Fault::bare_carriage_return;
  return is_text_char(c) ? Fault::bad_field_name : Fault::control_byte;
}

std::string_view HeadScanner::describe(Fault fault) {
  switch (fault) {
    case Fault::bare_line_feed:
      return "a line ends without a carriage return";
    case Fault::bare_carriage_return:
      return "a carriage return without a line feed";
    case Fault::control_byte:
      return "a control character in the head";
    case Fault::empty_start_line:
      return "an empty line where a message starts";
    case Fault::folded_line:
      return "a field line starts with a blank";
    case Fault::bad_field_name:
      return "a field name is not a token followed by a colon";
    case Fault::too_long:
      return "the head is larger than is accepted";
    case Fault::too_many_fields:
      return "more fields than are accepted";
  }
  std::unreachable();
}

}  // namespace sallyport::http::http1
