// Text inside markup.
#pragma once

#include <string>
#include <string_view>

namespace understudy {

// For text and double-quoted attributes of HTML and XML. Control characters, which XML 1.0 does not
// know even escaped, are left out; line breaks and tabs stay.
std::string escape_markup(std::string_view text);

}  // namespace understudy
