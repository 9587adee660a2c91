#include "http1_stream_io.hpp"

namespace sallyport::http::http1 {
namespace {

// Up to here, parts are gathered behind their head or chunk line, to leave in one write; a larger one is written as
// it is. Less than what one read brings, so that the bulk of a large body is never copied.
constexpr std::size_t most_copied = 8 * 1024;
// Room for most heads with a small body, so that they are not copied while they grow.
constexpr std::size_t ordinary_message = 2048;
// What may be kept for the next message.
constexpr std::size_t most_spare = std::size_t{16} * 1024;

// Memory that was in use a moment ago: one that waits has none of its own, and none has to be asked for with each
// message.
std::string& spare_memory() {
  static thread_local std::string spare;
  return spare;
}

}  // namespace

Framing framing_of(BodyShape shape) {
  if (!shape.present) return {};
  if (shape.length) return {BodyKind::length, *shape.length};
  return {BodyKind::chunked, 0};
}

BodyShape shape_of(const Framing& framing) {
  switch (framing.kind) {
    case BodyKind::none:
      return BodyShape::none();
    case BodyKind::length:
      return BodyShape::sized(framing.length);
    case BodyKind::chunked:
    case BodyKind::until_close:
      return BodyShape::streamed();
  }
  return BodyShape::none();
}

std::string& MessageWriter::begin(const Framing& framing) {
  framing_ = framing;
  body_bytes_ = 0;
  flushed_ = false;
  pending_.clear();
  take_memory();
  return pending_;
}

void MessageWriter::take_memory() {
  if (pending_.empty() && pending_.capacity() < spare_memory().capacity()) pending_.swap(spare_memory());
  pending_.reserve(ordinary_message);
}

void MessageWriter::give_memory_back() {
  pending_.clear();
  std::string& spare = spare_memory();
  if (pending_.capacity() > spare.capacity() && pending_.capacity() <= most_spare) pending_.swap(spare);
  std::string().swap(pending_);
}

io::Task<Result<void>> MessageWriter::write_body(ByteView part) {
  if (part.empty()) co_return Result<void>();
  body_bytes_ += part.size();
  const bool chunked = framing_.kind == BodyKind::chunked;
  const bool gathered = pending_.size() + part.size() <= most_copied;
  if (gathered) take_memory();
  if (chunked) write_chunk_start(pending_, part.size());
  if (gathered) {
    pending_.append(text_of(part));
  } else {
    Result<void> written = co_await flush();
    flushed_ = true;
    if (written) written = co_await stream_.write(part);
    if (!written) co_return written;
  }
  if (chunked) write_chunk_end(pending_);
  co_return Result<void>();
}

io::Task<Result<void>> MessageWriter::flush() {
  if (pending_.empty()) co_return Result<void>();
  flushed_ = true;
  const Result<void> written = co_await stream_.write(bytes_of(pending_));
  give_memory_back();
  co_return written;
}

io::Task<Result<void>> MessageWriter::finish(const Fields& trailers) {
  if (framing_.kind == BodyKind::chunked) write_last_chunk(pending_, trailers);
  co_return co_await flush();
}

}  // namespace sallyport::http::http1
