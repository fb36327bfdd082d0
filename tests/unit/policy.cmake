# A small federation and its documents, for whoever tests policy.
add_library(documents_fixture STATIC
  ${CMAKE_CURRENT_LIST_DIR}/documents_fixture.c)
target_include_directories(documents_fixture PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(documents_fixture
  PUBLIC cohortium_policy PkgConfig::CMOCKA)

foreach(module roster study approval amendment continuation limits
    session_header admission)
  cohortium_test(test_${module} SOURCES test_${module}.c LINK documents_fixture)
endforeach()
cohortium_test(test_suppression SOURCES test_suppression.c
  LINK cohortium_policy)
cohortium_test(test_span SOURCES test_span.c LINK cohortium_policy)
cohortium_test(test_memory SOURCES test_memory.c LINK cohortium_policy)
cohortium_test(test_weighing SOURCES test_weighing.c sets_fixture.c
  LINK cohortium_policy analysis_fixture)
cohortium_test(test_budget SOURCES test_budget.c
  LINK cohortium_policy analysis_fixture test_seeded)
foreach(name disclosure disclosure_cells disclosure_sums)
  cohortium_test(test_${name}
    SOURCES test_${name}.c disclosure_fixture.c catalogue_fixture.c
    LINK cohortium_policy analysis_fixture)
endforeach()
cohortium_test(test_disclosure_models SOURCES test_disclosure_models.c
  LINK cohortium_policy analysis_fixture)
cohortium_test(test_leverage SOURCES test_leverage.c
  LINK cohortium_policy analysis_fixture)

# Memory that runs out.
cohortium_memory_test(test_no_memory SOURCES test_no_memory.c
  LINK documents_fixture)
cohortium_memory_test(test_no_memory_analyses
  SOURCES test_no_memory_analyses.c catalogue_fixture.c LINK cohortium_policy)

# The sampler on a known tape, and epsilon, against a second implementation.
cohortium_program(noise_values SOURCES noise_values.c LINK cohortium_policy)
add_test(NAME noise_values
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/noise_values.py
    $<TARGET_FILE:noise_values>)
# How sets of people are answered, against fractions.
cohortium_program(span_values SOURCES span_values.c LINK cohortium_policy)
add_test(NAME span_values
  COMMAND /usr/bin/python3 ${CMAKE_CURRENT_LIST_DIR}/span_values.py
    $<TARGET_FILE:span_values>)
# No floating point from the draw to the sum.
add_test(NAME noise_of_integers
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/noise_of_integers.sh)
set_tests_properties(noise_values span_values noise_of_integers PROPERTIES LABELS unit)
