# The three kinds of target in this house, and the flags that all share.

add_library(cohortium_flags INTERFACE)
target_include_directories(cohortium_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(cohortium_flags INTERFACE _GNU_SOURCE
  COHORTIUM_VERSION="${PROJECT_VERSION}")
target_compile_options(cohortium_flags INTERFACE -Wall -Wextra -Wshadow
  -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wformat=2 -Wundef -fstack-protector-strong -fno-strict-aliasing
  -fno-common -fvisibility=hidden)
target_link_options(cohortium_flags INTERFACE -Wl,-z,relro,-z,now)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT COHORTIUM_SANITIZE)
  target_compile_options(cohortium_flags INTERFACE -O3 -D_FORTIFY_SOURCE=2)
endif()
# Equal results everywhere need equal rounding everywhere.
target_compile_options(cohortium_flags INTERFACE -ffp-contract=off)
# Nobody reads floating-point exceptions; loops with a choice in them vectorise.
target_compile_options(cohortium_flags INTERFACE -fno-trapping-math)
if(COHORTIUM_SANITIZE)
  target_compile_options(cohortium_flags INTERFACE
    -fsanitize=${COHORTIUM_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(cohortium_flags INTERFACE
    -fsanitize=${COHORTIUM_SANITIZE})
endif()
if(COHORTIUM_COVERAGE)
  target_compile_options(cohortium_flags INTERFACE --coverage)
  target_link_options(cohortium_flags INTERFACE --coverage)
endif()
if(COHORTIUM_FUZZ)
  target_compile_options(cohortium_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# cohortium_library(NAME SOURCES a.c ... LINK lib ...): one static library a
# folder. What a folder may see is what its link line names.
function(cohortium_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC cohortium_flags ${ARG_LINK})
endfunction()

# cohortium_program(NAME SOURCES main.c LINK lib ...)
function(cohortium_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE cohortium_flags ${ARG_LINK})
endfunction()

# cohortium_test(NAME SOURCES test_x.c LINK lib ...): a cmocka program, run by
# ctest with the label "unit".
function(cohortium_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE cohortium_flags ${ARG_LINK}
    PkgConfig::CMOCKA)
  target_compile_definitions(${name} PRIVATE
    TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit)
endfunction()

# cohortium_fuzzer(NAME SOURCES fuzz_x.c LINK lib ...): a libFuzzer target,
# built only by the fuzz preset.
function(cohortium_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  if(COHORTIUM_FUZZ)
    add_executable(${name} ${ARG_SOURCES}
      ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_start.c)
    target_link_libraries(${name} PRIVATE cohortium_flags ${ARG_LINK}
      test_seeded)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endif()
endfunction()
