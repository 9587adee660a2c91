#include "sallyport/admin/control_client.hpp"

#include "sallyport/http/http1_upstream.hpp"
#include "sallyport/io/dial.hpp"
#include "sallyport/io/event_loop.hpp"

namespace sallyport::admin {
namespace {

constexpr std::size_t longest_answer = 256 * 1024 * 1024;

io::Task<Result<Answer>> exchange(io::EventLoop& loop, const std::string& socket, const Question& question) {
  Result<std::unique_ptr<io::FdStream>> stream = io::dial_local(loop, socket);
  if (!stream) co_return std::unexpected(stream.error());
  io::BufferPool buffers;
  auto connection = std::make_unique<http::OriginConnection>(std::move(*stream), buffers);
  http::http1::Http1Upstream upstream(std::move(connection), {.limits = {}, .idle = question.patience}, [](auto) {});
  const http::Fields no_trailers;
  http::RequestHead request;
  request.method = question.method;
  request.authority = "sallyport";
  request.path = question.target;
  http::BodyShape shape;
  if (question.method != "GET") {
    shape = http::BodyShape::sized(question.body.size());
    request.fields.add("Content-Type", "application/json");
  }
  Result<void> sent = co_await upstream.send_head(request, shape, {});
  if (sent && !question.body.empty()) sent = co_await upstream.send_body(bytes_of(question.body));
  if (sent) sent = co_await upstream.finish(no_trailers);
  if (!sent) co_return std::unexpected(sent.error());
  const Result<http::ResponseHead*> head = co_await upstream.read_head();
  if (!head) co_return std::unexpected(head.error());
  Answer answer{(*head)->status, {}};
  for (;;) {
    const Result<ByteView> part = co_await upstream.response_body().read();
    if (!part) co_return std::unexpected(part.error());
    if (part->empty()) co_return answer;
    if (question.take && answer.status == 200) {
      const Result<void> taken = question.take(*part);
      if (!taken) co_return std::unexpected(taken.error());
      continue;
    }
    if (answer.body.size() + part->size() > longest_answer)
      co_return fail(ErrorKind::exhausted, "the answer is too long");
    answer.body += text_of(*part);
  }
}

// The coroutine's frame must be gone before the loop is.
io::Task<void> run(io::EventLoop& loop, const std::string& socket, const Question& question, Result<Answer>& answer) {
  answer = co_await exchange(loop, socket, question);
  loop.stop();
}

}  // namespace

Result<Answer> ask(const std::string& socket, const Question& question) {
  Result<std::unique_ptr<io::EventLoop>> loop = io::EventLoop::create();
  if (!loop) return std::unexpected(loop.error());
  Result<Answer> answer = fail(ErrorKind::system, "no answer");
  const io::StartedTask<void> running(run(**loop, socket, question, answer));
  (*loop)->run();
  return answer;
}

}  // namespace sallyport::admin
