// SPDX-License-Identifier: Apache-2.0
#include "wire/protobuf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace tocsin::wire {
namespace {

TEST(ProtobufVarint, SizeMatchesWhatIsWritten) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {(1ULL << bit) - 1, 1ULL << bit, (1ULL << bit) | 1}) {
      std::string out;
      ProtobufWriter(out).raw_varint(value);
      EXPECT_EQ(out.size(), varint_size(value)) << value;
      ProtobufReader reader(out);
      EXPECT_EQ(reader.varint(), value);
      EXPECT_TRUE(reader.ok());
      EXPECT_TRUE(reader.at_end());
    }
  }
  EXPECT_EQ(varint_size(UINT64_MAX), 10u);
}

TEST(ProtobufVarint, ZigZag) {
  for (const std::int64_t value : std::vector<std::int64_t>{0, -1, 1, -2, std::numeric_limits<std::int64_t>::min(),
                                                            std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(zigzag_decode(zigzag_encode(value)), value);
  }
  EXPECT_EQ(zigzag_encode(-1), 1u);
  EXPECT_EQ(zigzag_encode(1), 2u);
}

TEST(ProtobufVarint, PaddedIsReadAndTooLongIsRefused) {
  ProtobufReader padded(std::string_view("\x81\x80\x00", 3));
  EXPECT_EQ(padded.varint(), 1u);
  EXPECT_TRUE(padded.ok());

  const std::string eleven(11, '\xFF');
  ProtobufReader too_long(eleven);
  EXPECT_EQ(too_long.varint(), 0u);
  EXPECT_FALSE(too_long.ok());

  const std::string overflow = std::string(9, '\xFF') + '\x02';
  ProtobufReader too_big(overflow);
  EXPECT_EQ(too_big.varint(), 0u);
  EXPECT_FALSE(too_big.ok());
}

// A message with every wire type, nested twice, and a packed field.
std::string sample_message() {
  std::string out;
  ProtobufWriter writer(out);
  writer.varint(1, 300);
  writer.fixed64(2, 0x1122334455667788);
  writer.fixed_double(3, -2.5);
  writer.fixed32(4, 7);
  writer.bytes(5, "hello");
  const auto outer = writer.begin(6);
  const auto inner = writer.begin(1, 5000);  // guesses too high: the bytes close up
  writer.signed_varint(1, -77);
  writer.end(inner);
  writer.end(outer);
  const auto packed = writer.begin(7);  // longer than its one reserved byte can say
  for (std::uint64_t i = 0; i < 200; ++i) writer.raw_varint(i);
  writer.end(packed);
  writer.varint(5000, UINT64_MAX);
  return out;
}

struct Seen {
  std::uint64_t number = 0, fixed = 0, packed_sum = 0, last = 0;
  double real = 0;
  std::uint32_t small = 0;
  std::string_view text;
  std::int64_t nested = 0;
};

Seen read_sample(ProtobufReader& reader) {
  Seen seen;
  while (reader.next()) {
    switch (reader.tag()) {
      case protobuf_tag(1, WireType::Varint): seen.number = reader.varint(); break;
      case protobuf_tag(2, WireType::Fixed64): seen.fixed = reader.fixed64(); break;
      case protobuf_tag(3, WireType::Fixed64): seen.real = reader.fixed_double(); break;
      case protobuf_tag(4, WireType::Fixed32): seen.small = reader.fixed32(); break;
      case protobuf_tag(5, WireType::Length): seen.text = reader.bytes(); break;
      case protobuf_tag(6, WireType::Length): {
        ProtobufReader outer = reader.message();
        while (outer.next()) {
          ProtobufReader inner = outer.message();
          while (inner.next()) seen.nested = inner.signed_varint();
          outer.adopt(inner);
        }
        reader.adopt(outer);
        break;
      }
      case protobuf_tag(7, WireType::Length): {
        ProtobufReader packed = reader.message();
        while (!packed.at_end()) seen.packed_sum += packed.varint();
        reader.adopt(packed);
        break;
      }
      case protobuf_tag(5000, WireType::Varint): seen.last = reader.varint(); break;
      default: reader.skip();
    }
  }
  return seen;
}

TEST(Protobuf, RoundTripOfEveryWireType) {
  const std::string message = sample_message();
  ProtobufReader reader(message);
  const Seen seen = read_sample(reader);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(seen.number, 300u);
  EXPECT_EQ(seen.fixed, 0x1122334455667788u);
  EXPECT_EQ(seen.real, -2.5);
  EXPECT_EQ(seen.small, 7u);
  EXPECT_EQ(seen.text, "hello");
  EXPECT_EQ(seen.nested, -77);
  EXPECT_EQ(seen.packed_sum, 199u * 200 / 2);
  EXPECT_EQ(seen.last, UINT64_MAX);
}

// Known bytes, so that writer and reader cannot be wrong together.
TEST(Protobuf, BytesAreThoseOfTheSpecification) {
  std::string out;
  ProtobufWriter writer(out);
  writer.varint(1, 150);
  writer.bytes(2, "testing");
  const auto mark = writer.begin(3);
  writer.varint(1, 150);
  writer.end(mark);
  EXPECT_EQ(out, std::string("\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01", 17));
}

TEST(Protobuf, BackPatchedLengthEqualsTheComputedOne) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 16383u, 16384u, 100000u}) {
    const std::string body(size, 'x');
    std::string expected;
    ProtobufWriter(expected).bytes(9, body);
    for (const std::size_t guess : {0u, 200u, 20000u, 3000000u}) {
      std::string out;
      ProtobufWriter writer(out);
      const auto mark = writer.begin(9, guess);
      out += body;
      writer.end(mark);
      EXPECT_EQ(out, expected) << size << " guessed " << guess;
    }
  }
}

// A cut message is either a fault or ends exactly between two fields; nothing is read outside it (asan looks).
TEST(Protobuf, TruncatedAtEveryByte) {
  const std::string message = sample_message();
  std::vector<std::size_t> boundaries{0};
  for (ProtobufReader reader(message); reader.next();) {
    reader.skip();
    boundaries.push_back(message.size() - reader.remaining());
  }
  for (std::size_t size = 0; size < message.size(); ++size) {
    const std::vector<char> cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    ProtobufReader reader(std::string_view(cut.data(), cut.size()));
    read_sample(reader);
    const bool between = std::find(boundaries.begin(), boundaries.end(), size) != boundaries.end();
    EXPECT_EQ(reader.ok(), between) << "cut at " << size;
    if (!reader.ok()) {
      EXPECT_LE(reader.fault_offset(), size);
    }
  }
}

TEST(Protobuf, GroupsAndUnknownWireTypesAndFieldZeroAreRefused) {
  for (const char tag : {'\x0B', '\x0C', '\x0E', '\x0F', '\x00', '\x02'}) {
    const std::string message = {'\x08', '\x01', tag, '\x00', '\x00'};
    ProtobufReader reader(message);
    while (reader.next()) reader.skip();
    ASSERT_FALSE(reader.ok()) << static_cast<int>(tag);
    EXPECT_EQ(reader.fault_offset(), 2u);
  }
  const std::string huge_tag = "\xFF\xFF\xFF\xFF\xFF\x01";
  ProtobufReader reader(huge_tag);
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.ok());
}

TEST(Protobuf, FaultInANestedMessageTellsThePlaceInTheWholeBody) {
  std::string message;
  ProtobufWriter writer(message);
  writer.varint(1, 1);
  writer.bytes(6, std::string_view("\x0A\x7F", 2));  // says 127 bytes, has none
  ProtobufReader reader(message);
  read_sample(reader);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.fault_offset(), 6u);
  EXPECT_EQ(reader.error("span").message, "span: a length runs past the end at byte 6");
  EXPECT_EQ(reader.error("span").fault, Fault::Input);
}

TEST(Protobuf, LengthOfNearlyTwoToThe64IsRefused) {
  std::string message = "\x0A";
  ProtobufWriter(message).raw_varint(UINT64_MAX - 1);
  message += "abc";
  ProtobufReader reader(message);
  ASSERT_TRUE(reader.next());
  EXPECT_TRUE(reader.bytes().empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Protobuf, CallerMayRefuse) {
  ProtobufReader reader("\x08\x01\x08\x02");
  ASSERT_TRUE(reader.next());
  reader.refuse();
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.error("depth").message, "depth: a value that is not accepted at byte 1");
}

TEST(Protobuf, EmptyInputIsAnEmptyMessage) {
  ProtobufReader reader;
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.ok());
}

}  // namespace
}  // namespace tocsin::wire
