/*
 * gaussian: exact samples of the discrete Gaussian, in integers alone.
 * Canonne, Kamath, Steinke, The Discrete Gaussian for Differential Privacy,
 * NeurIPS 2020 (arXiv 2004.00010), algorithms 1 to 3.
 *
 * P(X = x) is proportional to exp(-x^2 / (2 sigma^2)) over the integers. No
 * floating point takes part: there are no low bits that tell anything. All
 * randomness is libsodium's.
 */
#ifndef COHORTIUM_PROTOCOL_MASKING_GAUSSIAN_H
#define COHORTIUM_PROTOCOL_MASKING_GAUSSIAN_H

#include "protocol/analysis/vector.h"

#define GAUSSIAN_SIGMA2_MAX ((uint64_t)1 << 54)
#define GAUSSIAN_AHEAD 128 /* numbers that a thread asks for at once */

/* 1 <= sigma2 <= GAUSSIAN_SIGMA2_MAX. */
int64_t gaussian_draw(uint64_t sigma2);
/* The same of sigma2 = top / bottom, 1 <= top <= GAUSSIAN_SIGMA2_MAX, 1 <=
 * bottom <= 1000. */
int64_t gaussian_draw_ratio(uint64_t top, uint64_t bottom);
/* Uniform over 0 .. limit - 1, by rejection; limit >= 1. */
uint128 gaussian_uniform(uint128 limit);

/* How long a draw takes tells something of what is drawn (Jin et al. 2022,
 * arXiv 2112.05307). Who draws some values for one reply takes the mark before,
 * and evens out after: together they then took as many uniform numbers as any
 * other so many draws (but for one time in 10^12, then twice as many). */
uint64_t gaussian_mark(void);
void gaussian_even_out(uint64_t mark, uint64_t draws);

#endif
