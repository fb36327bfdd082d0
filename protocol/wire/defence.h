/*
 * defence: names for single defences, so that tests/attack can show what each
 * one is good for. In every build but the one for attacks DEFENCE is `true` and
 * nothing can be left out.
 */
#ifndef COHORTIUM_PROTOCOL_WIRE_DEFENCE_H
#define COHORTIUM_PROTOCOL_WIRE_DEFENCE_H

#include <stdbool.h>

#ifdef COHORTIUM_ATTACK_BUILD
/* False for the one that the environment names in COHORTIUM_WITHOUT. */
bool defence_stands(const char *name);
#define DEFENCE(name) defence_stands(name)
#else
#define DEFENCE(name) true
#endif

#endif
