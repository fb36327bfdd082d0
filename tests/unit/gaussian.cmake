# The sampler's tests; and the same over samplers with one mistake each, where
# they must fail. A mistake is a line of sed: one that changes nothing stops the
# build.
cohortium_test(test_gaussian SOURCES test_gaussian.c
  LINK cohortium_masking test_seeded)
set(gaussian ${CMAKE_SOURCE_DIR}/protocol/masking/gaussian.c)
function(gaussian_mutant name mistake)
  set(mutant ${CMAKE_CURRENT_BINARY_DIR}/gaussian_${name}.c)
  add_custom_command(OUTPUT ${mutant} DEPENDS ${gaussian} VERBATIM
    COMMAND sh -c "sed '${mistake}' \"$0\" >\"$1\" && ! cmp -s \"$0\" \"$1\""
      ${gaussian} ${mutant})
  add_executable(mutant_${name} test_gaussian.c ${mutant})
  target_link_libraries(mutant_${name}
    PRIVATE cohortium_flags cohortium_masking test_seeded PkgConfig::CMOCKA)
  add_test(NAME mutant_${name} COMMAND mutant_${name})
  set_tests_properties(mutant_${name} PROPERTIES LABELS unit WILL_FAIL TRUE)
endfunction()
gaussian_mutant(sign_bias "s/draw_ratio(1, 2)/draw_ratio(13, 25)/")
gaussian_mutant(off_by_one_in_t "s/draw_laplace(t)/draw_laplace(t + 1)/")
gaussian_mutant(zero_twice "s/if (negative && size == 0)/if (negative \\&\\& size == 1 << 30)/")
gaussian_mutant(remainder_bias "s/while (value < excess)/while (value < excess \\&\\& value > excess)/")
gaussian_mutant(one_exp_less "s/top > bottom; top -= bottom/top > bottom; top -= top - bottom/")
