#include "peek.hpp"

#include <array>

namespace sallyport::gateway {
namespace {

constexpr std::size_t piece_bytes = 4096;
constexpr int most_surplus_reads = 32;

}  // namespace

io::Task<Result<std::vector<std::uint8_t>>> peek(io::Stream& client, io::Duration patience, std::size_t wanted) {
  std::vector<std::uint8_t> seen;
  std::array<std::uint8_t, piece_bytes> piece{};
  client.set_deadline(client.loop().now() + patience);
  while (seen.size() < wanted) {
    const Result<std::size_t> got = co_await client.read(piece);
    if (!got && seen.empty()) co_return std::unexpected(got.error());
    if (!got || *got == 0) break;
    seen.insert(seen.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
  }
  if (seen.empty()) co_return fail(ErrorKind::end_of_stream, "the client left before it said anything");
  client.unread(seen);
  co_return seen;
}

io::Task<Result<wire::ProxyHeader>> take_proxy_header(io::Stream& client, io::Duration patience) {
  std::vector<std::uint8_t> received;
  std::array<std::uint8_t, piece_bytes> piece{};
  client.set_deadline(client.loop().now() + patience);
  for (;;) {
    const Result<std::size_t> got = co_await client.read(piece);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(ErrorKind::end_of_stream, "the sender left before its PROXY header was complete");
    received.insert(received.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*got));
    const Result<std::optional<wire::ProxyHeader>> header = wire::parse_proxy_header(received);
    if (!header) co_return std::unexpected(header.error());
    if (!*header) continue;
    client.unread(ByteView(received).subspan((*header)->size));
    co_return **header;
  }
}

io::Task<Result<void>> peek_client_hello(WorkerContext& worker, io::Stream& client, wire::ClientHelloReader& reader) {
  const config::Settings& settings = worker.settings();
  const io::TimePoint complete_by = worker.loop.now() + settings.limits.handshake;
  std::array<std::uint8_t, piece_bytes> piece{};
  client.set_deadline(worker.loop.now() + settings.intercept.first_bytes);
  for (;;) {
    const Result<std::size_t> got = co_await client.read(piece);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(ErrorKind::end_of_stream, "the client left before its ClientHello was complete");
    client.set_deadline(complete_by);
    const Result<bool> complete = reader.feed(ByteView(piece).first(*got));
    if (!complete) {
      const std::optional<wire::Alert> alert = reader.alert();
      if (alert) co_await send_alert(worker, client, *alert);
      co_return std::unexpected(complete.error());
    }
    if (!*complete) continue;
    client.unread(reader.raw());
    co_return Result<void>();
  }
}

io::Task<void> send_alert(WorkerContext& worker, io::Stream& client, wire::Alert alert) {
  worker.metrics.refused_hellos.add();
  const std::array<std::uint8_t, 7> record = wire::fatal_alert(alert);
  client.set_deadline(worker.loop.now() + worker.settings().limits.handshake);
  const Result<void> sent = co_await client.write(record);
  if (!sent) co_return;
  const Result<void> finished = co_await client.finish();
  if (!finished) co_return;
  client.set_deadline(worker.loop.now() + std::chrono::seconds(1));
  std::array<std::uint8_t, piece_bytes> surplus{};
  for (int reads = 0; reads < most_surplus_reads; ++reads) {
    const Result<std::size_t> got = co_await client.read(surplus);
    if (!got || *got == 0) co_return;
  }
}

}  // namespace sallyport::gateway
