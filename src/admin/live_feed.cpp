#include "live_feed.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <optional>

#include "sallyport/http/websocket_server_end.hpp"
#include "sallyport/io/notification.hpp"
#include "sallyport/netfilter/neighbours.hpp"
#include "sallyport/policy/verdict.hpp"

namespace sallyport::admin {
namespace {

using namespace std::chrono_literals;
using gateway::Metrics;
using gateway::OpenConnection;

constexpr io::Duration shortest_tick = 250ms;
constexpr io::Duration longest_tick = 5s;
// A tick is this many times as long as it takes to make it, so that the thread is free for nearly all of the time.
constexpr int rest_after_work = 20;
// And long enough for sending what came of it to all viewers at this rate.
constexpr double most_bytes_a_second = 16.0 * 1024 * 1024;
constexpr io::Duration tick_of_each_viewer = 1ms;
constexpr io::Duration between_overviews = 1s;
constexpr io::Duration between_pings = 30s;
// A viewer that answers no ping is gone.
constexpr io::Duration longest_silence = 100s;
constexpr io::Duration links_last = 5s;
constexpr std::size_t samples_for_medians = 10;

// The page shows so many; of more, the newest.
constexpr std::size_t most_connections = 1'000;
constexpr std::size_t most_rows_in_tick = 500;
constexpr double most_exchanges_a_second = 200;

// What a viewer may lag behind.
constexpr std::size_t most_frames_queued = 32;
constexpr std::size_t most_bytes_queued = std::size_t{2} * 1024 * 1024;

constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t policy_violation = 1008;
// An empty ping (RFC 6455 §5.5.2).
constexpr std::string_view ping{"\x89\0", 2};

std::string frame_of(const nlohmann::json& message) {
  return http::websocket_text_frame(message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

nlohmann::json number_or_null(const std::optional<double>& number) {
  return number ? nlohmann::json(*number) : nlohmann::json();
}

template <typename Of>
std::uint64_t sum(const Context& context, Of of) {
  std::uint64_t total = 0;
  for (const gateway::Worker* worker : context.observed.workers) total += of(worker->metrics());
  return total;
}

RecentMedian::Counts counts_of(const Context& context, record::Phase phase) {
  RecentMedian::Counts counts{};
  for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
    counts[bucket] = sum(context, [phase, bucket](const Metrics& metrics) {
      return metrics.phase_time[static_cast<std::size_t>(phase)].count_of(bucket);
    });
  }
  return counts;
}

}  // namespace

struct LiveFeed::Viewer {
  Viewer(io::Stream& given, std::function<bool()> may_stay)
      : client(given), changed(given.loop()), welcome(std::move(may_stay)) {}

  // False: it lags too far behind.
  bool give(Frames frames) {
    queued_bytes += frames->size();
    queue.push_back(std::move(frames));
    changed.notify();
    return queue.size() <= most_frames_queued && queued_bytes <= most_bytes_queued;
  }
  void finish(std::uint16_t code) {
    std::string farewell;
    if (end) end->close(code, farewell);
    give(std::make_shared<const std::string>(std::move(farewell)));
    finishing = true;
  }

  io::Stream& client;
  io::Notification changed;
  std::function<bool()> welcome;
  std::unique_ptr<http::WebSocketServerEnd> end;
  std::deque<Frames> queue;
  std::size_t queued_bytes = 0;
  bool finishing = false;  // what is queued is the last
  bool gone = false;
};

LiveFeed::LiveFeed(const Context& context)
    : context_(context),
      timer_(context.loop, &LiveFeed::on_tick, this),
      added_(samples_for_medians),
      waited_(samples_for_medians) {}

LiveFeed::~LiveFeed() = default;

io::Task<void> LiveFeed::serve(io::Stream& client, std::function<bool()> welcome) {
  Viewer viewer(client, std::move(welcome));
  Result<std::unique_ptr<http::WebSocketServerEnd>> end = http::WebSocketServerEnd::create();
  if (!end) co_return;
  viewer.end = std::move(*end);
  viewers_.push_back(&viewer);
  if (viewers_.size() == 1) start();
  if (last_overview_ != nullptr) viewer.give(last_overview_);
  io::StartedTask<void> listening(listen(viewer));
  while (!viewer.gone) {
    if (!viewer.queue.empty()) {
      const Frames frames = std::move(viewer.queue.front());
      viewer.queue.pop_front();
      viewer.queued_bytes -= frames->size();
      const Result<void> written = co_await client.write(bytes_of(*frames));
      if (!written) break;
    } else if (viewer.finishing) {
      break;
    } else {
      co_await viewer.changed.wait_until();
    }
  }
  std::erase(viewers_, &viewer);
  client.close({ErrorKind::cancelled, "the viewer is gone"});
  co_await listening.join();
}

// Pings, pongs and the Close; what else a viewer may say is nothing to us.
io::Task<void> LiveFeed::listen(Viewer& viewer) {
  std::array<std::uint8_t, 1024> buffer{};
  while (!viewer.finishing) {
    viewer.client.set_deadline(viewer.client.loop().now() + longest_silence);
    const Result<std::size_t> got = co_await viewer.client.read(buffer);
    if (!got || *got == 0) break;
    std::string replies;
    viewer.end->received(ByteView(buffer).first(*got), replies);
    const bool over = viewer.end->over();
    if (!replies.empty() && !viewer.give(std::make_shared<const std::string>(std::move(replies)))) break;
    viewer.finishing = viewer.finishing || over;
  }
  viewer.gone = !viewer.finishing;
  viewer.changed.notify();
}

void LiveFeed::on_tick(void* self) { static_cast<LiveFeed*>(self)->tick(); }

// What there was before anybody watched is no news.
void LiveFeed::start() {
  context_.observed.live.watch(true);
  last_tick_ = context_.loop.now();
  last_overview_ = nullptr;
  next_overview_ = last_tick_;
  next_ping_ = last_tick_ + between_pings;
  added_ = RecentMedian(samples_for_medians);
  waited_ = RecentMedian(samples_for_medians);
  told_.clear();
  static_cast<void>(connections());
  timer_.arm(last_tick_);
}

void LiveFeed::tick() {
  const io::TimePoint began = io::Clock::now();
  send_away();
  if (viewers_.empty()) {
    context_.observed.live.watch(false);
    return;
  }
  std::string frames;
  if (began >= next_overview_) {
    frames = overview();
    last_overview_ = std::make_shared<const std::string>(frames);
    next_overview_ = began + between_overviews;
  }
  if (began >= next_ping_) {
    frames += ping;
    next_ping_ = began + between_pings;
  }
  frames += connections();
  frames += exchanges();
  last_tick_ = began;
  const double bytes = static_cast<double>(frames.size()) * static_cast<double>(viewers_.size());
  if (!frames.empty()) broadcast(std::make_shared<const std::string>(std::move(frames)));
  const io::TimePoint ended = io::Clock::now();
  const auto to_send =
      std::chrono::duration_cast<io::Duration>(std::chrono::duration<double>(bytes / most_bytes_a_second));
  const io::Duration pause = std::max({shortest_tick, (ended - began) * rest_after_work, to_send,
                                       tick_of_each_viewer * static_cast<io::Duration::rep>(viewers_.size())});
  timer_.arm(ended + std::min(pause, longest_tick));
}

// Whose session is over, or who does not read.
void LiveFeed::send_away() {
  for (Viewer* const viewer : viewers_) {
    if (viewer->finishing || viewer->welcome()) continue;
    viewer->finish(context_.ending.cancelled() ? going_away : policy_violation);
  }
}

void LiveFeed::broadcast(Frames frames) {
  for (Viewer* const viewer : viewers_) {
    if (viewer->finishing || viewer->give(frames)) continue;
    context_.observed.log.info("dashboard: a viewer does not read what it is sent, and is dropped");
    viewer->finishing = true;
    viewer->client.abort({ErrorKind::timed_out, "the viewer does not read"});
  }
}

std::string LiveFeed::overview() {
  added_.sample(counts_of(context_, record::Phase::gateway));
  waited_.sample(counts_of(context_, record::Phase::wait));
  nlohmann::json verdicts = nlohmann::json::object();
  for (std::size_t at = 0; at < Metrics::verdict_names; ++at) {
    const auto name = static_cast<policy::VerdictName>(at);
    verdicts[std::string(policy::text_of(name))] =
        sum(context_, [at](const Metrics& metrics) { return metrics.verdicts[at].value(); });
  }
  std::uint64_t exchanges = 0;
  for (std::size_t at = 0; at < std::tuple_size_v<decltype(Metrics::exchanges)>; ++at) {
    exchanges += sum(context_, [at](const Metrics& metrics) { return metrics.exchanges[at].value(); });
  }
  std::size_t open = 0;
  for (const gateway::Worker* worker : context_.observed.workers) open += worker->connections();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return frame_of({
      {"type", "overview"},
      {"at", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()},
      {"connections_open", open},
      {"exchanges_total", exchanges},
      {"bytes_from_client", sum(context_, [](const Metrics& metrics) { return metrics.bytes_in.value(); })},
      {"bytes_to_client", sum(context_, [](const Metrics& metrics) { return metrics.bytes_out.value(); })},
      {"verdicts", std::move(verdicts)},
      {"added_ms_p50", number_or_null(added_.milliseconds())},
      {"wait_ms_p50", number_or_null(waited_.milliseconds())},
  });
}

LiveFeed::Told LiveFeed::told_of(const OpenConnection& facts) {
  std::string looks = facts.upstream.to_string();
  for (const std::string_view text : {facts.state, facts.tls_upstream}) (looks += '\n') += text;
  for (const gateway::LayerFacts& layer : facts.layers) {
    looks += '\n' + layer.name;
    for (const std::string_view text : {layer.tls, layer.verdict}) looks += text;
  }
  return {.looks = std::hash<std::string>()(looks),
          .moved = facts.received + facts.sent,
          .exchanges = facts.exchanges,
          .active = facts.active};
}

// What has changed since the last time; empty: nothing has.
std::string LiveFeed::connections() {
  const io::TimePoint now = context_.loop.now();
  if (now >= links_until_) {
    links_ = link_addresses();
    links_until_ = now + links_last;
  }
  ++ticks_;
  std::vector<OpenConnection> open = open_connections(context_);
  open.resize(std::min(open.size(), most_connections));
  nlohmann::json opened = nlohmann::json::array();
  nlohmann::json changed = nlohmann::json::array();
  nlohmann::json closed = nlohmann::json::array();
  for (const OpenConnection& facts : open) {
    Told current = told_of(facts);
    current.seen = ticks_;
    const auto [known, is_new] = told_.try_emplace(facts.id, current);
    known->second.seen = ticks_;
    if (!is_new && (same(known->second, current) || changed.size() >= most_rows_in_tick)) continue;
    known->second = current;
    (is_new ? opened : changed).push_back(row_of(facts, links_));
  }
  std::erase_if(told_, [&](const auto& one) {
    if (one.second.seen != ticks_) closed.push_back(one.first);
    return one.second.seen != ticks_;
  });
  if (opened.empty() && changed.empty() && closed.empty()) return {};
  return frame_of({{"type", "connections"},
                   {"opened", std::move(opened)},
                   {"changed", std::move(changed)},
                   {"closed", std::move(closed)}});
}

std::string LiveFeed::exchanges() {
  const std::chrono::duration<double> passed = context_.loop.now() - last_tick_;
  may_tell_ = std::min(may_tell_ + passed.count() * most_exchanges_a_second, most_exchanges_a_second);
  record::LiveTap::Lines come = context_.observed.live.take();
  std::string frames;
  for (const std::string& line : come.lines) {
    if (may_tell_ < 1) {
      ++come.skipped;
      continue;
    }
    may_tell_ -= 1;
    // The line is JSON already, made by the log's own hand.
    frames += http::websocket_text_frame(R"({"type":"exchange","exchange":)" + line + "}");
  }
  if (come.skipped > 0) frames += frame_of({{"type", "skipped"}, {"exchanges", come.skipped}});
  return frames;
}

}  // namespace sallyport::admin
