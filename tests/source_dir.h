// SPDX-License-Identifier: Apache-2.0
// Where this checkout lies, for tests that read files of it. One source knows it, so that all others compile alike wherever
// it is, and ccache has them.
#pragma once

namespace tocsin {

const char* source_dir() noexcept;  // without a slash at its end

}  // namespace tocsin
