// The tier that every processor of the architecture runs.
#define IRLAS_LANES 4
#define IRLAS_TIER irlas_tier_portable
#include "prebuilt.h"
