cohortium_test(test_masking SOURCES test_masking.c masking_fixture.c
  LINK cohortium_masking)
cohortium_program(masking_vectors SOURCES masking_vectors.c masking_fixture.c
  LINK cohortium_masking PkgConfig::CMOCKA)
find_program(PYTHON3 python3)
foreach(drops 0 1)
  add_test(NAME masking_vectors_${drops}
    COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/check_vectors.py
      $<TARGET_FILE:masking_vectors> ${drops}
      ${CMAKE_SOURCE_DIR}/tests/data/vectors/good_${drops}drop.json)
  set_tests_properties(masking_vectors_${drops} PROPERTIES LABELS unit)
endforeach()
cohortium_test(test_masking_simulation SOURCES test_masking_simulation.c
  masking_fixture.c LINK cohortium_masking)
