// SPDX-License-Identifier: Apache-2.0
#include "agent/sample_stream.h"

namespace tocsin::agent {

SampleStream::Outcome SampleStream::flush() {
  Outcome outcome;
  const rules::Batch& batch = rows_->builder.batch();
  outcome.samples = batch.size();
  if (batch.size() != 0) {
    outcome.window = window_.append(batch);
    outcome.intake = intake_.apply(rows_->latest.points(batch));
  }
  rows_->builder.clear();
  return outcome;
}

}  // namespace tocsin::agent
