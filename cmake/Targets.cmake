# understudy_library(NAME SOURCES ... LINKS ...): one static library per folder. Includes are written
# from the root of the project, so that an include line names the folder it depends on.
function(understudy_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE understudy_warnings)
endfunction()

set(understudy_test_includes <gtest/gtest.h> <gmock/gmock.h> <vector> <string>)

# One precompiled header for all test binaries that see the same flags.
function(understudy_test_header)
  if(TARGET understudy_test_header)
    return()
  endif()
  set(source ${CMAKE_BINARY_DIR}/test_header.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Only its precompiled header is used.\n" @ONLY)
  add_library(understudy_test_header OBJECT ${source})
  target_link_libraries(understudy_test_header PRIVATE GTest::gmock GTest::gtest understudy_warnings)
  target_precompile_headers(understudy_test_header PRIVATE ${understudy_test_includes})
endfunction()

# understudy_test(NAME SOURCES ... LINKS ... [LABELS ...] [TIMEOUT seconds]): one test binary, one ctest
# entry. The label 'slow' keeps a test out of the ordinary run. What links LibTorch is labelled
# 'torch', runs after everything else (ctest starts with the highest COST), and goes without
# LibTorch where the whole build does.
function(understudy_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(cost 1000)
  if("understudy_torch" IN_LIST ARG_LINKS)
    list(APPEND ARG_LABELS torch)
  endif()
  if("torch" IN_LIST ARG_LABELS)
    if(NOT UNDERSTUDY_TORCH)
      return()
    endif()
    set(cost 1)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main understudy_warnings)
  target_compile_definitions(${name} PRIVATE UNDERSTUDY_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if("torch" IN_LIST ARG_LABELS)  # LibTorch adds flags with which the common one cannot be read
    target_precompile_headers(${name} PRIVATE ${understudy_test_includes})
  else()
    understudy_test_header()
    target_precompile_headers(${name} REUSE_FROM understudy_test_header)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" COST ${cost})
endfunction()

# understudy_script_test(NAME SCRIPT path [ARGUMENTS ...] [LABELS ...] [TIMEOUT seconds]): a bash script
# as one ctest entry. Its arguments are the root of the project, then those given here, such as
# $<TARGET_FILE:understudy>. It exits 77 where it cannot run, having said why.
function(understudy_script_test name)
  cmake_parse_arguments(ARG "" "SCRIPT;TIMEOUT" "ARGUMENTS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_test(NAME ${name}
    COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SCRIPT} ${PROJECT_SOURCE_DIR} ${ARG_ARGUMENTS})
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" SKIP_RETURN_CODE 77 COST 1000)
endfunction()
