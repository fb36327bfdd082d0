/*
 * kernel: how hot loops are compiled. On x86-64 gcc makes a second version for
 * AVX2 and picks at start-up; sanitizers cannot run that choice so early.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_KERNEL_H
#define COHORTIUM_PROTOCOL_ANALYSIS_KERNEL_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&         \
    defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) &&                 \
    !defined(__SANITIZE_THREAD__)
#define KERNEL __attribute__((target_clones("avx2", "default"), noinline))
#else
#define KERNEL __attribute__((noinline))
#endif

#endif
