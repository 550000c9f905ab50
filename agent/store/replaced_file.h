// SPDX-License-Identifier: Apache-2.0
// ReplacedFile: a file that is written anew as a whole: readers and a crash at any moment find the old one or the new one.
//
//   auto file = ReplacedFile::open(data_dir + "/window.checkpoint");
//   if (auto saved = checkpoint.save(**file); !saved) ...      // what was written so far is removed
//   if (auto done = (*file)->commit(); !done) ...              // fsync, rename, fsync of the folder
//   auto bytes = read_whole_file(path);                        // empty optional: there is none
//
// Threads: one. Costs two fsyncs a commit; write() puts pieces together up to 1 MiB.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "rules/byte_sink.h"

namespace tocsin::agent {

class ReplacedFile final : public rules::ByteSink {
 public:
  // Makes the folder where it is missing. Errors: Environment.
  static Result<std::unique_ptr<ReplacedFile>> open(std::string path);
  ~ReplacedFile() override;  // without commit(): nothing changed
  ReplacedFile(const ReplacedFile&) = delete;
  ReplacedFile& operator=(const ReplacedFile&) = delete;

  Result<void> write(std::string_view bytes) override;
  Result<void> commit();

 private:
  ReplacedFile(std::string path, int descriptor);
  Result<void> flush();
  Error failed(std::string_view what) const;

  const std::string path_, new_path_;
  int descriptor_;
  std::string held_;
};

// Errors: Environment: it is there and cannot be read.
Result<std::optional<std::string>> read_whole_file(const std::string& path);

// Renames it to path + ".damaged", over an earlier one. Returns the new name. Errors: Environment.
Result<std::string> put_aside(const std::string& path);

}  // namespace tocsin::agent
