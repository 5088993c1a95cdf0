/* What a sketch includes. This file is free to use, copy and change, without any warranty. */
#include "model.h"
