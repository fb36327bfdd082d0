cohortium_test(test_plot SOURCES test_plot.c LINK cohortium_client)
cohortium_test(test_result_table SOURCES test_result_table.c LINK cohortium_client)
cohortium_memory_test(test_no_memory_client
  SOURCES test_no_memory_client.c catalogue_fixture.c
  LINK cohortium_client documents_fixture analysis_fixture)
