#include "results/report/page_assets.hpp"

// The assembler includes the files; CMake names them.
#define UNDERSTUDY_ASSET(name, path) \
  asm(".pushsection .rodata\n" #name \
      "_begin:\n"                    \
      ".incbin \"" path "\"\n" #name \
      "_end:\n"                      \
      ".byte 0\n.popsection\n");     \
  extern "C" const char name##_begin[], name##_end[]

UNDERSTUDY_ASSET(understudy_style, PAGE_STYLE);
UNDERSTUDY_ASSET(understudy_charts, PAGE_CHARTS);
UNDERSTUDY_ASSET(understudy_chart_library, PAGE_CHART_LIBRARY);

namespace understudy {

std::string_view page_style() { return {understudy_style_begin, understudy_style_end}; }
std::string_view page_charts() { return {understudy_charts_begin, understudy_charts_end}; }
std::string_view page_chart_library() {
  return {understudy_chart_library_begin, understudy_chart_library_end};
}

}  // namespace understudy
