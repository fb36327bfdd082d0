foreach(module wire keys)
  cohortium_test(test_${module} SOURCES test_${module}.c LINK cohortium_wire)
endforeach()
