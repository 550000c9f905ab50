// SPDX-License-Identifier: Apache-2.0
// Meter names: which a registry has, where each was declared, and whether another may come.
//
// Threads: under the registry's lock. Pure otherwise.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "meters/base/result.h"
#include "meters/base/source_place.h"
#include "meters/descriptor.h"
#include "meters/src/family_setup.h"

namespace tocsin::meters::detail {

// Errors: Fault::Configuration, naming what the grammar forbids and where it stands.
Result<FamilySetup> set_up(const MeterSpec& spec, Kind kind, NumberType number, const RegistryOptions& options,
                           SourcePlace place);
Result<std::shared_ptr<const HistogramForm>> form_of(const HistogramShape& shape, const Descriptor& descriptor,
                                                     SourcePlace place);
// Errors: Fault::Configuration where the meter was declared otherwise before, naming the difference and both places.
Result<void> check_same(const FamilySetup& first, const FamilySetup& wanted);

class MeterNames {
 public:
  // Errors: Fault::Configuration where another meter writes a sample of the same name, naming both places.
  Result<void> claim(const Descriptor& descriptor, SourcePlace place);
  // Of what is exposed without being declared.
  void reserve(const Descriptor& descriptor);

 private:
  struct Claim {
    std::string meter;
    std::optional<SourcePlace> place;  // none: reserved
  };
  std::map<std::string, Claim> samples_;  // by every name that a meter's samples have in some format
};

}  // namespace tocsin::meters::detail
