foreach(module wire keys head log text)
  cohortium_test(test_${module} SOURCES test_${module}.c LINK cohortium_wire)
endforeach()
cohortium_test(test_loop SOURCES test_loop.c LINK cohortium_wire)
cohortium_test(test_child SOURCES test_child.c LINK cohortium_wire)
cohortium_test(test_worker SOURCES test_worker.c LINK cohortium_wire)
cohortium_test(test_channel SOURCES test_channel.c channel_fixture.c
  LINK cohortium_wire)
cohortium_test(test_channel_door SOURCES test_channel_door.c channel_fixture.c
  LINK cohortium_wire)
cohortium_test(test_no_disk SOURCES test_no_disk.c LINK cohortium_wire)
foreach(function write fsync rename fchmod mkostemp)
  target_link_options(test_no_disk PRIVATE -Wl,--wrap=${function})
endforeach()
