# cmake -DSIZE=avr-size -DELF=file [-DMOST_RAM=bytes] [-DMOST_FLASH=bytes] -P: says what a firmware
# needs; fails, and removes it, where that is too much.
execute_process(COMMAND ${SIZE} -B ${ELF} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
if(NOT output MATCHES "\n *([0-9]+)[ \t]+([0-9]+)[ \t]+([0-9]+)")
  message(FATAL_ERROR "avr-size says nothing of ${ELF}: ${output}")
endif()
math(EXPR flash "${CMAKE_MATCH_1} + ${CMAKE_MATCH_2}")
math(EXPR ram "${CMAKE_MATCH_2} + ${CMAKE_MATCH_3}")
cmake_path(GET ELF FILENAME name)
message("${name}: ${flash} bytes of flash, ${ram} bytes of SRAM before the stack")

function(check what bytes most)
  if(most AND bytes GREATER most)
    file(REMOVE ${ELF})
    message(FATAL_ERROR "${name} needs ${bytes} bytes of ${what}, and at most ${most} are allowed")
  endif()
endfunction()
check(SRAM ${ram} "${MOST_RAM}")
check(flash ${flash} "${MOST_FLASH}")
