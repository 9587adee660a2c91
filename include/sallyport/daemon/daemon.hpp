// Daemon: the process's life, from the first file read to the exit status.
//
// One object, made and run by main()'s thread, which afterwards only waits: for signals, for changes of the machine's
// addresses, for its workers and for the next thing on the timetable. It owns all that the workers share.
#pragma once

#include <memory>
#include <string>

namespace sallyport::daemon {

class Daemon {
 public:
  // `credentials_folder`: see gateway::load_configuration().
  Daemon(std::string config_path, std::string credentials_folder);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Starts, serves until a signal ends it, and gives the exit status: 0; 78 (EX_CONFIG) where settings, policy or CA
  // cannot be used; 1 for anything else, which was logged.
  int run();

 private:
  class Life;
  std::unique_ptr<Life> life_;
};

}  // namespace sallyport::daemon
