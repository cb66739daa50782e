#ifndef HEAP_H
#define HEAP_H
#include "quickjs.h"

/* What the engine allocates by. */
extern const JSMallocFunctions heap_functions;
#endif
