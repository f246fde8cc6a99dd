// The zip archives of torch.save and torch.jit.save: a pickle, data.pkl, that names tensors, whose bytes
// lie beside it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/learners/files/pickle.hpp"

namespace understudy {

class TorchArchive {
 public:
  // Reads the whole file. Throws DataError: no such file, none of these archives, or a damaged one.
  explicit TorchArchive(const std::string& file);
  const std::string& file() const { return file_; }
  bool is_module() const;  // of torch.jit.save
  // Of this name within the archive's folder; nullptr: there is none.
  const std::string* member(std::string_view name) const;
  Pickle pickle() const;
  // A tensor's elements in row-major order as float32, whole numbers too. Throws DataError, naming
  // the tensor `name`, where they are neither floating-point nor whole numbers, or lie outside of
  // their bytes.
  std::vector<float> values(const PickledTensor& tensor, const std::string& name) const;

 private:
  std::string file_;
  std::map<std::string, std::string, std::less<>> members_;
};

bool holds_whole_numbers(const PickledTensor& tensor);

// Writes members under one folder, uncompressed, whole or not at all. Throws RunError where the file
// can't be written.
using ArchiveMembers = std::vector<std::pair<std::string, std::span<const std::byte>>>;
void write_torch_archive(const std::string& file, const ArchiveMembers& members);

}  // namespace understudy
