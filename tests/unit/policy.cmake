cohortium_test(test_suppression SOURCES test_suppression.c
  LINK cohortium_policy)
cohortium_test(test_budget SOURCES test_budget.c LINK cohortium_policy)
cohortium_test(test_disclosure_models SOURCES test_disclosure_models.c
  LINK cohortium_policy analysis_fixture)
