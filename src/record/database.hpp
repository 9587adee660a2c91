// Database and Statement: SQLite's objects as owners, with errors as Results.
//
// One thread at a time; a Statement ends before its Database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "sallyport/base/result.hpp"

namespace sallyport::record {

class Database;

// A prepared statement: bind, step until it is done, reset.
class Statement {
 public:
  // Positions count from 1. Text and bytes are borrowed until reset().
  Statement& bind(int position, std::int64_t number);
  Statement& bind(int position, std::string_view text);
  Statement& bind_bytes(int position, std::string_view bytes);

  // True: there is a row. False: done.
  Result<bool> step();
  // For a statement that gives no rows; resets it.
  Result<void> run();
  void reset();

  // Of the row that step() found; columns count from 0. Text is valid until the next step().
  [[nodiscard]] std::int64_t number(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  [[nodiscard]] std::unexpected<Error> failure() const;

  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
};

class Database {
 public:
  enum class Mode { read_only, read_write };
  // Read-write: made where there is none. Errors name the path; exhausted: the disk is full; malformed: it is no
  // database, or a damaged one.
  static Result<Database> open(const std::string& path, Mode mode);

  // One or several statements without results.
  Result<void> execute(const char* statements);
  Result<Statement> prepare(std::string_view statement);
  // The first column of the first row.
  Result<std::int64_t> ask(std::string_view statement);

 private:
  struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}

  std::unique_ptr<sqlite3, Closer> handle_;
};

}  // namespace sallyport::record
