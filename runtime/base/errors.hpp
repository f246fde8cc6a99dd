// What can go wrong, by whose fault. Bad input throws; only main catches. Expected outcomes (a
// timeout, a lost message, a dead peer) are return values, not exceptions.
#pragma once

#include <stdexcept>
#include <string>

namespace understudy {

// The process's exit codes (the command-line contract).
enum class ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kPeerFailed = 3, kInterrupted = 130 };

// Every error of ours: what() is one sentence without a full stop, exit_code() what main returns.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  ExitCode exit_code() const { return code_; }

 private:
  ExitCode code_;
};

// A scenario, a flag or a file named by one is wrong. what() begins with file:line:key where known.
class ScenarioError : public Error {
 public:
  explicit ScenarioError(const std::string& sentence) : Error(ExitCode::kUsage, sentence) {}
};

// A data set is missing, truncated or not what it claims.
class DataError : public Error {
 public:
  explicit DataError(const std::string& sentence) : Error(ExitCode::kUsage, sentence) {}
};

// A peer or a link failed.
class TransportError : public Error {
 public:
  explicit TransportError(const std::string& sentence) : Error(ExitCode::kPeerFailed, sentence) {}
};

// A board failed: unplugged, crashed, silent, or not ours.
class BoardError : public Error {
 public:
  explicit BoardError(const std::string& sentence) : Error(ExitCode::kPeerFailed, sentence) {}
};

// The run itself failed: full disk, missed expectation, deadlock.
class RunError : public Error {
 public:
  explicit RunError(const std::string& sentence) : Error(ExitCode::kFailed, sentence) {}
};

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace understudy

// An invariant of ours; stays on in release.
#define UNDERSTUDY_CHECK(condition)      \
  (static_cast<bool>(condition) ? void() \
                                : ::understudy::check_failed(#condition, __FILE__, __LINE__))
