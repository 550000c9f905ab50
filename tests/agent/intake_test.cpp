// SPDX-License-Identifier: Apache-2.0
#include "agent/intake.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/agent/intake_fixture.h"

namespace tocsin::agent {
namespace {

using otlp::Temporality;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

class IntakeTest : public IntakeFixture {
 protected:
  Intake::Outcome counter(std::int64_t value, double start, double time, Temporality temporality,
                          const meters::Attributes& sender = kShop) {
    OtlpRequest request;
    request.resource(sender).scope("lib").sum("requests", true, temporality);
    request.point(TestPoint{.attributes = {{"func", "a"}}, .start = at(start), .time = at(time), .integer = value});
    return send(request);
  }
  Found requests() { return find(*snapshot(), "requests_total", "func=a"); }
};

TEST_F(IntakeTest, ACumulativeSumIsShownAsSent) {
  EXPECT_EQ(counter(7, 0, 10, Temporality::Cumulative).accepted, 1U);
  EXPECT_EQ(counter(9, 0, 20, Temporality::Cumulative).accepted, 1U);
  const Found found = requests();
  ASSERT_TRUE(found);
  EXPECT_EQ(found.value(), 9);
  EXPECT_EQ(found.start(), at(0));
  EXPECT_EQ(found.time(), at(20));
  EXPECT_EQ(found.family->descriptor->name, "requests");
  EXPECT_EQ(found.family->descriptor->kind, meters::Kind::Counter);
  EXPECT_EQ(found.family->origin->resource->job, "shop");
  EXPECT_EQ(found.family->origin->resource->instance, "1");
  EXPECT_EQ(found.family->origin->scope.name, "lib");
}

// Of names, attributes, and of what the resource and the scope say.
TEST(IntakeNames, AreMadeAsToldOrKept) {
  struct Case {
    meters::NameStrategy names;
    const char *meter, *label, *promoted;
  };
  for (const Case& one : {Case{meters::NameStrategy::UnderscoreEscapingWithSuffixes, "http_server_duration_seconds_total", "http_route", "host_name"},
                          Case{meters::NameStrategy::UnderscoreEscapingWithoutSuffixes, "http_server_duration", "http_route", "host_name"},
                          Case{meters::NameStrategy::NoUtf8EscapingWithSuffixes, "http.server.duration_seconds_total", "http.route", "host.name"},
                          Case{meters::NameStrategy::NoTranslation, "http.server.duration", "http.route", "host.name"}}) {
    ManualClock clock;
    Intake intake({.limits = {}, .promoted = {"host.name"}, .names = one.names}, clock);
    OtlpRequest request;
    request.resource({{"service.name", "shop"}, {"host.name", "h"}}).scope("lib").sum("http.server.duration", true, Temporality::Cumulative, "s");
    request.point(TestPoint{.attributes = {{"http.route", "/"}, {"job", "x"}}, .start = 1, .time = 2, .integer = 7});
    const std::string body = request.bytes();
    MetricPoints points;
    ASSERT_TRUE(decode_otlp_metrics(body, points).ok());
    EXPECT_EQ(intake.apply(points).accepted, 1U);
    meters::SnapshotBuilder builder(clock.now());
    intake.collect(builder);
    const auto snapshot = std::move(builder).finish(1);
    ASSERT_EQ(snapshot->families.size(), 1U);
    const meters::Family& family = *snapshot->families[0];
    EXPECT_EQ(family.descriptor->prometheus_name, one.meter);
    EXPECT_EQ(family.labels->column(0).prometheus_name, one.label);
    EXPECT_EQ(family.labels->column(1).prometheus_name, "exported_job");
    EXPECT_EQ(family.origin->resource->promoted[0].first, one.promoted);
  }
}

TEST_F(IntakeTest, DeltasAreAddedUp) {
  counter(7, 0, 10, Temporality::Delta);
  counter(2, 10, 20, Temporality::Delta);
  EXPECT_EQ(requests().value(), 9);
  EXPECT_EQ(requests().start(), at(0));
}

TEST_F(IntakeTest, LatePointsAreRejectedAndNamed) {
  counter(7, 0, 20, Temporality::Delta);
  for (const double time : {20.0, 10.0}) {
    const auto outcome = counter(1, 0, time, Temporality::Delta);
    EXPECT_EQ(outcome.accepted, 0U);
    ASSERT_EQ(outcome.rejected.size(), 1U);
    EXPECT_EQ(outcome.rejected[0].first, "late");
    EXPECT_THAT(outcome.message, HasSubstr("\"requests\": not newer than the last point"));
  }
  EXPECT_EQ(requests().value(), 7);
}

TEST_F(IntakeTest, ANewStartTimeIsARestart) {
  counter(100, 0, 10, Temporality::Cumulative);
  counter(3, 15, 20, Temporality::Cumulative);
  EXPECT_EQ(requests().value(), 3);
  EXPECT_EQ(requests().start(), at(15));
  EXPECT_TRUE(intake.conflicts().empty());
}

TEST_F(IntakeTest, AFallOfATotalThatKeepsItsStartBeginsAfterTheLastPoint) {
  counter(100, 0, 10, Temporality::Cumulative);
  counter(3, 0, 20, Temporality::Cumulative);
  EXPECT_EQ(requests().value(), 3);
  EXPECT_EQ(requests().start(), at(10));
}

TEST_F(IntakeTest, APointWithoutTimeGetsOurs) {
  OtlpRequest request;
  request.resource(kShop).gauge("load").point(TestPoint{.number = 0.5});
  EXPECT_EQ(send(request).accepted, 1U);
  EXPECT_EQ(find(*snapshot(), "load").time(), at(0));
}

TEST_F(IntakeTest, GaugesTakeTheLatestAndShowBothNumberForms) {
  for (int i = 1; i <= 2; ++i) {
    OtlpRequest request;
    request.resource(kShop).gauge("load");
    TestPoint point{.time = at(i)};
    if (i == 1) point.integer = 3;
    if (i == 2) point.number = 2.5;
    request.point(point);
    EXPECT_EQ(send(request).accepted, 1U);
  }
  EXPECT_EQ(value("load"), 2.5);
}

TEST_F(IntakeTest, AnUpDownCounterMayFall) {
  for (int i = 1; i <= 2; ++i) {
    OtlpRequest request;
    request.resource(kShop).sum("in_flight", false, Temporality::Cumulative);
    request.point(TestPoint{.start = at(0), .time = at(i), .integer = 10 - 7 * i});
    EXPECT_EQ(send(request).accepted, 1U);
  }
  const Found found = find(*snapshot(), "in_flight");
  EXPECT_EQ(found.value(), -4);
  EXPECT_EQ(found.start(), at(0));
}

TEST_F(IntakeTest, ValuesThatCannotBeAreRejectedOneByOne) {
  OtlpRequest request;
  request.resource(kShop).sum("requests", true, Temporality::Cumulative);
  request.point(TestPoint{.attributes = {{"n", "1"}}, .time = at(1), .integer = -1});
  request.point(TestPoint{.attributes = {{"n", "2"}}, .time = at(1), .number = std::nan("")});
  request.point(TestPoint{.attributes = {{"n", "3"}}, .time = at(1), .number = HUGE_VAL});
  request.point(TestPoint{.attributes = {{"n", "4"}}, .time = at(1)});
  request.point(TestPoint{.attributes = {{"n", "5"}}, .time = at(7'200), .integer = 1});
  request.point(TestPoint{.attributes = {{"n", "6"}}, .time = ~0ULL, .integer = 1});
  request.point(TestPoint{.attributes = {{"n", "7"}}, .time = at(1), .integer = 1});
  request.sum("other", true, Temporality::Unspecified).point(TestPoint{.time = at(1), .integer = 1});
  request.gauge("").point(TestPoint{.time = at(1), .integer = 1});
  const auto outcome = send(request);
  EXPECT_EQ(outcome.accepted, 1U);
  const std::map<std::string_view, std::uint64_t> rejected(outcome.rejected.begin(), outcome.rejected.end());
  const std::map<std::string_view, std::uint64_t> expected = {{"negative", 1}, {"not_finite", 2}, {"no_value", 1},
                                                              {"ahead", 1},    {"bad_time", 1},   {"no_temporality", 1},
                                                              {"no_name", 1}};
  EXPECT_EQ(rejected, expected);
  EXPECT_THAT(outcome.message, HasSubstr("2 points rejected, the first in metric \"requests\": a total or observation"));
}

TEST_F(IntakeTest, AttributesBecomeLabelsOfTheirType) {
  OtlpRequest request;
  request.resource(kShop).gauge("g");
  request.point(TestPoint{.attributes = {{"array", std::vector<meters::AttributeValue>{std::int64_t{1}, "x"}},
                                         {"bool", true},
                                         {"bytes", meters::Bytes{"hi"}},
                                         {"double", 0.5},
                                         {"empty", ""},
                                         {"int", std::int64_t{42}},
                                         {"map", meters::Attributes{{"k", "v"}}},
                                         {"nothing", meters::AttributeValue{}},
                                         {"http.route", "/a\"b"}},
                          .time = at(1),
                          .integer = 1});
  EXPECT_EQ(send(request).accepted, 1U);
  const auto taken = snapshot();
  ASSERT_EQ(taken->families.size(), 1U);
  EXPECT_EQ(labels_of(*taken->families[0], 0),
            R"(array=[1,"x"],bool=true,bytes=aGk=,double=0.5,http_route=/a"b,int=42,map={"k":"v"})");
  const auto& labels = *taken->families[0]->labels;
  std::map<std::string, meters::LabelType> types;
  for (std::size_t i = 0; i < labels.columns(); ++i) types[labels.column(i).name] = labels.type(i, labels.id(0, i));
  EXPECT_EQ(types["array"], meters::LabelType::Json);
  EXPECT_EQ(types["bool"], meters::LabelType::Bool);
  EXPECT_EQ(types["double"], meters::LabelType::Double);
  EXPECT_EQ(types["int"], meters::LabelType::Int);
  EXPECT_EQ(types["http.route"], meters::LabelType::String);
}

TEST_F(IntakeTest, TheOrderOfAttributesDoesNotMatter) {
  for (int i = 1; i <= 2; ++i) {
    OtlpRequest request;
    request.resource(i == 1 ? kShop : meters::Attributes{kShop[1], kShop[0]}).gauge("g");
    meters::Attributes attributes = {{"a", "1"}, {"b", "2"}};
    if (i == 2) std::swap(attributes[0], attributes[1]);
    request.point(TestPoint{.attributes = attributes, .time = at(i), .integer = i});
    EXPECT_EQ(send(request).accepted, 1U);
  }
  EXPECT_EQ(value("g", "a=1,b=2"), 2);
  EXPECT_EQ(intake.stats().series, 1U);
  EXPECT_EQ(intake.stats().targets, 1U);
  EXPECT_EQ(intake.stats().conflicts, 0U);
}

TEST_F(IntakeTest, LabelsThatTheExpositionNeedsAreRenamed) {
  OtlpRequest request;
  request.resource(kShop).histogram("h", Temporality::Cumulative);
  request.point(TestHistogram{.attributes = {{"__name__", "x"}, {"instance", "i"}, {"job", "j"}, {"le", "1"}},
                              .time = at(1), .bounds = {1}, .counts = {1, 0}});
  EXPECT_EQ(send(request).accepted, 1U);
  const auto taken = snapshot();
  ASSERT_EQ(taken->families.size(), 1U);
  EXPECT_EQ(labels_of(*taken->families[0], 0), "exported___name__=x,exported_instance=i,exported_job=j,exported_le=1");
}

TEST_F(IntakeTest, TextsThatAreNoTextsAreRejectedWithTheirLabel) {
  OtlpRequest request;
  request.resource(kShop).gauge("g");
  request.point(TestPoint{.attributes = {{"bad", "\xFF\xFE"}}, .time = at(1), .integer = 1});
  request.point(TestPoint{.attributes = {{"long", std::string(64 * 1024, 'x')}}, .time = at(1), .integer = 1});
  request.point(TestPoint{.attributes = {{"", "nameless"}}, .time = at(1), .integer = 1});
  request.point(TestPoint{.attributes = {{"control", std::string("a\0\x01\n\x7f", 5)}}, .time = at(1), .integer = 1});
  meters::Attributes many;
  for (int i = 0; i < 129; ++i) many.push_back({"k" + std::to_string(i), "v"});
  request.point(TestPoint{.attributes = many, .time = at(1), .integer = 1});
  request.gauge("\xFFname").point(TestPoint{.time = at(1), .integer = 1});
  // A KeyValue that is cut off inside the point: its own length fits, what is in it does not.
  std::string broken;
  wire::ProtobufWriter(broken).bytes(otlp::NumberDataPoint::kAttributes, "\x0A\x05k");
  wire::ProtobufWriter(broken).fixed64(otlp::NumberDataPoint::kAsInt, 1);
  request.gauge("g2").raw_point(broken);
  const auto outcome = send(request);
  EXPECT_EQ(outcome.accepted, 1U);
  const std::map<std::string_view, std::uint64_t> rejected(outcome.rejected.begin(), outcome.rejected.end());
  const std::map<std::string_view, std::uint64_t> expected = {
      {"invalid_utf8", 2}, {"label_too_long", 1}, {"bad_label_name", 1}, {"too_many_labels", 1}, {"bad_attributes", 1}};
  EXPECT_EQ(rejected, expected);
  EXPECT_THAT(outcome.message, HasSubstr("is too long: long"));
}

TEST_F(IntakeTest, AnInvalidResourceRejectsItsPointsOnly) {
  OtlpRequest request;
  request.resource({{"service.name", "\xFF"}}).gauge("g").point(TestPoint{.time = at(1), .integer = 1});
  request.resource(kShop).gauge("g").point(TestPoint{.time = at(1), .integer = 1});
  const auto outcome = send(request);
  EXPECT_EQ(outcome.accepted, 1U);
  EXPECT_THAT(outcome.message, HasSubstr("of the resource"));
}

TEST_F(IntakeTest, NoRecordedValueEndsTheRowAtOnce) {
  counter(7, 0, 10, Temporality::Cumulative);
  OtlpRequest request;
  request.resource(kShop).scope("lib").sum("requests", true, Temporality::Cumulative);
  request.point(TestPoint{.attributes = {{"func", "a"}}, .start = at(0), .time = at(20), .flags = 1});
  request.point(TestPoint{.attributes = {{"func", "unknown"}}, .start = at(0), .time = at(20), .flags = 1});
  EXPECT_EQ(send(request).accepted, 2U);
  EXPECT_EQ(requests().state(), meters::RowState::Ended);
  EXPECT_EQ(intake.stats().series, 1U);
  // A point that was on its way does not wake it; a newer one does.
  EXPECT_EQ(counter(8, 0, 15, Temporality::Cumulative).rejected_sum(), 1U);
  EXPECT_EQ(counter(1, 25, 30, Temporality::Cumulative).accepted, 1U);
  EXPECT_EQ(requests().state(), meters::RowState::Live);
  EXPECT_EQ(requests().start(), at(25));
}

TEST_F(IntakeTest, KindAndUnitOfANameAreOneInATarget) {
  counter(7, 0, 10, Temporality::Cumulative);
  OtlpRequest request;
  request.resource(kShop).scope("other").gauge("requests", "s").point(TestPoint{.time = at(20), .integer = 1});
  const auto outcome = send(request);
  EXPECT_EQ(outcome.rejected_sum(), 1U);
  EXPECT_THAT(outcome.message, HasSubstr("it is a counter in \"\", now sent as a gauge in \"s\""));
  // Another sender may have it so.
  OtlpRequest elsewhere;
  elsewhere.resource({{"service.name", "bank"}}).gauge("requests", "s").point(TestPoint{.time = at(20), .integer = 1});
  EXPECT_EQ(send(elsewhere).accepted, 1U);
}

TEST_F(IntakeTest, OneNameInTwoScopesIsTwoFamilies) {
  OtlpRequest request;
  request.resource(kShop).scope("one").gauge("g").point(TestPoint{.time = at(1), .integer = 1});
  request.scope("two").gauge("g").point(TestPoint{.time = at(1), .integer = 2});
  EXPECT_EQ(send(request).accepted, 2U);
  const auto taken = snapshot();
  ASSERT_EQ(taken->families.size(), 2U);
  EXPECT_NE(taken->families[0]->origin->scope.name, taken->families[1]->origin->scope.name);
}

TEST_F(IntakeTest, ItSaysWhetherASenderHasAMeter) {
  meters::Resource sender;
  sender.job = "shop";
  sender.instance = "1";
  EXPECT_FALSE(intake.sends(sender, "requests_total"));
  counter(7, 0, 10, Temporality::Cumulative);
  EXPECT_TRUE(intake.sends(sender, "requests_total"));
  EXPECT_FALSE(intake.sends(sender, "other"));
}

class PromotingIntakeTest : public IntakeFixture {
 protected:
  PromotingIntakeTest() : IntakeFixture({.limits = {}, .promoted = {"deployment.environment.name"}}) {}
};

TEST_F(PromotingIntakeTest, PromotedAttributesAreLabelsOfTheResource) {
  OtlpRequest request;
  meters::Attributes sender = kShop;
  sender.insert(sender.begin(), {"deployment.environment.name", "prod"});
  request.resource(sender).gauge("g").point(TestPoint{.time = at(1), .integer = 1});
  send(request);
  const auto taken = snapshot();
  const auto& promoted = taken->families.at(0)->origin->resource->promoted;
  ASSERT_EQ(promoted.size(), 1U);
  EXPECT_EQ(promoted[0], std::pair(std::string("deployment_environment_name"), std::string("prod")));
}

}  // namespace
}  // namespace tocsin::agent
