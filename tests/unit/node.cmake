foreach(name dates freeze node vector_import)
  cohortium_test(test_${name} SOURCES test_${name}.c import_fixture.c
    LINK cohortium_node)
endforeach()

cohortium_test(test_roaring_format SOURCES test_roaring_format.c
  LINK cohortium_node)
cohortium_memory_test(test_no_memory_node
  SOURCES test_no_memory_node.c masking_fixture.c
  LINK cohortium_node documents_fixture)

cohortium_test(test_node_progress 
  SOURCES test_node_progress.c node_fixture.c node_others.c
  LINK cohortium_node masking_fixture documents_fixture)
cohortium_test(test_node_allowed
  SOURCES test_node_allowed.c node_fixture.c node_others.c
  LINK cohortium_node masking_fixture documents_fixture)
cohortium_test(test_node_weighing SOURCES test_node_weighing.c node_fixture.c
  LINK cohortium_node documents_fixture)
cohortium_test(test_node_job SOURCES test_node_job.c node_fixture.c
  LINK cohortium_node documents_fixture)
cohortium_test(test_past SOURCES test_past.c node_fixture.c
  LINK cohortium_node documents_fixture)
cohortium_test(test_slots SOURCES test_slots.c node_fixture.c
  LINK cohortium_node documents_fixture)
cohortium_test(test_refusal SOURCES test_refusal.c node_fixture.c
  LINK cohortium_node documents_fixture PkgConfig::SQLITE)
cohortium_test(test_flood SOURCES test_flood.c node_fixture.c node_others.c
  LINK cohortium_node masking_fixture documents_fixture PkgConfig::SQLITE)
