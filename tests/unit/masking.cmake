# Members and a collector in one process, shared by tests, attacks, vectors.
add_library(masking_fixture STATIC
  ${CMAKE_CURRENT_LIST_DIR}/masking_fixture.c)
target_link_libraries(masking_fixture
  PUBLIC cohortium_masking test_seeded PkgConfig::CMOCKA)
cohortium_test(test_masking SOURCES test_masking.c LINK masking_fixture)
cohortium_test(test_masking_statistics SOURCES test_masking_statistics.c
  LINK masking_fixture)
cohortium_test(test_masking_simulation SOURCES test_masking_simulation.c
  LINK masking_fixture)
cohortium_memory_test(test_no_memory_masking SOURCES test_no_memory_masking.c
  LINK masking_fixture)
cohortium_test(test_masking_bodies SOURCES test_masking_bodies.c
  LINK masking_fixture)
cohortium_test(test_wiped SOURCES test_wiped.c
  LINK cohortium_masking cohortium_program)
