#ifndef HEAP_H
#define HEAP_H
#include "quickjs.h"

/* The functions that the engine allocates with. */
extern const JSMallocFunctions heap_functions;
#endif
