#pragma once
// Functions that are compiled for several x86 vector units and chosen when the program starts, so
// that one binary is fast everywhere. Elsewhere, and under sanitizers (whose start-up does not
// reach the choice), plain functions.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TINYNAS_VECTOR_CLONES \
  __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define TINYNAS_VECTOR_CLONES
#endif
