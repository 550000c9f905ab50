// SPDX-License-Identifier: Apache-2.0
#include "agent/version.h"

namespace tocsin::agent {

const char* const kVersion = TOCSIN_VERSION;

}  // namespace tocsin::agent
