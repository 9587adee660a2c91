// Has the daemon read its configuration anew, and tells what came of it.
#include <nlohmann/json.hpp>

#include "asked.hpp"
#include "resources.hpp"

namespace sallyport::admin {
namespace {

// Reading a million names and handing them to every worker takes a few seconds.
constexpr std::chrono::seconds patience{60};

}  // namespace

io::Task<Reply> reload(const Context& context, Request request) {
  if (!context.observed.reload) co_return error_reply(501, "this daemon cannot be told to reload");
  Asked<ReloadOutcome> asked(context.loop);
  context.observed.reload(request.asker, asked.teller());
  const io::TimePoint deadline = context.loop.now() + patience;
  const std::optional<ReloadOutcome> outcome = co_await asked.wait(context.ending, deadline);
  if (!outcome) co_return error_reply(504, "the daemon did not say in time whether it has reloaded: see its log");
  Reply reply;
  if (!outcome->problems.empty()) {
    reply.status = 422;
    reply.body = json_text(
        {{"error", "the configuration cannot be used; the running one is kept"}, {"problems", outcome->problems}});
  } else {
    reply.body = json_text({{"reloaded", true},
                            {"policy_generation", outcome->policy_generation},
                            {"warnings", outcome->warnings},
                            {"notes", outcome->notes}});
  }
  co_return reply;
}

}  // namespace sallyport::admin
