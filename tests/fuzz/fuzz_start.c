/*
 * Before the first input of any target: the randomness of the code under test
 * is a fixed stream, so that the same inputs take the same way each time.
 */
#include "tests/support/seeded.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    seeded_start(0, 1);
    return 0;
}
