if(UNDERSTUDY_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(UNDERSTUDY_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(UNDERSTUDY_SANITIZER STREQUAL "fuzzer")  # clang's; with its main() in tests/fuzz only
  # The check 'function' does not assemble with clang 14's coroutines.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=function
                      -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(NOT UNDERSTUDY_SANITIZER STREQUAL "")
  message(FATAL_ERROR "UNDERSTUDY_SANITIZER is address, thread, fuzzer or empty, not '${UNDERSTUDY_SANITIZER}'")
endif()
