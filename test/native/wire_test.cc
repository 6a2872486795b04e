// The protobuf wire reader and writer, varints in a row and the UTF-8 check.
#include "codec/proto/wire.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/proto/packed_varints.h"
#include "proto_builder.h"

namespace tensorgate {
namespace {

using proto::Tag;
using proto::Varint;

// Reads all fields and drops their values.
bool SkipsAll(std::string_view bytes) {
  WireReader reader(bytes);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type) || !reader.Skip(field, type)) return false;
  }
  return true;
}

std::string Groups(int depth) {
  std::string begin;
  std::string end;
  for (int i = 0; i < depth; ++i) {
    begin += Tag(20, 3);
    end += Tag(20, 4);
  }
  return begin + end;
}

TEST(WireReader, ReadsVarintsOfEveryLength) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {uint64_t{1} << bit, (uint64_t{2} << bit) - 1}) {
      const std::string bytes = Varint(value);
      WireReader reader(bytes);
      uint64_t read = 0;
      ASSERT_TRUE(reader.ReadVarint(&read));
      EXPECT_EQ(read, value);
      EXPECT_TRUE(reader.AtEnd());
      EXPECT_EQ(VarintSize(value), bytes.size());
    }
  }
  EXPECT_EQ(VarintSize(0), 1u);
}

TEST(WireReader, RefusesAVarintOfElevenBytes) {
  const std::string eleven = std::string(10, '\x80') + '\0';
  WireReader reader(eleven);
  uint64_t value;
  EXPECT_FALSE(reader.ReadVarint(&value));
}

TEST(WireReader, RefusesAVarintThatEndsEarly) {
  WireReader reader("\x80\x80");
  uint64_t value;
  EXPECT_FALSE(reader.ReadVarint(&value));
  EXPECT_EQ(reader.Error("here").code(), Code::kInvalidArgument);
  EXPECT_EQ(reader.Error("here").message(),
            "here: malformed protobuf, a varint is truncated or overlong at byte 2");
}

TEST(WireReader, ReadsFixedValuesInLittleEndianOrder) {
  const std::string bytes = "\x01\x02\x03\x04\x01\x02\x03\x04\x05\x06\x07\x08";
  WireReader reader(bytes);
  uint32_t small;
  uint64_t large;
  ASSERT_TRUE(reader.ReadFixed32(&small));
  ASSERT_TRUE(reader.ReadFixed64(&large));
  EXPECT_EQ(small, 0x04030201u);
  EXPECT_EQ(large, 0x0807060504030201u);
  EXPECT_FALSE(reader.ReadFixed32(&small));
}

TEST(WireReader, GivesFieldNumberAndWireType) {
  const std::string bytes = Tag(1, 0) + Tag(15, 2) + Tag(16, 5) + Tag((1u << 29) - 1, 1);
  WireReader reader(bytes);
  uint32_t field;
  WireType type;
  ASSERT_TRUE(reader.ReadTag(&field, &type));
  EXPECT_EQ(field, 1u);
  EXPECT_EQ(type, WireType::kVarint);
  ASSERT_TRUE(reader.ReadTag(&field, &type));
  EXPECT_EQ(field, 15u);
  EXPECT_EQ(type, WireType::kBytes);
  ASSERT_TRUE(reader.ReadTag(&field, &type));
  EXPECT_EQ(field, 16u);
  EXPECT_EQ(type, WireType::kFixed32);
  ASSERT_TRUE(reader.ReadTag(&field, &type));
  EXPECT_EQ(field, (1u << 29) - 1);
  EXPECT_EQ(type, WireType::kFixed64);
}

TEST(WireReader, RefusesFieldNumberZero) {
  for (int type = 0; type < 8; ++type) EXPECT_FALSE(SkipsAll(Varint(type) + "\1\1")) << type;
}

TEST(WireReader, RefusesWireTypesThatDoNotExist) {
  EXPECT_FALSE(SkipsAll(Tag(1, 6) + "\1"));
  EXPECT_FALSE(SkipsAll(Tag(1, 7) + "\1"));
}

TEST(WireReader, RefusesFieldNumbersAbove29Bits) {
  EXPECT_TRUE(SkipsAll(Tag((1u << 29) - 1, 0) + "\1"));
  EXPECT_FALSE(SkipsAll(Varint(uint64_t{1} << 32) + "\1"));
}

TEST(WireReader, TakesATagWrittenInFiveBytesButNotInSix) {
  EXPECT_TRUE(SkipsAll(std::string("\x88\x80\x80\x80\x00\x01", 6)));
  EXPECT_FALSE(SkipsAll(std::string("\x88\x80\x80\x80\x80\x00\x01", 7)));
}

TEST(WireReader, RefusesALengthBeyondTheEnd) {
  EXPECT_TRUE(SkipsAll(Tag(1, 2) + Varint(2) + "ab"));
  EXPECT_FALSE(SkipsAll(Tag(1, 2) + Varint(3) + "ab"));
  EXPECT_FALSE(SkipsAll(Tag(1, 2) + Varint(UINT32_MAX) + "ab"));
  EXPECT_FALSE(SkipsAll(Tag(1, 2) + Varint(UINT64_MAX) + "ab"));
}

TEST(WireReader, RefusesALengthWrittenInSixBytes) {
  EXPECT_TRUE(SkipsAll(Tag(1, 2) + std::string("\x81\x80\x80\x80\x00", 5) + "a"));
  EXPECT_FALSE(SkipsAll(Tag(1, 2) + std::string("\x81\x80\x80\x80\x80\x00", 6) + "a"));
}

TEST(WireReader, SkipsGroupsWithTheirContent) {
  EXPECT_TRUE(SkipsAll(Tag(5, 3) + proto::VarintField(1, 300) + proto::BytesField(2, "\xff\xff") +
                       Tag(3, 1) + std::string(8, 'x') + Tag(4, 5) + std::string(4, 'y') +
                       Tag(6, 3) + Tag(6, 4) + Tag(5, 4) + proto::VarintField(1, 1)));
}

TEST(WireReader, RefusesGroupsThatDoNotMatch) {
  EXPECT_FALSE(SkipsAll(Tag(5, 4)));
  EXPECT_FALSE(SkipsAll(Tag(5, 3)));
  EXPECT_FALSE(SkipsAll(Tag(5, 3) + Tag(6, 4)));
  EXPECT_FALSE(SkipsAll(Tag(5, 3) + Tag(6, 3) + Tag(5, 4) + Tag(6, 4)));
  EXPECT_FALSE(SkipsAll(Tag(5, 3) + Varint(1) + Tag(5, 4)));  // field number 0 inside
}

TEST(WireReader, SkipsGroupsToADepthOfOneHundred) {
  EXPECT_TRUE(SkipsAll(Groups(100)));
  EXPECT_FALSE(SkipsAll(Groups(101)));
  EXPECT_FALSE(SkipsAll(Groups(1000000)));
}

TEST(WireReader, TakesNoBytesAsNoFields) {
  EXPECT_TRUE(SkipsAll({}));
  EXPECT_TRUE(SkipsAll(""));
}

TEST(WireWriter, WritesWhatTheReaderReads) {
  OutputBuffer out;
  WireWriter writer(&out, 64);
  writer.ShortTag(3, WireType::kVarint);
  writer.Varint(UINT64_MAX);
  writer.Bytes(200, "text");
  writer.Prefix(4, 2);
  writer.Raw("ab", 2);
  writer.Raw(nullptr, 0);
  writer.Done();
  EXPECT_EQ(out.view(), proto::VarintField(3, -1) + proto::BytesField(200, "text") +
                            proto::BytesField(4, "ab"));
}

TEST(WireWriter, AppendsToWhatIsThere) {
  OutputBuffer out;
  out.Append("before");
  WireWriter writer(&out, 2);
  writer.Varint(300);
  writer.Done();
  EXPECT_EQ(out.view(), "before" + Varint(300));
}

TEST(PackedVarints, CountsTheBytesThatEndAVarint) {
  for (int length = 0; length < 40; ++length) {
    std::string chunk;
    for (int i = 0; i < length; ++i) chunk += Varint(i % 3 == 0 ? 300u : 7u);
    EXPECT_EQ(CountVarints(chunk), static_cast<size_t>(length));
  }
}

TEST(PackedVarints, StoresNoMoreThanThereIsRoomFor) {
  std::string chunk;
  for (int i = 0; i < 40; ++i) chunk += Varint(static_cast<uint64_t>(i) * 100);
  for (size_t room = 0; room <= 45; ++room) {
    std::vector<int64_t> stored(room, -1);
    uint8_t* at = reinterpret_cast<uint8_t*>(stored.data());
    size_t left = room;
    ASSERT_TRUE(DecodePackedVarints(DataType::kInt64, chunk, &at, &left));
    EXPECT_EQ(left, room < 40 ? 0 : room - 40);
    for (size_t i = 0; i < room; ++i) EXPECT_EQ(stored[i], i < 40 ? int64_t(i) * 100 : -1);
  }
}

TEST(PackedVarints, RefusesTruncatedAndOverlongValuesEvenAmongTheDropped) {
  uint8_t memory[8];
  for (const size_t room : {size_t{0}, size_t{1}, size_t{8}}) {
    for (const std::string& chunk :
         {std::string("\1\x80"), "\1" + std::string(10, '\x80') + "\1"}) {
      uint8_t* at = memory;
      size_t left = room;
      EXPECT_FALSE(DecodePackedVarints(DataType::kInt8, chunk, &at, &left)) << room;
    }
  }
}

TEST(Utf8, AcceptsTheFirstAndLastCharacterOfEveryLength) {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    for (const std::string& around :
         {std::string(), std::string("12345678"), std::string(11, 'x')}) {
      EXPECT_TRUE(IsValidUtf8(around + text + around)) << text;
    }
  }
  EXPECT_TRUE(IsValidUtf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesOverlongSurrogateTooLargeAndTruncatedForms) {
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2",
                           "\xc2\x41",
                           "\xe0\x80\x80",
                           "\xe0\x9f\xbf",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xe1\x80",
                           "\xe1\x80\x41",
                           "\xf0\x80\x80\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf1\x80\x80",
                           "\xf1\x80\x80\x41",
                           "\xf5\x80\x80\x80",
                           "\xff",
                           "\xfe"}) {
    EXPECT_FALSE(IsValidUtf8(text));
    EXPECT_FALSE(IsValidUtf8(std::string("12345678") + text));
    EXPECT_FALSE(IsValidUtf8(std::string(text) + "x12345678"));
  }
}

}  // namespace
}  // namespace tensorgate
