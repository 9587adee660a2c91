#include "gentle_close.hpp"

namespace sallyport::http {

io::Task<void> close_gently(io::Stream& client, io::BufferPool& buffers) {
  client.set_deadline(client.loop().now() + surplus_patience);
  const Result<void> finished = co_await client.finish();
  if (!finished) co_return;
  io::BufferPool::Memory memory = buffers.take();
  const ByteSpan room(memory.get(), io::BufferPool::buffer_bytes);
  std::uint64_t surplus = 0;
  while (surplus < surplus_bytes) {
    const Result<std::size_t> got = co_await client.read(room);
    if (!got || *got == 0) break;
    surplus += *got;
  }
  buffers.give_back(std::move(memory));
}

}  // namespace sallyport::http
