#include "sim/board/firmware_image.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "runtime/base/errors.hpp"
#include "sim/board/intel_hex.hpp"

namespace understudy {
namespace {

// Where avr-gcc's linker puts what is not flash.
constexpr std::uint32_t kData = 0x800000;
constexpr std::uint32_t kEeprom = 0x810000;
constexpr std::uint32_t kFuses = 0x820000;
constexpr std::uint32_t kMostFlash = 1U << 24;  // as far as a chip can address
constexpr std::string_view kDeviceInfo = ".note.gnu.avr.deviceinfo";
constexpr std::string_view kMmcu = ".mmcu";
constexpr std::uint8_t kMmcuName = 1;  // AVR_MMCU_TAG_NAME

// An ELF file of 32 bits, least byte first; every access is checked against the file's size.
class ElfFile {
 public:
  ElfFile(const std::string& path, const std::vector<std::uint8_t>& bytes)
      : path_(path), bytes_(bytes), header_(at<Elf32_Ehdr>(0)) {}

  [[noreturn]] void damaged() const {
    throw BoardError(fmt::format("{}: is a damaged ELF file", path_));
  }
  template <class T>
  T at(std::uint64_t offset) const {
    if (offset + sizeof(T) > bytes_.size()) damaged();
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  std::vector<std::uint8_t> range(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) damaged();
    const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(offset);
    return {from, from + static_cast<std::ptrdiff_t>(size)};
  }
  std::string text(const Elf32_Shdr& table, std::uint32_t offset) const {
    if (offset >= table.sh_size) damaged();
    const auto bytes = range(table.sh_offset + offset, table.sh_size - offset);
    const auto end = std::find(bytes.begin(), bytes.end(), std::uint8_t{0});
    return {bytes.begin(), end};
  }
  Elf32_Shdr section(std::uint32_t i) const {
    if (i >= header_.e_shnum) damaged();
    return at<Elf32_Shdr>(header_.e_shoff + std::uint64_t{i} * sizeof(Elf32_Shdr));
  }
  const Elf32_Ehdr& header() const { return header_; }

 private:
  const std::string& path_;
  const std::vector<std::uint8_t>& bytes_;
  Elf32_Ehdr header_;
};

void put(std::vector<std::uint8_t>& memory, std::uint32_t address,
         const std::vector<std::uint8_t>& bytes) {
  if (memory.size() < address + bytes.size()) memory.resize(address + bytes.size(), 0xff);
  std::copy(bytes.begin(), bytes.end(), memory.begin() + address);
}

void read_segments(const ElfFile& elf, FirmwareImage& image) {
  std::uint32_t lowest = kMostFlash;
  for (std::uint32_t i = 0; i < elf.header().e_phnum; ++i) {
    const auto segment = elf.at<Elf32_Phdr>(elf.header().e_phoff + i * sizeof(Elf32_Phdr));
    if (segment.p_type != PT_LOAD || segment.p_filesz == 0) continue;
    const auto bytes = elf.range(segment.p_offset, segment.p_filesz);
    const std::uint32_t address = segment.p_paddr;
    if (address < kData && bytes.size() <= kMostFlash) {
      put(image.flash, address, bytes);
      lowest = std::min(lowest, address);
    } else if (address >= kEeprom && address < kFuses && bytes.size() <= kFuses - kEeprom) {
      put(image.eeprom, address - kEeprom, bytes);
    }
  }
  image.start = image.flash.empty() ? 0 : lowest;
}

void read_symbols(const ElfFile& elf, const Elf32_Shdr& table, FirmwareImage& image) {
  const Elf32_Shdr names = elf.section(table.sh_link);
  for (std::uint32_t i = 0; i < table.sh_size / sizeof(Elf32_Sym); ++i) {
    const auto symbol = elf.at<Elf32_Sym>(table.sh_offset + std::uint64_t{i} * sizeof(Elf32_Sym));
    const int type = ELF32_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name == 0) continue;
    const std::string name = elf.text(names, symbol.st_name);
    const auto in_data = static_cast<std::uint16_t>(symbol.st_value & 0xffff);
    if (name == "__heap_start") image.heap_start = in_data;
    if (name == "__brkval") image.heap_end = in_data;
    // Hand-written assembler leaves its functions without a type; constants are absolute.
    if (type != STT_FUNC && (type != STT_NOTYPE || symbol.st_shndx == SHN_ABS)) continue;
    if (symbol.st_value >= kData || name.starts_with(".")) continue;
    std::string& known = image.functions[symbol.st_value];
    if (known.empty() || type == STT_FUNC) known = name;
  }
}

// avr-gcc's note: a header, "AVR", seven numbers, and a table of strings with the chip's name.
std::string device_name(const std::vector<std::uint8_t>& note) {
  constexpr std::size_t kStrings = 12 + 4 + 8 * 4 + 1;
  if (note.size() <= kStrings) return {};
  const auto from = note.begin() + kStrings;
  return {from, std::find(from, note.end(), std::uint8_t{0})};
}

// simavr's section: tag, length, value; the name is one of them.
std::string mmcu_name(const std::vector<std::uint8_t>& section) {
  for (std::size_t i = 0; i + 2 <= section.size(); i += 2U + section[i + 1]) {
    if (section[i] != kMmcuName) continue;
    const auto from = section.begin() + static_cast<std::ptrdiff_t>(i) + 2;
    return {from, std::find(from, section.end(), std::uint8_t{0})};
  }
  return {};
}

FirmwareImage parse_elf(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  const ElfFile elf(path, bytes);
  const Elf32_Ehdr& header = elf.header();
  if (header.e_machine != EM_AVR || header.e_ident[EI_CLASS] != ELFCLASS32) {
    throw BoardError(
        fmt::format("{}: is an ELF file for another kind of machine, not for an AVR", path));
  }
  FirmwareImage image;
  read_segments(elf, image);
  if (image.flash.empty()) throw BoardError(fmt::format("{}: holds no program", path));
  const Elf32_Shdr names = elf.section(header.e_shstrndx);
  for (std::uint32_t i = 0; i < header.e_shnum; ++i) {
    const Elf32_Shdr section = elf.section(i);
    const std::string name = elf.text(names, section.sh_name);
    if (section.sh_type == SHT_SYMTAB) read_symbols(elf, section, image);
    const bool device = name == kDeviceInfo;
    if (!device && name != kMmcu) continue;
    const auto contents = elf.range(section.sh_offset, section.sh_size);
    const std::string mcu = device ? device_name(contents) : mmcu_name(contents);
    if (!mcu.empty()) image.mcu = mcu;
  }
  return image;
}

}  // namespace

std::string FirmwareImage::symbol(std::uint32_t address) const {
  auto after = functions.upper_bound(address);
  if (after == functions.begin() || address >= flash.size()) return {};
  --after;
  const std::uint32_t offset = address - after->first;
  return offset == 0 ? after->second : fmt::format("{}+0x{:x}", after->second, offset);
}

FirmwareImage parse_firmware(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  if (bytes.size() >= SELFMAG && std::memcmp(bytes.data(), ELFMAG, SELFMAG) == 0) {
    return parse_elf(path, bytes);
  }
  if (!bytes.empty() && bytes.front() == ':') {
    FirmwareImage image;
    image.flash = parse_intel_hex(path, std::string(bytes.begin(), bytes.end()), image.start);
    return image;
  }
  throw BoardError(fmt::format("{}: is neither an ELF file nor Intel HEX", path));
}

FirmwareImage load_firmware(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) {
    const char* why = errno != 0 ? std::strerror(errno) : "it is not a file";
    throw BoardError(fmt::format("{}: cannot be read: {}", path, why));
  }
  return parse_firmware(path, bytes);
}

}  // namespace understudy
