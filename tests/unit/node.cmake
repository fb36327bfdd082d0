cohortium_test(test_node SOURCES test_node.c LINK cohortium_node)
