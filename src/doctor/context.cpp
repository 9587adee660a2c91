#include "sallyport/doctor/context.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sallyport/base/text.hpp"

namespace sallyport::doctor {

std::optional<std::string> Context::system_file(const std::string& path) const {
  std::ifstream file(system_root + path);
  std::ostringstream text;
  // A file of the kernel may open and still refuse to be read.
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  return std::string(trim(text.str()));
}

long long Context::system_number(const std::string& path) const {
  const std::optional<std::string> text = system_file(path);
  long long number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

bool Context::system_has(const std::string& path) const {
  std::error_code error;
  return std::filesystem::exists(system_root + path, error);
}

std::string Context::put_rules_up() const {
  if (steering.empty()) return "systemctl reload-or-restart sallyport-steering";
  return shell_word(steering) + " --config " + shell_word(config_path) + " up";
}

std::string Context::start_daemon() const {
  return service ? "systemctl start sallyportd" : "sallyportd --config " + shell_word(config_path);
}

std::string Context::restart_daemon() const {
  return service ? "systemctl restart sallyportd" : "kill " + std::to_string(daemon.process) + " && " + start_daemon();
}

std::string Context::this_command(const std::string& arguments) const {
  const bool usual = config_path == "/etc/sallyport/sallyport.ini";
  return shell_word(program) + (usual ? "" : " --config " + shell_word(config_path)) + " " + arguments;
}

std::string shell_word(const std::string& text) {
  const auto harmless = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=@%+,").contains(c);
  };
  if (!text.empty() && std::ranges::all_of(text, harmless)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace sallyport::doctor
