cohortium_test(test_cohort SOURCES test_cohort.c LINK cohortium_query)
