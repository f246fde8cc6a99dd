# Warnings as a target: everything of ours links it, nothing of anyone else's does.
add_library(understudy_warnings INTERFACE)
target_compile_options(understudy_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wunused -Wnull-dereference -Wimplicit-fallthrough
  $<$<BOOL:${UNDERSTUDY_WERROR}>:-Werror>)
