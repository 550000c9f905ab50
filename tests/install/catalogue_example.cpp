// SPDX-License-Identifier: Apache-2.0
#include <exporters/push.h>
#include <meters/registry.h>
#include "shop.h"  // tocsin generate header --catalogue shop.toml --out . --namespace shop

int main() {
  auto& registry = tocsin::meters::Registry::global();
  auto push = tocsin::exporters::Push::start(registry);
  auto jobs = shop::ShopJobsTotal::declare(registry);
  if (!jobs) return 1;
  const auto mail = jobs->with({.queue = shop::Queue::Mail, .tenant = "t1"});  // bound: an add costs about a nanosecond
  mail.add(3);                                                                 // .queue = "mail", or no tenant: does not compile
}
