// Text from files that others wrote: what it may hold, and how a sentence shows it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace understudy {

// Control characters are not; all else of ASCII is, and every byte of a longer character.
bool is_printable(char c);
bool is_utf8(std::string_view text);

// Without the blanks (space, tab, newline, carriage return) at its ends.
std::string_view trim(std::string_view text);

// A finite decimal number, such as "-1.5e3", with nothing but blanks around it.
std::optional<double> parse_number(std::string_view text);

// A whole number from 0 on that fits an int, of digits alone.
std::optional<int> parse_whole(std::string_view text);

// Quotes and backslashes behind a backslash, unprintable characters as \n and \x1b.
std::string escape(std::string_view text);
// As many characters as fit a sentence, in quotes, with unprintable ones escaped.
std::string quote(std::string_view text);

}  // namespace understudy
