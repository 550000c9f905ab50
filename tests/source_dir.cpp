// SPDX-License-Identifier: Apache-2.0
#include "tests/source_dir.h"

namespace tocsin {

const char* source_dir() noexcept { return TOCSIN_SOURCE_DIR; }

}  // namespace tocsin
