// `understudy board` as processes: emulated boards behind pseudo-terminals, and the other commands on
// them as on ports.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/base/errors.hpp"
#include "sim/board/find_board.hpp"
#include "tests/data/idx_files.hpp"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr auto kPatience = 60s;  // on however busy a machine

std::string firmware(const std::string& file) { return UNDERSTUDY_FIRMWARE_DIR "/" + file; }

// `understudy board ARGUMENTS` with pipes for its streams; killed where it has not ended.
class BoardProcess {
 public:
  BoardProcess(const fs::path& folder, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {UNDERSTUDY_PROGRAM, "board"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    for (auto& ends : pipes_)
      if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(pipes_[0][0], 0);
      dup2(pipes_[1][1], 1);
      dup2(pipes_[2][1], 2);
      if (chdir(folder.c_str()) == 0) execv(argv[0], argv.data());
      _exit(126);
    }
    close(pipes_[0][0]);
    close(pipes_[1][1]);
    close(pipes_[2][1]);
  }
  BoardProcess(const BoardProcess&) = delete;
  BoardProcess& operator=(const BoardProcess&) = delete;
  ~BoardProcess() {
    if (!exit_code_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    for (const int file : {pipes_[0][1], pipes_[1][0], pipes_[2][0]}) close(file);
  }

  void type(const std::string& text) const {
    if (write(pipes_[0][1], text.data(), text.size()) < 0) ADD_FAILURE() << "nobody reads";
  }
  void signal(int number) const { kill(pid_, number); }
  // Whether it says that on its standard output, in time.
  bool says(const std::string& text, Clock::duration limit = kPatience) {
    const auto deadline = Clock::now() + limit;
    while (out.find(text) == std::string::npos) {
      if (!listen(deadline)) return false;
    }
    return true;
  }
  // Reads all that it says; nullopt where it does not end in time.
  std::optional<int> exit_code() {
    const auto deadline = Clock::now() + kPatience;
    while (listen(deadline)) {
    }
    if (open_[0] || open_[1]) return std::nullopt;
    int status = 0;
    waitpid(pid_, &status, 0);
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return exit_code_;
  }

  std::string out, err;

 private:
  // False: both streams have ended, or the deadline has come.
  bool listen(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left <= 0ms || (!open_[0] && !open_[1])) return false;
    pollfd files[] = {{.fd = open_[0] ? pipes_[1][0] : -1, .events = POLLIN, .revents = 0},
                      {.fd = open_[1] ? pipes_[2][0] : -1, .events = POLLIN, .revents = 0}};
    poll(files, 2, static_cast<int>(left.count()));
    for (int i = 0; i < 2; ++i) {
      if (files[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t count = read(files[i].fd, buffer, sizeof buffer);
      open_[i] = count > 0;
      if (count > 0) (i == 0 ? out : err).append(buffer, static_cast<std::size_t>(count));
    }
    return true;
  }
  int pipes_[3][2];  // in, out, err
  bool open_[2] = {true, true};
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

class BoardCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() { ::signal(SIGPIPE, SIG_IGN); }  // of programs that have ended
  // With stdout and stderr of the whole run.
  struct Outcome {
    std::optional<int> exit_code;
    std::string out, err;
  };
  Outcome board(std::vector<std::string> arguments) const {
    BoardProcess process(folder_.path(), std::move(arguments));
    const auto code = process.exit_code();
    return {code, process.out, process.err};
  }
  void expect_refusal(const Outcome& outcome, int exit_code, const std::string& sentence) const {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(sentence));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  bool is_link(const std::string& name) const { return fs::is_symlink(folder_ / name); }

  TemporaryFolder folder_;
};

TEST_F(BoardCommand, EmulateMakesALinkAndEndsInTime) {
  BoardProcess process(folder_.path(), {"emulate", "--link", "uno", "--for", "0.5"});
  ASSERT_TRUE(process.says("uno\n"));
  EXPECT_EQ(process.exit_code(), 0);
  EXPECT_THAT(process.err, HasSubstr("Ctrl-C ends it"));
  EXPECT_FALSE(is_link("uno"));
}

TEST_F(BoardCommand, EmulateForMachines) {
  BoardProcess process(folder_.path(), {"emulate", "--for", "0.1", "--json"});
  ASSERT_EQ(process.exit_code(), 0);
  EXPECT_THAT(Json::parse(process.out)["port"].get<std::string>(), StartsWith("/dev/pts/"));
  EXPECT_EQ(process.err, "");
}

TEST_F(BoardCommand, CtrlCLeavesNoLinkBehind) {
  for (const int number : {SIGINT, SIGTERM}) {
    BoardProcess process(folder_.path(), {"emulate", "--link", "uno", "--quiet"});
    ASSERT_TRUE(process.says("uno\n"));
    EXPECT_TRUE(is_link("uno"));
    process.signal(number);
    EXPECT_EQ(process.exit_code(), 130);
    EXPECT_FALSE(is_link("uno"));
  }
}

TEST_F(BoardCommand, EmulateTakesAnotherLinksPlaceButNoFiles) {
  fs::create_symlink("/nowhere", folder_ / "uno");
  BoardProcess process(folder_.path(), {"emulate", "--link", "uno", "--for", "0.1"});
  EXPECT_EQ(process.exit_code(), 0);
  write_file(folder_ / "mine", "text");
  const Outcome refused = board({"emulate", "--link", "mine", "--for", "0.1"});
  expect_refusal(refused, 1, "mine: the link can't be made: File exists");
  EXPECT_TRUE(fs::is_regular_file(folder_ / "mine"));
}

TEST_F(BoardCommand, SelftestOfAnEmulatedBoard) {
  const Outcome outcome = board({"selftest", "simavr"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("trains to the host's bits, float32, streamed"));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("failed")));
}

// The whole way of a real board: id, selftest and id again over a port.
TEST_F(BoardCommand, APortIsAsGoodAsABoard) {
  BoardProcess uno(folder_.path(), {"emulate", "--link", "uno"});
  ASSERT_TRUE(uno.says("uno\n"));
  EXPECT_EQ(board({"id", "uno"}).out, "none\n");
  EXPECT_EQ(board({"id", "uno", "7"}).out, "7\n");
  const Outcome outcome = board({"selftest", "uno", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json result = Json::parse(outcome.out);
  EXPECT_EQ(result["board"]["id"], "7");
  EXPECT_GE(result["checks"].size(), 4u);
  for (const Json& check : result["checks"]) EXPECT_TRUE(check["passed"]) << check;
}

TEST_F(BoardCommand, EepromIsKeptInAFile) {
  for (const char* expected : {"none\n", "9\n"}) {
    BoardProcess uno(folder_.path(), {"emulate", "--link", "uno", "--eeprom", "uno.eeprom"});
    ASSERT_TRUE(uno.says("uno\n"));
    EXPECT_EQ(board({"id", "uno"}).out, expected);
    EXPECT_EQ(board({"id", "uno", "9"}).out, "9\n");
    uno.signal(SIGINT);
    EXPECT_EQ(uno.exit_code(), 130);
  }
}

// Types a line until it comes back: what a board hears while it starts is lost.
bool echoes(BoardProcess& monitor, const std::string& line) {
  for (int i = 0; i < 100; ++i) {
    monitor.type(line + "\n");
    if (monitor.says(line + "\n\r\n", 500ms)) return true;
  }
  return false;
}

TEST_F(BoardCommand, MonitorShowsAndSends) {
  BoardProcess uno(folder_.path(),
                   {"emulate", "--link", "uno", "--firmware", firmware("serial_event.elf")});
  ASSERT_TRUE(uno.says("uno\n"));
  BoardProcess monitor(folder_.path(), {"monitor", "uno", "--baud", "9600"});
  EXPECT_TRUE(echoes(monitor, "hello")) << monitor.out << monitor.err;
  monitor.signal(SIGINT);
  EXPECT_EQ(monitor.exit_code(), 130);
}

TEST_F(BoardCommand, MonitorSaysThatTheBoardIsGone) {
  BoardProcess uno(folder_.path(), {"emulate", "--link", "uno"});
  ASSERT_TRUE(uno.says("uno\n"));
  BoardProcess monitor(folder_.path(), {"monitor", "uno", "--hex"});
  monitor.type("rubbish\n");
  uno.signal(SIGINT);
  EXPECT_EQ(uno.exit_code(), 130);
  EXPECT_EQ(monitor.exit_code(), 3);
  EXPECT_THAT(monitor.err, testing::AnyOf(HasSubstr("uno: unplugged"),  // or it came too late:
                                          HasSubstr("there is no port uno; ")));
}

TEST_F(BoardCommand, ListsPorts) {
  const Outcome outcome = board({"list", "--json"});
  EXPECT_EQ(outcome.exit_code, 0);
  for (const Json& port : Json::parse(outcome.out))
    EXPECT_THAT(port["port"].get<std::string>(), StartsWith("/dev/"));
  EXPECT_EQ(board({"list"}).exit_code, 0);
}

TEST_F(BoardCommand, WrongPorts) {
  for (const char* command : {"selftest", "id", "monitor"}) {
    expect_refusal(board({command, "/dev/ttyACM99"}), 3, "there is no port /dev/ttyACM99; ");
    expect_refusal(board({command, "/dev/null"}), 3, "/dev/null is not a serial port");
    expect_refusal(board({command, "0000:0000"}), 3, "no port belongs to the USB device 0000:0000");
  }
  expect_refusal(board({"flash", "0000:0000"}), 3, "no port belongs to the USB device 0000:0000");
}

TEST_F(BoardCommand, WrongFirmwareAndChips) {
  expect_refusal(board({"emulate", "--firmware", "none.elf"}), 3,
                 "none.elf: cannot be read: No such file or directory");
  write_file(folder_ / "text.elf", "text");
  expect_refusal(board({"emulate", "--firmware", "text.elf"}), 3,
                 "text.elf: is neither an ELF file nor Intel HEX");
  expect_refusal(board({"emulate", "--firmware", "/proc/self/exe"}), 3,
                 "is an ELF file for another kind of machine, not for an AVR");
  expect_refusal(board({"emulate", "--firmware", firmware("serial_event_mega.elf")}), 3,
                 "is built for the atmega2560, but the board has an atmega328p");
  expect_refusal(board({"emulate", "--mcu", "atmega328q"}), 3, "no chip is called 'atmega328q'");
  expect_refusal(board({"emulate", "--bootloader", "none.hex"}), 3, "none.hex: cannot be read");
}

TEST_F(BoardCommand, WrongIdsAndUses) {
  EXPECT_EQ(board({"id", "simavr", "0"}).exit_code, 2);
  EXPECT_EQ(board({"id", "simavr", "255"}).exit_code, 2);
  EXPECT_EQ(board({"emulate", "--for", "-1"}).exit_code, 2);
  EXPECT_EQ(board({"selftest"}).exit_code, 2);
  EXPECT_EQ(board({}).exit_code, 2);
}

TEST_F(BoardCommand, BoardsAreFoundByTheirIds) {
  BoardProcess one(folder_.path(), {"emulate", "--link", "one"});
  BoardProcess two(folder_.path(), {"emulate", "--link", "two"});
  ASSERT_TRUE(one.says("one\n") && two.says("two\n"));
  ASSERT_EQ(board({"id", "one", "3"}).exit_code, 0);
  ASSERT_EQ(board({"id", "two", "4"}).exit_code, 0);
  const std::vector<std::string> ports{(folder_ / "none").string(), (folder_ / "one").string(),
                                       (folder_ / "two").string()};
  EXPECT_EQ(find_board(3, ports, 115'200), ports[1]);
  EXPECT_EQ(find_board(4, ports, 115'200), ports[2]);
  EXPECT_THROW(find_board(5, ports, 115'200), BoardError);
  EXPECT_THROW(find_board(4, {ports[2], ports[2]}, 115'200), BoardError);
}

TEST_F(BoardCommand, ABoardWithAnotherFirmwareIsNone) {
  BoardProcess uno(folder_.path(),
                   {"emulate", "--link", "uno", "--firmware", firmware("serial_event.elf")});
  ASSERT_TRUE(uno.says("uno\n"));
  expect_refusal(board({"id", "uno"}), 3, "uno did not answer within 5s: it runs another firmware");
}

// As to a real Uno: avrdude opens the port, which resets the board into its bootloader, and has that
// write the flash and read it back. After a second in which no further upload begins, the new program
// starts.
TEST_F(BoardCommand, AvrdudeUploadsToOptiboot) {
  if (std::system("command -v avrdude > /dev/null") != 0) GTEST_SKIP() << "no avrdude";
  BoardProcess uno(folder_.path(), {"emulate", "--link", "uno", "--bootloader",
                                    firmware("optiboot.hex"), "--firmware", firmware("blink.elf")});
  ASSERT_TRUE(uno.says("uno\n"));
  const Outcome flashed =
      board({"flash", "uno", "--firmware", firmware("serial_event.hex"), "--quiet"});
  ASSERT_EQ(flashed.exit_code, 0) << flashed.out << flashed.err;
  BoardProcess monitor(folder_.path(), {"monitor", "uno", "--baud", "9600"});
  EXPECT_TRUE(echoes(monitor, "flashed")) << monitor.out << monitor.err;
}

}  // namespace
}  // namespace understudy
