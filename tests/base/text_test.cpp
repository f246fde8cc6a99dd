#include "runtime/base/text.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace understudy {
namespace {

std::size_t valid_texts(std::size_t bytes) {
  std::size_t valid = 0;
  std::string text(bytes, '\0');
  for (std::size_t n = 0; n < std::size_t{1} << (8 * bytes); ++n) {
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(n >> (8 * i));
    valid += is_utf8(text);
  }
  return valid;
}

// Characters below U+0080 take one byte, below U+0800 two, below U+10000 three, which the 2,048
// surrogates among them don't.
TEST(Utf8, TextsOfUpToThreeBytesAreAsManyAsTheCharactersMake) {
  constexpr std::size_t one = 0x80, two = 0x800 - 0x80, three = 0x10000 - 0x800 - 2048;
  EXPECT_TRUE(is_utf8(""));
  EXPECT_EQ(valid_texts(1), one);
  EXPECT_EQ(valid_texts(2), one * one + two);
  EXPECT_EQ(valid_texts(3), one * one * one + 2 * one * two + three);
}

TEST(Utf8, CharactersOfFourBytesEndAtU10FFFF) {
  EXPECT_TRUE(is_utf8("\xf0\x90\x80\x80"));   // U+10000
  EXPECT_FALSE(is_utf8("\xf0\x8f\xbf\xbf"));  // U+FFFF, longer than needed
  EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf"));   // U+10FFFF
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xf5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xf0\x90\x80"));
  EXPECT_FALSE(is_utf8("\xf0\x90\x80x"));
}

TEST(Number, IsDecimalAndFinite) {
  EXPECT_EQ(parse_number(" 12.5\r\n"), 12.5);
  EXPECT_EQ(parse_number("+1e3"), 1000);
  EXPECT_EQ(parse_number("-.5"), -0.5);
  for (const char* text : {"", " ", "+", "++1", "+-1", "1x", "0x10", "1,5", "1 2", "nan", "inf",
                           "-infinity", "1e999", "--1"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
}

TEST(Whole, IsDigitsAlone) {
  EXPECT_EQ(parse_whole("0"), 0);
  EXPECT_EQ(parse_whole("0042"), 42);
  EXPECT_EQ(parse_whole("2147483647"), 2147483647);
  for (const char* text :
       {"", " ", "-1", "-0", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "2147483648"})
    EXPECT_FALSE(parse_whole(text)) << text;
}

TEST(Trim, TakesBlanksFromTheEndsOnly) {
  EXPECT_EQ(trim(" \ta b\r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Quote, FitsASentence) {
  EXPECT_EQ(quote("a\nb\x1b\"c\\"), "'a\\nb\\x1b\\\"c\\\\'");
  const std::string most(60, 'x');
  EXPECT_EQ(quote(most), fmt::format("'{}'", most));
  EXPECT_EQ(quote(most + "x"), fmt::format("'{}...'", most));
  const std::string almost(59, 'x');
  EXPECT_EQ(quote(almost + "\xc3\xbc!"), fmt::format("'{}...'", almost)) << "no half characters";
}

}  // namespace
}  // namespace understudy
