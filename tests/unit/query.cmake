cohortium_test(test_cohort SOURCES test_cohort.c LINK cohortium_query)
cohortium_test(test_formula SOURCES test_formula.c LINK cohortium_query)
cohortium_test(test_nearest SOURCES test_nearest.c LINK cohortium_query)
cohortium_test(test_decimal SOURCES test_decimal.c LINK cohortium_query)
