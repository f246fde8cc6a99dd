# Firmware for Arduino boards, built by the host's build with avr-gcc and Debian's Arduino core, and
# without an IDE. Where those are missing nothing is built, and UNDERSTUDY_AVR is off.
#
#   understudy_firmware(NAME SOURCES file.ino... [MCU atmega2560] [LIBRARIES EEPROM...]
#                       [MOST_RAM bytes] [MOST_FLASH bytes])
#
# makes NAME.elf and NAME.hex in UNDERSTUDY_FIRMWARE_DIR (target NAME_elf; all of them:
# understudy_firmware). The build fails where .data + .bss need more than MOST_RAM, or .text + .data
# more than MOST_FLASH. A sketch is compiled as it stands: no prototypes are made for it.
set(UNDERSTUDY_FIRMWARE_DIR ${CMAKE_BINARY_DIR}/firmware)
set(UNDERSTUDY_ARDUINO_DIR /usr/share/arduino/hardware/arduino/avr CACHE PATH
    "Arduino's core for AVR: the folder that holds cores/, libraries/ and variants/")
find_program(AVR_GCC avr-gcc)
find_program(AVR_GXX avr-g++)
find_program(AVR_AR avr-gcc-ar)
find_program(AVR_OBJCOPY avr-objcopy)
find_program(AVR_SIZE avr-size)

set(UNDERSTUDY_AVR OFF)
if(AVR_GXX AND AVR_GCC AND AVR_AR AND AVR_OBJCOPY AND AVR_SIZE
   AND EXISTS ${UNDERSTUDY_ARDUINO_DIR}/cores/arduino/Arduino.h)
  set(UNDERSTUDY_AVR ON)
else()
  message(STATUS "No firmware is built: it needs gcc-avr, avr-libc and arduino-core-avr")
endif()
add_custom_target(understudy_firmware ALL)

# The flags of Arduino's platform.txt, without link-time optimisation: functions keep their names.
set(avr_flags -g -Os -ffunction-sections -fdata-sections -DF_CPU=16000000L -DARDUINO=10807
              -DARDUINO_ARCH_AVR)
# avr-gcc 5.4 has no DECIMAL_DIG in C++, which WString.cpp asks for; a double has 32 bits.
set(avr_cxx_flags -std=gnu++14 -fpermissive -fno-exceptions -fno-threadsafe-statics
                  -DDECIMAL_DIG=9)
set(avr_variant_atmega328p standard -DARDUINO_AVR_UNO)
set(avr_variant_atmega2560 mega -DARDUINO_AVR_MEGA2560)

# Sets `out` to the flags with which anything is compiled for the chip.
function(avr_chip_flags mcu out)
  list(GET avr_variant_${mcu} 0 variant)
  list(GET avr_variant_${mcu} 1 board)
  set(${out} -mmcu=${mcu} ${avr_flags} ${board} -I${UNDERSTUDY_ARDUINO_DIR}/cores/arduino
      -I${UNDERSTUDY_ARDUINO_DIR}/variants/${variant} PARENT_SCOPE)
endfunction()

# Compiles one source; `objects` in the caller's scope grows by its object.
function(avr_compile folder source)
  cmake_path(GET source FILENAME name)
  cmake_path(GET source EXTENSION LAST_ONLY extension)
  if(extension STREQUAL ".cpp")
    set(compile ${AVR_GXX} ${avr_cxx_flags})
  elseif(extension STREQUAL ".ino")
    set(compile ${AVR_GXX} ${avr_cxx_flags} -x c++ -include Arduino.h)
  elseif(extension STREQUAL ".S")
    set(compile ${AVR_GCC} -x assembler-with-cpp)
  else()
    set(compile ${AVR_GCC} -std=gnu11)
  endif()
  set(object ${folder}/${name}.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${compile} ${ARGN} -MMD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
    DEPENDS ${source} DEPFILE ${object}.d
    COMMENT "Compiling ${name} for an AVR" VERBATIM)
  set(objects ${objects} ${object} PARENT_SCOPE)
endfunction()

# Makes the core's library once for each chip, as target avr_core_MCU.
function(avr_core mcu)
  if(TARGET avr_core_${mcu})
    return()
  endif()
  set(folder ${UNDERSTUDY_FIRMWARE_DIR}/core_${mcu})
  file(MAKE_DIRECTORY ${folder})
  avr_chip_flags(${mcu} flags)
  file(GLOB sources ${UNDERSTUDY_ARDUINO_DIR}/cores/arduino/*.c
                    ${UNDERSTUDY_ARDUINO_DIR}/cores/arduino/*.cpp
                    ${UNDERSTUDY_ARDUINO_DIR}/cores/arduino/*.S)
  foreach(source ${sources})
    avr_compile(${folder} ${source} ${flags} -w)
  endforeach()
  add_custom_command(OUTPUT ${folder}/core.a
    COMMAND ${CMAKE_COMMAND} -E rm -f ${folder}/core.a
    COMMAND ${AVR_AR} rcs ${folder}/core.a ${objects}
    DEPENDS ${objects} COMMENT "Archiving Arduino's core for ${mcu}" VERBATIM)
  add_custom_target(avr_core_${mcu} DEPENDS ${folder}/core.a)
endfunction()

function(understudy_firmware name)
  cmake_parse_arguments(ARG "" "MCU;MOST_RAM;MOST_FLASH" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT UNDERSTUDY_AVR)
    return()
  endif()
  if(NOT ARG_MCU)
    set(ARG_MCU atmega328p)
  endif()
  avr_core(${ARG_MCU})
  set(folder ${UNDERSTUDY_FIRMWARE_DIR}/${name}_objects)
  file(MAKE_DIRECTORY ${folder})
  avr_chip_flags(${ARG_MCU} flags)
  set(own_flags -I${PROJECT_SOURCE_DIR} -Wall -Wextra)
  if(UNDERSTUDY_WERROR)
    list(APPEND own_flags -Werror)
  endif()
  foreach(library ${ARG_LIBRARIES})
    list(APPEND flags -I${UNDERSTUDY_ARDUINO_DIR}/libraries/${library}/src)
    file(GLOB sources ${UNDERSTUDY_ARDUINO_DIR}/libraries/${library}/src/*.cpp)
    foreach(source ${sources})
      avr_compile(${folder} ${source} ${flags} -w)
    endforeach()
  endforeach()
  foreach(source ${ARG_SOURCES})
    cmake_path(ABSOLUTE_PATH source)
    avr_compile(${folder} ${source} ${flags} ${own_flags})
  endforeach()
  avr_link(${name} "${objects}")
endfunction()

# Links, checks the sizes, and writes the file that avrdude takes.
macro(avr_link name objects)
  set(elf ${UNDERSTUDY_FIRMWARE_DIR}/${name}.elf)
  set(hex ${UNDERSTUDY_FIRMWARE_DIR}/${name}.hex)
  set(core ${UNDERSTUDY_FIRMWARE_DIR}/core_${ARG_MCU}/core.a)
  add_custom_command(OUTPUT ${elf} ${hex}
    COMMAND ${AVR_GCC} -mmcu=${ARG_MCU} -g -Os -Wl,--gc-sections ${objects} ${core} -lm -o ${elf}
    COMMAND ${CMAKE_COMMAND} -DSIZE=${AVR_SIZE} -DELF=${elf} -DMOST_RAM=${ARG_MOST_RAM}
            -DMOST_FLASH=${ARG_MOST_FLASH} -P ${PROJECT_SOURCE_DIR}/cmake/CheckFirmwareSize.cmake
    COMMAND ${AVR_OBJCOPY} -O ihex -R .eeprom ${elf} ${hex}
    DEPENDS ${objects} ${core} avr_core_${ARG_MCU} ${PROJECT_SOURCE_DIR}/cmake/CheckFirmwareSize.cmake
    COMMENT "Linking ${name}.elf" VERBATIM)
  add_custom_target(${name}_elf DEPENDS ${elf} ${hex})
  add_dependencies(understudy_firmware ${name}_elf)
endmacro()
