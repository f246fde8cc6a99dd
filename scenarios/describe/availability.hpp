// Descriptions of when clients are there, and of what makes their answers smaller.
#pragma once

#include <array>

#include "runtime/federated/availability_config.hpp"
#include "runtime/training/codec_config.hpp"
#include "scenarios/describe/field.hpp"

namespace understudy {

template <class Archive>
void describe(Archive&, AlwaysAvailable&) {}
template <class Archive>
void describe(Archive& a, BernoulliAvailability& c) {
  a.field("probability", c.probability, "That a client is there in a round.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
}
template <class Archive>
void describe(Archive& a, TraceAvailability& c) {
  a.field("file", c.file,
          "A header client,on_s,off_s and a line for each stretch of time in which one is there.");
  a.field("period", c.period, "It begins again after so long; never where nothing is given.",
          {.above = 0});
}
template <class Archive>
void describe(Archive& a, MarkovAvailability& c) {
  a.field("mean_on", c.mean_on, "How long a client is there, exponentially distributed.",
          {.min = 1e-3});
  a.field("mean_off", c.mean_off, "How long it is away, exponentially distributed.", {.min = 1e-3});
}
template <class Archive>
void describe(Archive& a, NewcomerAvailability& c) {
  a.field("share", c.share, "Of the clients, the last of them, that join late: at least one.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
  a.field("from_round", c.from_round,
          "The first round that they can be asked in; beyond the last: never.",
          {.min = 2, .max = 1e6});
}

inline constexpr std::array<NameDoc, 5> kAvailabilityKinds = {{
    {"always", "All clients are there."},
    {"bernoulli", "Drawn for each client and round."},
    {"trace", "As a file says, by the clock."},
    {"markov", "There and away in turn for random times, by the clock."},
    {"newcomers", "Some join late, and how they do is told apart."},
}};
constexpr std::span<const NameDoc> kinds(const AvailabilityConfig*) { return kAvailabilityKinds; }

template <class Archive>
void describe(Archive&, NoCodec&) {}
template <class Archive>
void describe(Archive& a, TopKCodec& c) {
  a.field("share", c.share, "Of the values that are sent, at least one.",
          {.above = 0, .max = 1, .measure = Measure::kFraction});
  a.field("error_feedback", c.error_feedback, "Add what was left out to what is sent next.");
}
template <class Archive>
void describe(Archive& a, QuantisedCodec& c) {
  a.field("bits", c.bits, "Of a value, its sign included: 8, 4 or 2.", {.min = 2, .max = 8});
  a.field("error_feedback", c.error_feedback, "Add the error of rounding to what is sent next.");
}

template <class Archive>
void describe(Archive&, HalfCodec&) {}

inline constexpr std::array<NameDoc, 4> kCodecKinds = {{
    {"none", "All values as they are."},
    {"top_k", "The values of the largest magnitude alone."},
    {"quantised", "Values rounded at random to few levels, in blocks of 256."},
    {"float16", "Values rounded to 16 bits."},
}};
constexpr std::span<const NameDoc> kinds(const CodecConfig*) { return kCodecKinds; }

}  // namespace understudy
