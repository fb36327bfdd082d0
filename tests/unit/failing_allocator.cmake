# cohortium_memory_test(NAME SOURCES ... LINK ...): a test whose allocations can
# be made to fail.
function(cohortium_memory_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  cohortium_test(${name} SOURCES ${ARG_SOURCES} failing_allocator.c
    LINK ${ARG_LINK} PkgConfig::SQLITE)
  foreach(function malloc calloc realloc reallocarray aligned_alloc strdup
      asprintf sodium_malloc sodium_allocarray)
    target_link_options(${name} PRIVATE -Wl,--wrap=${function})
  endforeach()
endfunction()
