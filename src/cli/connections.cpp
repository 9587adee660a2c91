// What clients have open at the moment.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <ostream>
#include <thread>
#include <vector>

#include "sallyport/admin/query.hpp"
#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"

#include "ask_daemon.hpp"
#include "columns.hpp"

namespace sallyport::cli {
namespace {

// Two pictures this far apart tell a rate, and are not too much for eyes.
constexpr std::chrono::seconds between_pictures{1};
constexpr std::size_t lines_without_terminal = 40;

struct Connection {
  std::uint64_t id = 0;
  double age = 0;
  std::string client;
  std::string name;
  std::string verdict;
  std::string protocols;
  std::string state;
  std::uint64_t exchanges = 0;
  std::uint64_t bytes = 0;
  double rate = 0;  // bytes a second
};

std::string text_at(const nlohmann::json& object, const char* key) { return printable(object.value(key, "")); }

Connection read(const nlohmann::json& told) {
  Connection one;
  one.id = told.at("id").get<std::uint64_t>();
  one.age = told.at("age_seconds").get<double>();
  one.client = text_at(told, "client");
  one.state = text_at(told, "state");
  one.exchanges = told.at("exchanges").get<std::uint64_t>();
  one.bytes = told.at("received").get<std::uint64_t>() + told.at("sent").get<std::uint64_t>();
  const nlohmann::json& layers = told.at("layers");
  one.name = layers.empty() ? text_at(told, "local") : text_at(layers.back(), "name");
  one.protocols = layers.empty() ? text_at(told, "door") : text_at(layers.back(), "alpn");
  if (const std::string upstream = text_at(told, "alpn_upstream"); !upstream.empty()) one.protocols += ">" + upstream;
  if (!layers.empty()) one.verdict = text_at(layers.back(), "verdict");
  return one;
}

class Picture {
 public:
  explicit Picture(const nlohmann::json& told) : taken_(std::chrono::steady_clock::now()) {
    total_ = told.at("total").get<std::size_t>();
    for (const nlohmann::json& one : told.at("connections")) connections_.push_back(read(one));
  }

  // Tells rates by what has moved since `before`.
  void compare(const Picture& before) {
    std::map<std::uint64_t, std::uint64_t> known;
    for (const Connection& one : before.connections_) known.emplace(one.id, one.bytes);
    const double seconds = std::chrono::duration<double>(taken_ - before.taken_).count();
    for (Connection& one : connections_) {
      const auto old = known.find(one.id);
      const std::uint64_t moved = one.bytes - (old == known.end() ? 0 : old->second);
      one.rate = static_cast<double>(moved) / std::max(seconds, 0.001);
    }
  }

  void busiest_first() { std::ranges::stable_sort(connections_, std::ranges::greater(), &Connection::rate); }

  void print(std::ostream& out, std::size_t most, bool rates) const {
    Columns columns({"ID", "AGE", "CLIENT", "NAME", "VERDICT", "PROTOCOL", "STATE", "EXCHANGES", "BYTES"});
    if (rates) columns.add_heading("BYTES/S");
    for (const Connection& one : connections_) {
      if (columns.rows() == most) break;
      std::vector<std::string> row = {std::to_string(one.id),
                                      duration_text(one.age),
                                      one.client,
                                      one.name,
                                      one.verdict,
                                      one.protocols,
                                      one.state,
                                      std::to_string(one.exchanges),
                                      size_text(one.bytes)};
      if (rates) row.push_back(size_text(static_cast<std::uint64_t>(std::llround(one.rate))));
      columns.add_row(std::move(row));
    }
    columns.print(out);
    if (columns.rows() < total_) out << "and " << total_ - columns.rows() << " more\n";
  }

 private:
  std::chrono::steady_clock::time_point taken_;
  std::size_t total_ = 0;
  std::vector<Connection> connections_;
};

std::string target_of(const ConnectionsQuery& query) {
  std::string target = "/api/v1/connections?limit=" + std::to_string(query.watch || query.top ? 10'000 : query.limit);
  if (!query.client.empty()) target += "&client=" + admin::percent_encoded(query.client);
  if (!query.name.empty()) target += "&name=" + admin::percent_encoded(query.name);
  return target;
}

// One picture after another, until somebody has seen enough (SIGINT) or the daemon is gone.
int watch(const std::string& config_path, const ConnectionsQuery& query, Streams streams) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  std::optional<Picture> before;
  for (std::size_t pictures = 0; query.pictures == 0 || pictures <= query.pictures; ++pictures) {
    const std::expected<Told, int> told = ask_daemon(config_path, target_of(query), streams);
    if (!told) return told.error();
    Picture picture(told->json);
    if (before) {
      picture.compare(*before);
      Picture shown = picture;
      if (query.top) shown.busiest_first();
      // Home, and everything below erased (ECMA-48 CUP, ED).
      if (terminal) streams.out << "\x1b[H\x1b[J";
      shown.print(streams.out, terminal ? terminal_lines() - 3 : lines_without_terminal, true);
      streams.out.flush();
      if (!streams.out) return 0;
    }
    before = std::move(picture);
    if (query.pictures == 0 || pictures < query.pictures) std::this_thread::sleep_for(between_pictures);
  }
  return 0;
}

}  // namespace

int connections(const std::string& config_path, const ConnectionsQuery& query, Streams streams) {
  try {
    if (query.watch || query.top) return watch(config_path, query, streams);
    const std::expected<Told, int> told = ask_daemon(config_path, target_of(query), streams);
    if (!told) return told.error();
    if (query.json) {
      streams.out << told->text;
    } else {
      Picture(told->json).print(streams.out, query.limit, false);
    }
    return 0;
  } catch (const nlohmann::json::exception&) {
    streams.err << not_understood;
    return exit_failure;
  }
}

}  // namespace sallyport::cli
