# Node and office in one process. `tests/run simulation` runs thousands.
cohortium_program(test_simulation SOURCES test_simulation.c
  ${CMAKE_SOURCE_DIR}/tests/support/simulation/remembered.c LINK test_simulated)
foreach(function sign_verify_detached scalarmult kx_client_session_keys
    kx_server_session_keys)
  target_link_options(test_simulation PRIVATE -Wl,--wrap=crypto_${function})
endforeach()
function(simulation name)
  add_test(NAME simulation_${name} COMMAND test_simulation ${ARGN})
  set_tests_properties(simulation_${name} PROPERTIES LABELS unit)
endfunction()
simulation(honest --strategy honest --seeds 120)
simulation(lies --strategy lies --seeds 5)
simulation(large --strategy honest --seed 2 --centers 60)
