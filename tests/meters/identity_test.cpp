// SPDX-License-Identifier: Apache-2.0
#include "meters/identity.h"

#include <gtest/gtest.h>

namespace tocsin::meters {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(Identity, JobIsNamespaceAndName) {
  EXPECT_EQ(identify({{"service.name", "checkout"}, {"service.namespace", "shop"}}, "").job, "shop/checkout");
  EXPECT_EQ(identify({{"service.name", "checkout"}}, "").job, "checkout");
  EXPECT_EQ(identify({{"service.namespace", "shop"}}, "").job, "shop/unknown_service");
  EXPECT_EQ(identify({}, "").job, "unknown_service");
}

TEST(Identity, InstanceAsSent) {
  EXPECT_EQ(identify({{"service.instance.id", "i-1"}, {"host.name", "h"}, {"process.pid", std::int64_t{7}}}, "").instance,
            "i-1");
  EXPECT_EQ(identify({{"service.instance.id", std::int64_t{4}}}, "").instance, "4");
}

TEST(Identity, InstanceStandsIn) {
  EXPECT_EQ(identify({{"host.name", "h"}, {"process.pid", std::int64_t{7}}}, "").instance, "h:7");
  EXPECT_EQ(identify({{"host.name", "h"}}, "").instance, "h");
  EXPECT_EQ(identify({{"k8s.pod.name", "pod-1"}, {"host.name", "h"}}, "").instance, "pod-1");
  EXPECT_EQ(identify({{"process.pid", std::int64_t{7}}}, "").instance, "7");
  EXPECT_EQ(identify({{"service.instance.id", ""}, {"host.name", "h"}}, "").instance, "h");
}

TEST(Identity, InstanceWithoutAnyHintIsAHashThatStays) {
  const Resource one = identify({{"service.name", "a"}, {"telemetry.sdk.language", "python"}}, "");
  const Resource reordered = identify({{"telemetry.sdk.language", "python"}, {"service.name", "a"}}, "");
  const Resource other = identify({{"service.name", "b"}, {"telemetry.sdk.language", "python"}}, "");
  EXPECT_EQ(one.instance, reordered.instance);
  EXPECT_NE(one.instance, other.instance);
  EXPECT_EQ(one.instance.substr(0, 2), "r-");
  EXPECT_EQ(one.instance.size(), 18U);
  EXPECT_EQ(identify({}, "").instance, "r-cbf29ce484222325");
}

TEST(Identity, PromotedAttributesBecomeLabels) {
  const std::vector<std::string> promoted = {"host.name", "absent", "deployment.environment.name", "host_name"};
  const Resource resource = identify(
      {{"host.name", "h"}, {"host_name", "H"}, {"deployment.environment.name", "prod"}, {"service.name", "a"}}, "u",
      promoted);
  EXPECT_EQ(resource.promoted, (Pairs{{"deployment_environment_name", "prod"}, {"host_name", "h;H"}}));
  EXPECT_EQ(resource.schema_url, "u");
  EXPECT_EQ(resource.attributes.size(), 4U);
}

TEST(Identity, PromotedAttributesKeepTheirNamesWhereNamesAreKept) {
  const std::vector<std::string> promoted = {"host.name", "host_name"};
  const Resource resource = identify({{"host.name", "h"}, {"host_name", "H"}}, "", promoted, NameStrategy::NoTranslation);
  EXPECT_EQ(resource.promoted, (Pairs{{"host.name", "h"}, {"host_name", "H"}}));
}

}  // namespace
}  // namespace tocsin::meters
