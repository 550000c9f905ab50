// SPDX-License-Identifier: Apache-2.0
// MadeFolder: a folder of files that the program makes and a person may change. What a person changed is not overwritten unless it
// is said: beside the files lies .tocsin-generated with a hash of each as it was written.
//
//   const auto outcome = write_made_folder("out", files, {.force = false});
//   if (!outcome->changed.empty()) ...            // nothing was written
//
// A file that was made before and is not any more is taken away, unless it was changed. Threads: one. Costs reading the files.
#pragma once

#include <string>
#include <vector>

#include "agent/provisioning/provisioning.h"
#include "meters/base/result.h"

namespace tocsin::agent {

struct MadeFolderOptions {
  bool force = false;  // overwrite what was changed, too
  bool check = false;  // write nothing; `written` and `removed` tell what would be
};

struct MadeFolderOutcome {
  std::vector<std::string> written, removed;  // paths, the folder's before them
  std::vector<std::string> changed;           // by a person: not empty means that nothing was written
};

// Errors: Fault::Configuration where a file or folder cannot be read or written.
Result<MadeFolderOutcome> write_made_folder(const std::string& folder, const ProvisionedFiles& files, MadeFolderOptions options);

}  // namespace tocsin::agent
