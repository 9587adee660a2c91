#include "probe_client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "sallyport/io/fd_stream.hpp"
#include "sallyport/io/task.hpp"
#include "sallyport/tls/client_context.hpp"

namespace sallyport::doctor {
namespace {

constexpr std::size_t longest_response = 64 * 1024;

unsigned status_in(std::string_view response) {
  constexpr std::string_view version = "HTTP/1.1 ";
  unsigned status = 0;
  if (!response.starts_with(version)) return 0;
  std::from_chars(response.data() + version.size(), response.data() + response.size(), status);
  return status;
}

// Up to the end of the connection.
io::Task<Result<std::string>> read_all(io::Stream& stream) {
  std::string text;
  std::array<std::uint8_t, 4096> part{};
  while (text.size() < longest_response) {
    const Result<std::size_t> count = co_await stream.read(part);
    if (!count && text.empty()) co_return std::unexpected(count.error());
    if (!count || *count == 0) break;
    text.append(reinterpret_cast<const char*>(part.data()), *count);
  }
  co_return text;
}

io::Task<void> talk(tls::TlsStream& session, std::string request, Conversation& conversation) {
  const Result<void> shaken = co_await session.handshake();
  if (!shaken) {
    conversation.handshake = shaken.error();
    co_return;
  }
  const Result<void> sent = co_await session.write(bytes_of(request));
  if (!sent) {
    conversation.reason = sent.error().reason;
    co_return;
  }
  const Result<std::string> response = co_await read_all(session);
  conversation.reason =
      response ? response->substr(std::min(response->find("\r\n\r\n"), response->size())) : response.error().reason;
  if (response) conversation.status = status_in(*response);
}

io::Task<void> run(io::EventLoop& loop, tls::TlsStream& session, std::string request, Conversation& conversation) {
  co_await talk(session, std::move(request), conversation);
  loop.stop();
}

}  // namespace

Result<void> connect_within(const UniqueFd& socket, const Endpoint& to, std::chrono::milliseconds patience) {
  sockaddr_storage storage{};
  const socklen_t length = to.to_sockaddr(storage);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0) return {};
  if (errno != EINPROGRESS) return std::unexpected(errno_error("connecting", errno));
  pollfd waited{socket.get(), POLLOUT, 0};
  if (::poll(&waited, 1, static_cast<int>(patience.count())) == 0) {
    return fail(ErrorKind::timed_out, "nobody answered within " + std::to_string(patience.count()) + " ms");
  }
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
  if (code != 0) return std::unexpected(errno_error("connecting", code));
  return {};
}

Conversation converse(UniqueFd socket, const std::string& name, pki::TrustStorePtr trust,
                      std::chrono::milliseconds patience) {
  Conversation conversation;
  const auto context = tls::ClientContext::create(tls::MinVersion::tls12);
  const auto loop = io::EventLoop::create();
  if (!context || !loop) {
    conversation.handshake = context ? loop.error() : context.error();
    return conversation;
  }
  io::FdStream stream(**loop, std::move(socket));
  stream.set_deadline(io::Clock::now() + patience);
  const auto session =
      (*context)->connect(stream, {.server_name = name,
                                   .alpn = {"http/1.1"},
                                   .verify = [&trust, &name](X509_STORE_CTX* presented) -> Result<void> {
                                     const Result<pki::VerifiedChain> chain = trust->verify(presented, name);
                                     if (!chain) return std::unexpected(chain.error());
                                     return {};
                                   },
                                   .new_session = {}});
  if (!session) {
    conversation.handshake = session.error();
    return conversation;
  }
  const std::string request = "GET / HTTP/1.1\r\nHost: " + name + "\r\nAccept: text/plain\r\nConnection: close\r\n\r\n";
  const io::StartedTask<void> running(run(**loop, **session, request, conversation));
  (*loop)->run();
  return conversation;
}

}  // namespace sallyport::doctor
