// Sizes and hashes are those that tensorflow_datasets pins (tensorflow_datasets/url_checksums), each
// held against a second project that pins it too.
#include "runtime/fetch/sources.hpp"

#include <fmt/format.h>

namespace understudy {
namespace {

Source mnist() {
  return {"mnist",
          {"mnist"},
          {"https://storage.googleapis.com/cvdf-datasets/mnist",
           "https://ossci-datasets.s3.amazonaws.com/mnist"},
          {{"train-images-idx3-ubyte.gz", 9'912'422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
           {"train-labels-idx1-ubyte.gz", 28'881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
           {"t10k-images-idx3-ubyte.gz", 1'648'877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
           {"t10k-labels-idx1-ubyte.gz", 4'542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}};
}

Source fashion_mnist() {
  return {"fashion-mnist",
          {"fashion_mnist"},
          {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"},
          {{"train-images-idx3-ubyte.gz", 26'421'880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
           {"train-labels-idx1-ubyte.gz", 29'515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
           {"t10k-images-idx3-ubyte.gz", 4'422'102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
           {"t10k-labels-idx1-ubyte.gz", 5'148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}}};
}

Source emnist() {
  SourceFile archive{"gzip.zip", 561'753'746,
                     "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"};
  for (const char* split : {"balanced", "letters", "byclass", "digits"}) {
    for (const char* part : {"train", "test"}) {
      for (const char* what : {"images-idx3", "labels-idx1"})
        archive.members.push_back(fmt::format("gzip/emnist-{}-{}-{}-ubyte.gz", split, part, what));
    }
  }
  return {"emnist",
          {"emnist_balanced", "emnist_letters", "emnist_byclass", "emnist_digits"},
          {"https://biometrics.nist.gov/cs_links/EMNIST"},
          {std::move(archive)}};
}

Source cifar10() {
  SourceFile archive{"cifar-10-binary.tar.gz", 170'052'171,
                     "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"};
  for (int i = 1; i <= 5; ++i)
    archive.members.push_back(fmt::format("cifar-10-batches-bin/data_batch_{}.bin", i));
  archive.members.emplace_back("cifar-10-batches-bin/test_batch.bin");
  return {"cifar10", {"cifar10"}, {"https://www.cs.toronto.edu/~kriz"}, {std::move(archive)}};
}

Source cifar100() {
  return {"cifar100",
          {"cifar100"},
          {"https://www.cs.toronto.edu/~kriz"},
          {{"cifar-100-binary.tar.gz",
            168'513'733,
            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            {"cifar-100-binary/train.bin", "cifar-100-binary/test.bin"}}}};
}

}  // namespace

const std::vector<Source>& known_sources() {
  static const std::vector<Source> sources{fashion_mnist(), mnist(), emnist(), cifar10(),
                                           cifar100()};
  return sources;
}

}  // namespace understudy
