#include "sallyport/record/history_reader.hpp"

#include "database.hpp"

namespace sallyport::record {
namespace {

// Each condition is there in every question, and holds where its parameter is null; LIKE has its own wildcards, which
// instr() has not. A client's address stands before its port; that of IPv6 in brackets.
constexpr std::string_view conditions =
    " FROM exchange WHERE (?1 IS NULL OR id < ?1)"
    " AND (?2 IS NULL OR time >= ?2) AND (?3 IS NULL OR time < ?3)"
    " AND (?4 IS NULL OR status = ?4 OR status / 100 = ?4)"
    " AND (?5 IS NULL OR substr(client, 1, length(?5) + 1) = ?5 || ':'"
    "      OR substr(client, 1, length(?5) + 3) = '[' || ?5 || ']:')"
    " AND (?6 IS NULL OR instr(host, ?6) > 0) AND (?7 IS NULL OR verdict = ?7)"
    " AND (?8 IS NULL OR instr(line, ?8) > 0) ORDER BY id DESC LIMIT ?9";
constexpr std::string_view lines = "SELECT id, line";
constexpr std::string_view messages =
    "SELECT id, line, request_fields, request_body, request_cut, response_fields, response_body, response_cut";
constexpr std::string_view judgements = "SELECT client, host, verdict, line";
constexpr std::string_view of_one = " FROM exchange WHERE request_id = ?1 ORDER BY id DESC LIMIT 1";

HistoryEntry entry_of(const Statement& row, bool with_messages) {
  HistoryEntry entry{row.number(0), std::string(row.text(1)), {}};
  if (!with_messages) return entry;
  entry.kept.request = {std::string(row.bytes(2)), std::string(row.bytes(3)), row.number(4) != 0};
  entry.kept.response = {std::string(row.bytes(5)), std::string(row.bytes(6)), row.number(7) != 0};
  return entry;
}

void bind_text(Statement& statement, int position, const std::string& text) {
  if (!text.empty()) statement.bind(position, text);
}

void bind_number(Statement& statement, int position, std::optional<std::int64_t> number) {
  if (number) statement.bind(position, *number);
}

}  // namespace

struct HistoryReader::State {
  // `filter` outlives the statement.
  [[nodiscard]] Result<Statement> prepare(std::string_view columns, const HistoryFilter& filter) {
    Result<Statement> statement = database.prepare(std::string(columns).append(conditions));
    if (!statement) return fail_while(path, statement.error());
    bind_number(*statement, 1, filter.before_row);
    bind_number(*statement, 2, filter.since);
    bind_number(*statement, 3, filter.until);
    if (filter.status) statement->bind(4, std::int64_t{*filter.status});
    bind_text(*statement, 5, filter.client);
    bind_text(*statement, 6, filter.host);
    bind_text(*statement, 7, filter.verdict);
    bind_text(*statement, 8, filter.text);
    statement->bind(9, static_cast<std::int64_t>(filter.limit));
    return statement;
  }

  std::string path;
  Database database;
};

HistoryReader::HistoryReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
HistoryReader::~HistoryReader() = default;
HistoryReader::HistoryReader(HistoryReader&& other) noexcept = default;
HistoryReader& HistoryReader::operator=(HistoryReader&& other) noexcept = default;

Result<HistoryReader> HistoryReader::open(const std::string& path) {
  Result<Database> database = Database::open(path, Database::Mode::read_only);
  if (!database) return std::unexpected(database.error());
  return HistoryReader(std::make_unique<State>(path, std::move(*database)));
}

Result<std::vector<HistoryEntry>> HistoryReader::find(const HistoryFilter& filter) {
  Result<Statement> statement = state_->prepare(filter.with_messages ? messages : lines, filter);
  if (!statement) return std::unexpected(statement.error());
  std::vector<HistoryEntry> found;
  for (;;) {
    const Result<bool> row = statement->step();
    if (!row) return fail_while(state_->path, row.error());
    if (!*row) return found;
    found.push_back(entry_of(*statement, filter.with_messages));
  }
}

Result<void> HistoryReader::visit(const HistoryFilter& filter, const std::function<void(const JudgedRow&)>& visitor) {
  Result<Statement> statement = state_->prepare(judgements, filter);
  if (!statement) return std::unexpected(statement.error());
  for (;;) {
    const Result<bool> row = statement->step();
    if (!row) return fail_while(state_->path, row.error());
    if (!*row) return {};
    visitor({statement->text(0), statement->text(1), statement->text(2), statement->text(3)});
  }
}

Result<std::uint64_t> HistoryReader::size() {
  const Result<std::int64_t> rows = state_->database.ask("SELECT coalesce(max(id) - min(id) + 1, 0) FROM exchange");
  if (!rows) return fail_while(state_->path, rows.error());
  return static_cast<std::uint64_t>(*rows);
}

Result<std::optional<HistoryEntry>> HistoryReader::get(const std::string& request_id) {
  Result<Statement> statement = state_->database.prepare(std::string(messages).append(of_one));
  if (!statement) return fail_while(state_->path, statement.error());
  const Result<bool> row = statement->bind(1, request_id).step();
  if (!row) return fail_while(state_->path, row.error());
  if (!*row) return std::nullopt;
  return entry_of(*statement, true);
}

}  // namespace sallyport::record
