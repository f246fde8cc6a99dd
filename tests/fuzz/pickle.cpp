// The pickles of PyTorch's files, as a state dictionary's and as a module's.
#include "runtime/learners/files/pickle.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace understudy {

void fuzz(std::string_view text) {
  for (const Pickle::Of of : {Pickle::Of::kStateDictionary, Pickle::Of::kModule}) {
    try {
      const Pickle pickle(text, kFuzzSource, of);
    } catch (const DataError& problem) {
      const std::string_view sentence = problem.what();
      UNDERSTUDY_CHECK(sentence.starts_with(kFuzzSource) && sentence.find('\n') == sentence.npos);
    }
  }
}

}  // namespace understudy
