// Objects that are used again and again, made where none is idle.
#pragma once

#include <memory>
#include <vector>

namespace understudy {

template <class T>
class Recycled {
 public:
  // `make` returns a std::unique_ptr<T>.
  template <class Make>
  T& take(const Make& make) {
    if (idle_.empty()) {
      all_.push_back(make());
      idle_.push_back(all_.back().get());
    }
    T& item = *idle_.back();
    idle_.pop_back();
    return item;
  }
  void give_back(T& item) { idle_.push_back(&item); }

  // All that were made, idle or not.
  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }

 private:
  std::vector<std::unique_ptr<T>> all_;
  std::vector<T*> idle_;
};

}  // namespace understudy
