// SPDX-License-Identifier: Apache-2.0
// A number or character constant of a template, under every kind it can be taken for.
#pragma once

#include "rules/template/src/node.h"
#include "rules/template/src/token.h"

namespace tocsin::rules::templates {

NodePtr parse_constant(const Token& token);  // throws Failure with Go's words, without a place

}  // namespace tocsin::rules::templates
