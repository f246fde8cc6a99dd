# Warnings as a target: everything of ours links it, nothing of anyone else's does. Designated initialisers that
# leave members at their defaults are the way options are written here; -Wextra would object to them.
add_library(understudy_warnings INTERFACE)
target_compile_options(understudy_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-align -Wunused -Wimplicit-fallthrough -Wno-missing-field-initializers
  $<$<BOOL:${UNDERSTUDY_WERROR}>:-Werror>)
