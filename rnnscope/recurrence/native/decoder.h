// The decoder over all steps: loss and its gradient, or log-probabilities.
#pragma once
#include <cmath>

#include "packing.h"

namespace rnnscope {

template <class P>
struct DecoderSpace {
  Buffer<typename P::Store> there, back, d;
  Buffer<typename P::Real> bias, d_bias, logits;
};

template <class P>
struct Decoder {
  using Real = typename P::Real;
  using Store = typename P::Store;
  using Vec = typename P::Vec;
  static constexpr int L = P::LANES;
  static constexpr long BLOCK = 24;  // rows whose logits are in the first-level cache at a time

  DecoderSpace<P>& space;
  int symbols, units, padded;  // padded: units of a row of h
  int width = (symbols + L - 1) / L * L;
  std::vector<Span> spans = spans_of(width / L, L), unit_spans = spans_of(padded / L, L);
  std::vector<int> rows = plain_rows(symbols, width);

  void begin(const Real* weights, const Real* bias, bool goes_back) {
    pack<P>(space.there, weights, units, rows, spans);
    if (goes_back) pack_back<P>(space.back, weights, units, rows, unit_spans);
    Real* padded_bias = space.bias.get(width);
    for (int symbol = 0; symbol < width; symbol++) padded_bias[symbol] = symbol < symbols ? bias[symbol] : Real(-1e30);
    space.logits.get(BLOCK * width);
  }

  // `then(row, logits, largest)` for every row of h.
  template <class Then>
  void each(const Store* hidden, long count, const Then& then) const {
    Real* logits = space.logits.data();
    for (long first = 0; first < count; first += BLOCK) {
      const long ending = std::min(first + BLOCK, count);
      for (const Span& span : spans) {
        const int steps = steps_of(units, P::PAIR), most = tile_rows<P>(span.vectors);
        Source<P> source{hidden, padded, space.there.data() + static_cast<long>(span.start) * steps * P::PAIR, steps};
        for (long row = first; row < ending; row += most) {
          const int many = static_cast<int>(std::min<long>(most, ending - row));
          tile_for<P>(span.vectors, many)(logits + (row - first) * width + span.start, width,
                                          Start<P>{space.bias.data() + span.start, nullptr, 0}, &source, 1, row);
        }
      }
      for (long row = first; row < ending; row++) {
        const Real* from = logits + (row - first) * width;
        Vec most = P::load(from);
        for (int symbol = L; symbol < width; symbol += L) most = P::most(most, P::load(from + symbol));
        then(row, logits + (row - first) * width, P::largest(most));
      }
    }
  }

  // e^(logit - largest) in place of the logits; their sum.
  Real exponentials(Real* logits, Real largest) const {
    Vec sum = P::all(0);
    for (int symbol = 0; symbol < width; symbol += L) {
      Vec e = two_to<P>((P::load(logits + symbol) - P::all(largest)) * P::all(1.44269504088896340736));
      P::store(logits + symbol, e);
      sum += e;
    }
    return P::sum(sum);
  }

  // Sum of nats; leaves the gradient of `scale` times it.
  double loss(const Store* hidden, long count, const int64_t* targets, Real scale) {
    double nats = 0;
    Store* d = space.d.get(count * width);
    Real* d_bias = space.d_bias.zeroed(width);
    each(hidden, count, [&](long row, Real* logits, Real largest) {
      const int64_t target = targets[row];
      const Real of_target = logits[target], total = exponentials(logits, largest);
      nats += std::log(total) + largest - of_target;
      logits[target] -= total;
      const Vec factor = P::all(scale / total);
      for (int symbol = 0; symbol < width; symbol += L) {
        Vec gradient = P::load(logits + symbol) * factor;
        P::put(d + row * width + symbol, gradient);
        P::store(d_bias + symbol, P::load(d_bias + symbol) + gradient);
      }
    });
    return nats;
  }

  void log_probs(const Store* hidden, long count, Real* out) {
    each(hidden, count, [&](long row, Real* logits, Real largest) {
      Real* to = out + row * symbols;
      for (int symbol = 0; symbol < symbols; symbol++) to[symbol] = logits[symbol];
      const Real shift = largest + std::log(exponentials(logits, largest));
      for (int symbol = 0; symbol < symbols; symbol++) to[symbol] -= shift;
    });
  }
};

}  // namespace rnnscope
