// Members of archives: tar, gzip'd or not, and zip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace understudy {

inline constexpr std::uint64_t kMostMemberBytes = std::uint64_t{512} << 20;
inline constexpr int kMostMembers = 10'000;  // looked at

// Writes these members, and nothing else, into the folder under the last part of their names; each
// appears when it is whole. Throws DataError naming the archive where it is damaged, where a member
// is missing, no plain file or larger than kMostMemberBytes; RunError where the disk fails.
void unpack(const std::filesystem::path& archive, std::span<const std::string> members,
            const std::filesystem::path& folder);

}  // namespace understudy
