# Node and office in one process. `tests/run simulation` runs thousands.
cohortium_program(test_simulation SOURCES test_simulation.c LINK test_simulated)
foreach(part honest:120 lies:5)
  string(REPLACE ":" ";" part ${part})
  list(GET part 0 name)
  list(GET part 1 seeds)
  add_test(NAME simulation_${name}
    COMMAND test_simulation --strategy ${name} --seeds ${seeds})
  set_tests_properties(simulation_${name} PROPERTIES LABELS unit)
endforeach()
