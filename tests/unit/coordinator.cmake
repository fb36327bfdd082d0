# The office in memory, shared by the tests of the coordinator.
add_library(coordinator_fixture STATIC
  ${CMAKE_CURRENT_LIST_DIR}/coordinator_fixture.c)
target_include_directories(coordinator_fixture
  PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(coordinator_fixture
  PUBLIC cohortium_coordinator documents_fixture)

foreach(name session replies restart turns calculation)
  cohortium_test(test_coordinator_${name}
    SOURCES test_coordinator_${name}.c question_fixture.c
    LINK coordinator_fixture)
endforeach()
cohortium_test(test_coordinator_config SOURCES test_coordinator_config.c
  LINK cohortium_coordinator)
cohortium_test(test_ledger SOURCES test_ledger.c LINK cohortium_coordinator)
cohortium_test(test_cells SOURCES test_cells.c sets_fixture.c
  LINK cohortium_coordinator analysis_fixture)
cohortium_test(test_members SOURCES test_members.c LINK cohortium_coordinator)
cohortium_test(test_catalog SOURCES test_catalog.c LINK coordinator_fixture)
cohortium_test(test_result SOURCES test_result.c LINK coordinator_fixture)
cohortium_memory_test(test_no_memory_office SOURCES test_no_memory_office.c
  LINK coordinator_fixture)
cohortium_test(test_coordinator_heads SOURCES test_coordinator_heads.c
  LINK coordinator_fixture)
