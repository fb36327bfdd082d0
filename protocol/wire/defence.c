#include "protocol/wire/defence.h"

#ifdef COHORTIUM_ATTACK_BUILD
#include <stdlib.h>
#include <string.h>

bool defence_stands(const char *name)
{
    const char *without = getenv("COHORTIUM_WITHOUT");
    return without == NULL || strcmp(without, name) != 0;
}
#else
/* A translation unit must not be empty. */
typedef int defence_all_stand;
#endif
