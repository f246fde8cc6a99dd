// What server and clients of a federation send: a head of fixed size, then values.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "runtime/node/node.hpp"

namespace understudy {

inline constexpr Tag kToClients{0, 0};
inline constexpr Tag kToServer{1, 0};

// The server's: the round, in which a client works on the values that follow; without them it is over.
struct GivenHead {
  std::int32_t round = 0;
};
// A client's: without values its loss was no number.
struct AnswerHead {
  std::int32_t round = 0;
  std::uint32_t samples = 0;
  double train_loss = 0;
  double validation_loss = 0;
};

// In a dry run only the head is there.
template <class Head, class Scalar>
Payload pack_message(bool dry, const Head& head, std::size_t count,
                     std::span<const Scalar> values) {
  const std::size_t bytes = sizeof head + count * sizeof(Scalar);
  if (dry) return Payload::dry(bytes, std::as_bytes(std::span(&head, 1)));
  UNDERSTUDY_CHECK(values.size() == count);
  Payload payload = Payload::of_size(bytes);
  std::memcpy(payload.writable().data(), &head, sizeof head);
  if (count > 0)
    std::memcpy(payload.writable().data() + sizeof head, values.data(), values.size_bytes());
  return payload;
}

template <class Head>
Head head_of(const Payload& payload) {
  UNDERSTUDY_CHECK(payload.size() >= sizeof(Head) && payload.head() != nullptr);
  Head head;
  std::memcpy(&head, payload.head(), sizeof head);
  return head;
}
template <class Head>
bool has_values(const Payload& payload) {
  return payload.size() > sizeof(Head);
}
template <class Head, class Scalar>
std::vector<Scalar> values_of(const Payload& payload) {
  std::vector<Scalar> values((payload.size() - sizeof(Head)) / sizeof(Scalar));
  if (!values.empty()) {
    std::memcpy(values.data(), payload.bytes().data() + sizeof(Head),
                values.size() * sizeof(Scalar));
  }
  return values;
}

// A node's state as the bytes of a checkpoint.
class StateWriter {
 public:
  template <class T>
  StateWriter& add(const T& value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  template <class T>
  StateWriter& add(const std::vector<T>& values) {
    add(values.size());
    text_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};
// Throws DataError where the bytes end early.
class StateReader {
 public:
  explicit StateReader(const std::string& text) : left_(text) {}
  template <class T>
  void take(T& value) {
    std::memcpy(&value, bytes(sizeof value), sizeof value);
  }
  template <class T>
  void take(std::vector<T>& values) {
    std::size_t count = 0;
    take(count);
    if (count > left_.size() / sizeof(T)) fail();
    values.resize(count);
    if (count > 0) std::memcpy(values.data(), bytes(count * sizeof(T)), count * sizeof(T));
  }

 private:
  [[noreturn]] static void fail() {
    throw DataError("a checkpoint does not fit the node that it is of");
  }
  const char* bytes(std::size_t count) {
    if (count > left_.size()) fail();
    const char* at = left_.data();
    left_.remove_prefix(count);
    return at;
  }
  std::string_view left_;
};

}  // namespace understudy
