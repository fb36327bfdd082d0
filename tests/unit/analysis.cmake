cohortium_test(test_scan SOURCES test_scan.c LINK cohortium_analysis)
