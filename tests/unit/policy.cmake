cohortium_test(test_suppression SOURCES test_suppression.c
  LINK cohortium_policy)
