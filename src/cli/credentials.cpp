#include "sallyport/access/credentials.hpp"

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <optional>
#include <string>

#include "sallyport/base/text.hpp"
#include "sallyport/cli/program.hpp"

#include "commands.hpp"

namespace sallyport::cli {
namespace {

// What is typed does not show while this lives.
class Unseen {
 public:
  Unseen() : changed_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!changed_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool changed_;
};

std::optional<std::string> ask(std::string_view question, std::istream& in, std::ostream& err) {
  const Unseen unseen;
  err << question << std::flush;
  std::string answer;
  const bool answered = static_cast<bool>(std::getline(in, answer));
  err << '\n';
  return answered ? std::optional(std::move(answer)) : std::nullopt;
}

// Twice where a person types it unseen; otherwise the first line.
std::optional<std::string> read_password(std::istream& in, std::ostream& err) {
  if (::isatty(STDIN_FILENO) == 1) {
    std::optional<std::string> password = ask("Password: ", in, err);
    const std::optional<std::string> again = password ? ask("Once more: ", in, err) : std::nullopt;
    if (again && again == password) return password;
    if (again) err << "the two are not the same\n";
    return std::nullopt;
  }
  std::string line;
  if (std::getline(in, line)) return line;
  err << "a password is expected on the standard input\n";
  return std::nullopt;
}

}  // namespace

int credentials(const std::string& name, Streams streams) {
  const std::optional<std::string> password = read_password(std::cin, streams.err);
  if (!password) return exit_failure;
  const Result<std::string> line = access::make_credentials_line(name, *password);
  if (!line) {
    streams.err << printable(line.error().reason) << '\n';
    return exit_failure;
  }
  streams.out << *line << '\n';
  return 0;
}

}  // namespace sallyport::cli
