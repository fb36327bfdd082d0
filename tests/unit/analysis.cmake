cohortium_test(test_scan SOURCES test_scan.c LINK cohortium_analysis)
cohortium_test(test_vector SOURCES test_vector.c LINK cohortium_analysis)
cohortium_test(test_bits SOURCES test_bits.c
  LINK cohortium_analysis test_seeded)
cohortium_test(test_fixed SOURCES test_fixed.c
  LINK cohortium_analysis test_seeded)
cohortium_test(test_elementary SOURCES test_elementary.c
  LINK cohortium_analysis m)
cohortium_test(test_cox_steps SOURCES test_cox_steps.c LINK cohortium_analysis)
cohortium_test(test_mlp_network SOURCES test_mlp_network.c
  LINK cohortium_analysis m)

# A table in memory, shared by the tests of plan and analyses.
add_library(analysis_fixture STATIC
  ${CMAKE_CURRENT_LIST_DIR}/analysis_fixture.c)
target_include_directories(analysis_fixture PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(analysis_fixture
  PUBLIC cohortium_analysis PkgConfig::CMOCKA)
foreach(name scan_threads plan count summary frequency crosstab histogram quantile lm
    t_test correlation pca quality incidence glm roc_score survival center_term
    analyses_refuse)
  cohortium_test(test_${name} SOURCES test_${name}.c LINK analysis_fixture)
endforeach()
foreach(name sets donors)
  cohortium_test(test_${name} SOURCES test_${name}.c sets_fixture.c
    LINK analysis_fixture)
endforeach()
foreach(name assigned assigned_few)
  cohortium_test(test_${name}
    SOURCES test_${name}.c assigned_fixture.c sets_fixture.c
    LINK analysis_fixture)
endforeach()
cohortium_test(test_bounded_work SOURCES test_bounded_work.c
  LINK analysis_fixture PkgConfig::RMATH)
