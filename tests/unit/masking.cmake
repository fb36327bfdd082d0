cohortium_test(test_masking SOURCES test_masking.c masking_fixture.c
  LINK cohortium_masking)
