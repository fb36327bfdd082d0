cohortium_test(test_plot SOURCES test_plot.c LINK cohortium_client)
