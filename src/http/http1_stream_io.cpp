#include "http1_stream_io.hpp"

namespace sallyport::http::http1 {
namespace {

// Up to here, parts are gathered behind their head or chunk line, to leave in one write; a larger one is written as
// it is. Less than what one read brings, so that the bulk of a large body is never copied.
constexpr std::size_t most_copied = 8 * 1024;
// Room for most heads with a small body, so that they are not copied while they grow.
constexpr std::size_t ordinary_message = 2048;
// What an idle connection may keep of the memory its heads needed.
constexpr std::size_t pending_kept = 1024;

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
  pending_.reserve(ordinary_message);
  return pending_;
}

io::Task<Result<void>> MessageWriter::write_body(ByteView part) {
  if (part.empty()) co_return Result<void>();
  body_bytes_ += part.size();
  const bool chunked = framing_.kind == BodyKind::chunked;
  if (chunked) write_chunk_start(pending_, part.size());
  if (pending_.size() + part.size() <= most_copied) {
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
  pending_.clear();
  if (pending_.capacity() > pending_kept) pending_.shrink_to_fit();
  co_return written;
}

io::Task<Result<void>> MessageWriter::finish(const Fields& trailers) {
  if (framing_.kind == BodyKind::chunked) write_last_chunk(pending_, trailers);
  co_return co_await flush();
}

}  // namespace sallyport::http::http1
