# simavr, the emulator of AVR chips: Simavr::simavr. Its static library where there is one: only that
# part of it is linked which is used, and calls within it are direct.
find_path(Simavr_INCLUDE_DIR simavr/sim_avr.h)
find_library(Simavr_LIBRARY NAMES libsimavr.a simavr)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Simavr REQUIRED_VARS Simavr_LIBRARY Simavr_INCLUDE_DIR)
if(Simavr_FOUND AND NOT TARGET Simavr::simavr)
  add_library(Simavr::simavr UNKNOWN IMPORTED)
  set_target_properties(Simavr::simavr PROPERTIES
    IMPORTED_LOCATION ${Simavr_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${Simavr_INCLUDE_DIR})
endif()
mark_as_advanced(Simavr_INCLUDE_DIR Simavr_LIBRARY)
