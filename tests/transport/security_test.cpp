// Keys on files, and who is let in.
#include "runtime/transport/security.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/transport/harness.hpp"

namespace understudy {
namespace {

TEST(RunKeys, ComeBackFromTheirFileWhichNobodyElseCanRead) {
  const PrivateFolder folder;
  const std::string path = folder.path() + "/run.keys";
  const RunKeys keys = make_run_keys();
  write_run_keys(path, keys);
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(read_run_keys(path).public_key, keys.public_key);
  EXPECT_EQ(read_run_keys(path).secret_key, keys.secret_key);
  EXPECT_THROW(write_run_keys(path, keys), ScenarioError);  // keys are not replaced
}

TEST(RunKeys, AreRefusedWhereOthersCanReadThem) {
  const PrivateFolder folder;
  const std::string path = folder.path() + "/run.keys";
  write_run_keys(path, make_run_keys());
  for (const mode_t mode : {0640u, 0604u, 0620u}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_THROW(read_run_keys(path), ScenarioError) << mode;
  }
}

TEST(RunKeys, AreRefusedWhereTheyAreNoPair) {
  const PrivateFolder folder;
  const std::string path = folder.path() + "/run.keys";
  const RunKeys one = make_run_keys(), other = make_run_keys();
  const std::vector<std::string> texts = {
      "", "understudy keys 1\n", "understudy keys 2\npublic x\nsecret y\n",
      "understudy keys 1\npublic " + one.public_key + "\nsecret " + other.secret_key + "\n",
      std::string(100'000, 'a')};
  for (const std::string& text : texts) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    chmod(path.c_str(), 0600);
    EXPECT_THROW(read_run_keys(path), ScenarioError);
  }
  EXPECT_THROW(read_run_keys(folder.path()), ScenarioError);
  EXPECT_THROW(read_run_keys(folder.path() + "/none"), ScenarioError);
  std::filesystem::create_symlink(path, folder.path() + "/link");
  EXPECT_THROW(read_run_keys(folder.path() + "/link"), ScenarioError);
}

TEST(Security, ComesBackFromItsText) {
  Security keys;
  keys.kind = Security::Kind::kCurve;
  keys.keys = make_run_keys();
  for (const Security& security : {Security{}, with_new_secret(), keys}) {
    const Security read = parse_security(to_text(security));
    EXPECT_EQ(read.kind, security.kind);
    EXPECT_EQ(read.secret, security.secret);
    EXPECT_EQ(read.keys.secret_key, security.keys.secret_key);
  }
  for (const char* text : {"", "none", "secret 12\n", "secret zz\n", "understudy keys 1\n"})
    EXPECT_THROW(parse_security(text), ScenarioError) << text;
}

TEST(Security, AsksForKeysBeyondTheMachineAndForASecretOnIt) {
  for (const char* local : {"tcp://127.0.0.1:5", "tcp://127.8.9.1:*", "tcp://[::1]:5",
                            "tcp://localhost:5", "ipc:///tmp/x", "inproc://x"})
    EXPECT_TRUE(is_local(local)) << local;
  for (const char* far : {"tcp://*:5", "tcp://0.0.0.0:5", "tcp://10.0.0.1:5", "tcp://[::]:5",
                          "tcp://127.0.0.1.example.org:5", "tcp://eth0:5", "tcp://1.2.3.127:5"})
    EXPECT_FALSE(is_local(far)) << far;
  Security curve;
  curve.kind = Security::Kind::kCurve;
  EXPECT_THROW(check_security("tcp://10.0.0.1:5", with_new_secret()), ScenarioError);
  EXPECT_THROW(check_security("tcp://127.0.0.1:5", Security{}), ScenarioError);
  EXPECT_NO_THROW(check_security("tcp://10.0.0.1:5", curve));
  EXPECT_NO_THROW(check_security("tcp://127.0.0.1:5", with_new_secret()));
  EXPECT_NO_THROW(check_security("ipc:///tmp/x", Security{}));
}

TEST(PrivateFolder, IsForItsOwnerAloneAndGoesWithItsContents) {
  std::string path;
  {
    const PrivateFolder folder;
    path = folder.path();
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    std::ofstream(path + "/socket") << "left behind";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

// A server and a client with securities of their own, on one loop: what the server hears of one
// message of the client's, and how many it turned away by then.
struct Heard {
  std::string text;
  std::uint64_t turned_away = 0;
};
Heard try_to_talk(const Security& servers, const Security& clients) {
  Loop server(servers);
  ZmqHub client(server.clock, clients);
  Heard heard;
  auto router = server.hub.listen(zmq::socket_type::router, "tcp://127.0.0.1:*");
  auto dealer = client.connect(zmq::socket_type::dealer, last_endpoint(router));
  dealer.set(zmq::sockopt::linger, 0);
  server.hub.watch(router, [&] {
    zmq::message_t identity, text;
    if (router.recv(identity, zmq::recv_flags::dontwait) &&
        router.recv(text, zmq::recv_flags::dontwait))
      heard.text = text.to_string();
  });
  dealer.send(zmq::str_buffer("hello"), zmq::send_flags::dontwait);
  const auto wait = [](Loop& loop, const Heard& h) -> Task<> {
    const TimePoint end = kStart + std::chrono::seconds{30};
    while (h.text.empty() && loop.hub.turned_away() == 0 && loop.scheduler.now() < end)
      co_await SleepUntil(loop.scheduler, loop.scheduler.now() + std::chrono::milliseconds{1});
  };
  const auto waiting = spawn(server.scheduler, wait(server, heard));
  server.scheduler.run();
  server.hub.ignore(router);
  heard.turned_away = server.hub.turned_away();
  return heard;
}

Security curve_with(const RunKeys& keys) {
  Security security;
  security.kind = Security::Kind::kCurve;
  security.keys = keys;
  return security;
}

TEST(Doorkeeper, LetsInWhoKnowsTheSecret) {
  const Security secret = with_new_secret();
  EXPECT_EQ(try_to_talk(secret, secret).text, "hello");
}

TEST(Doorkeeper, TurnsAwayAndCountsWhoDoesNot) {
  const Heard heard = try_to_talk(with_new_secret(), with_new_secret());
  EXPECT_EQ(heard.text, "");
  EXPECT_GE(heard.turned_away, 1u);
}

TEST(Doorkeeper, LetsInWhoHoldsTheRunsKeys) {
  const Security keys = curve_with(make_run_keys());
  EXPECT_EQ(try_to_talk(keys, keys).text, "hello");
}

// One that knows the public key, as it would after listening, but has a pair of its own.
TEST(Doorkeeper, TurnsAwayAndCountsOtherKeys) {
  const Security servers = curve_with(make_run_keys());
  Loop loop(servers);
  zmq::context_t context;
  auto router = loop.hub.listen(zmq::socket_type::router, "tcp://127.0.0.1:*");
  zmq::socket_t dealer(context, zmq::socket_type::dealer);
  const RunKeys own = make_run_keys();
  dealer.set(zmq::sockopt::linger, 0);
  dealer.set(zmq::sockopt::curve_serverkey, servers.keys.public_key);
  dealer.set(zmq::sockopt::curve_publickey, own.public_key);
  dealer.set(zmq::sockopt::curve_secretkey, own.secret_key);
  dealer.connect(last_endpoint(router));
  const auto wait = [](Loop& l) -> Task<> {
    const TimePoint end = kStart + std::chrono::seconds{30};
    while (l.hub.turned_away() == 0 && l.scheduler.now() < end)
      co_await SleepUntil(l.scheduler, l.scheduler.now() + std::chrono::milliseconds{1});
  };
  const auto waiting = spawn(loop.scheduler, wait(loop));
  loop.scheduler.run();
  EXPECT_GE(loop.hub.turned_away(), 1u);
}

}  // namespace
}  // namespace understudy
