#pragma once

/// What the standard library has no word for, a header a subject.

#include "Processes.h"
#include "Realtime.h"
#include "SharedMemory.h"
#include "Wires.h"
