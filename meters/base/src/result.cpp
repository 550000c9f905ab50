// SPDX-License-Identifier: Apache-2.0
#include "meters/base/result.h"

#include <stdexcept>

namespace tocsin {

void throw_error(const Error& error) { throw std::runtime_error(error.message); }

}  // namespace tocsin
