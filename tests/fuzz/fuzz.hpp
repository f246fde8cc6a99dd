// What a fuzz target is: one file that defines fuzz() and one line in CMakeLists.txt. libFuzzer calls
// it with bytes of its own making (libfuzzer.cpp), every ordinary test run with those of the corpus
// (corpus_test.cpp).
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "runtime/base/errors.hpp"

namespace understudy {

// Reads the text as a file. Ends the process where the reader breaks its promise.
void fuzz(std::string_view text);

// The name of the file in messages.
inline const std::string kFuzzSource = "fuzzed";

// Runs what may refuse its input, with one line that begins with the file's name.
template <class Read>
void require_accepted_or_refused(const Read& read) {
  try {
    read();
  } catch (const ScenarioError& problem) {
    const std::string_view sentence = problem.what();
    if (sentence.starts_with(kFuzzSource + ":") && sentence.find('\n') == std::string_view::npos)
      return;
    std::cerr << "not a sentence about the file: " << sentence << '\n';
    std::abort();
  }
}

}  // namespace understudy
