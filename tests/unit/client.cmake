cohortium_test(test_plot SOURCES test_plot.c LINK cohortium_client)
cohortium_test(test_result_table SOURCES test_result_table.c LINK cohortium_client)
