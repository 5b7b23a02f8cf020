// Muon's update of stacked matrices, block by block: momentum, the nearest orthogonal matrix, descent.
// The definition: training/optimisers.py.
#pragma once
#include <cmath>

#include "packing.h"

namespace rnnscope {

// What an update is made with, as `_MuonUpdate` in step.py has it.
struct MuonUpdate {
  double rate, momentum;
  int32_t steps;
  double coefficients[5][3];  // a, b, c of every step X <- a X + b (X X^T) X + c (X X^T)^2 X
};

// One block at a time: rows x columns numbers that lie side by side, no more rows than columns. X is kept transposed,
// one row a column of the block, so that X X^T is a sum of outer products and all products by squares are from the right.
template <class P>
class Muon {
  using Real = typename P::Real;
  using Store = typename P::Store;
  using Vec = typename P::Vec;
  static constexpr int L = P::LANES, SIDE = 16;

 public:
  void update(Real* weights, const Real* gradient, Real* momentum, int rows, int columns, const MuonUpdate& with) {
    const int padded = (rows + L - 1) / L * L;
    Real* ahead = ahead_.get(static_cast<size_t>(rows) * columns);
    const Real norm = std::sqrt(move_momentum(ahead, gradient, momentum, static_cast<long>(rows) * columns,
                                              static_cast<Real>(with.momentum)));
    Store *x = x_.get(static_cast<size_t>(columns) * padded), *next = next_.get(static_cast<size_t>(columns) * padded);
    transpose(x, ahead, rows, columns, padded, 1 / (norm + static_cast<Real>(1e-30)));
    Real scale = 1;
    for (int step = 0; step < with.steps; step++) {
      const Real* square = outer_sum<P>(outer_, x, padded, rows, x, padded, columns);
      if (!step) {  // the norm of X X^T bounds the largest singular value more closely than that of X
        const Real fourth = std::sqrt(sum_of_squares(square, rows * static_cast<long>(padded)));
        scale = 1 / std::sqrt(static_cast<Real>(1.02) * fourth + static_cast<Real>(1e-30));
      }
      const double *abc = with.coefficients[step], s = step ? 1 : scale;
      polynomial(square, rows, padded, static_cast<Real>(s * s), static_cast<Real>(abc[1] * s),
                 static_cast<Real>(abc[2] * s));
      times(next, x, columns, padded, static_cast<Real>(abc[0] * s));
      std::swap(x, next);
    }
    descend(weights, x, rows, columns, padded, static_cast<Real>(with.rate));
  }

 private:
  Buffer<Real> ahead_, scaled_, polynomial_;
  Buffer<Store> x_, next_, square_, packed_;
  OuterBuffers<P> outer_;

  // Nesterov's momentum into `ahead`; the sum of its squares.
  static Real move_momentum(Real* ahead, const Real* gradient, Real* momentum, long count, Real kept) {
    Vec sum = P::all(0);
    long i = 0;
    for (; i + L <= count; i += L) {
      Vec g = P::load(gradient + i), m = P::load(momentum + i);
      m += (g - m) * P::all(1 - kept);
      P::store(momentum + i, m);
      Vec a = g + (m - g) * P::all(kept);
      P::store(ahead + i, a);
      sum = a * a + sum;
    }
    Real rest = 0;
    for (; i < count; i++) {
      momentum[i] += (gradient[i] - momentum[i]) * (1 - kept);
      ahead[i] = gradient[i] + (momentum[i] - gradient[i]) * kept;
      rest += ahead[i] * ahead[i];
    }
    return P::sum(sum) + rest;
  }

  static Real sum_of_squares(const Real* numbers, long count) {  // a multiple of L
    Vec sum = P::all(0);
    for (long i = 0; i < count; i += L) {
      Vec x = P::load(numbers + i);
      sum = x * x + sum;
    }
    return P::sum(sum);
  }

  static void transpose(Store* out, const Real* block, int rows, int columns, int padded, Real factor) {
    alignas(64) Store square[SIDE][SIDE];
    for (int column = 0; column < columns; column += SIDE) {
      const int width = std::min(SIDE, columns - column);
      for (int row = 0; row < padded; row += SIDE) {
        const int height = std::min(SIDE, rows - row);
        for (int i = 0; i < height; i++) {
          const Real* from = block + static_cast<long>(row + i) * columns + column;
          if (width == SIDE)
            for (int j = 0; j < SIDE; j += L) P::put(square[i] + j, P::load(from + j) * P::all(factor));
          else
            for (int j = 0; j < width; j++) square[i][j] = P::stored(from[j] * factor);
        }
        for (int i = std::max(height, 0); i < SIDE; i++) memset(square[i], 0, sizeof square[i]);
        const int used = std::min(SIDE, padded - row);
        for (int j = 0; j < width; j++)
          for (int i = 0; i < used; i++) out[static_cast<long>(column + j) * padded + row + i] = square[i][j];
      }
    }
  }

  static void descend(Real* weights, const Store* x, int rows, int columns, int padded, Real rate) {
    alignas(64) Store square[SIDE][SIDE];
    for (int column = 0; column < columns; column += SIDE) {
      const int width = std::min(SIDE, columns - column);
      for (int row = 0; row < rows; row += SIDE) {
        const int height = std::min(SIDE, rows - row), used = std::min(SIDE, padded - row);
        for (int j = 0; j < width; j++)
          memcpy(square[j], x + static_cast<long>(column + j) * padded + row, used * sizeof(Store));
        for (int i = 0; i < height; i++) {
          Real* to = weights + static_cast<long>(row + i) * columns + column;
          for (int j = 0; j < width; j++) to[j] -= rate * P::value(square[j][i]);
        }
      }
    }
  }

  // b S + c S^2 of S = `square` x `factor`, packed as weights of a product.
  void polynomial(const Real* square, int rows, int padded, Real factor, Real b, Real c) {
    const long count = static_cast<long>(rows) * padded;
    Real* scaled = scaled_.get(count);
    Store* stored = square_.get(count);
    for (long i = 0; i < count; i += L) {
      Vec s = P::load(square + i) * P::all(factor);
      P::store(scaled + i, s);
      P::put(stored + i, s);
    }
    const std::vector<int> positions = plain_rows(rows, padded);
    const std::vector<Span> spans = spans_of(padded / L, L);
    pack<P>(packed_, scaled, padded, positions, spans);
    Real* found = polynomial_.get(count);
    right_product(stored, rows, padded, spans, [&](long row, int start, int j, Vec sum) {
      const long at = row * padded + start + j * L;
      P::store(found + at, P::load(scaled + at) * P::all(b) + sum * P::all(c));
    });
    pack<P>(packed_, found, padded, positions, spans);
  }

  // a X + (packed square) X, transposed.
  void times(Store* out, const Store* x, int columns, int padded, Real a) {
    right_product(x, columns, padded, spans_of(padded / L, L), [&](long row, int start, int j, Vec sum) {
      const long at = row * padded + start + j * L;
      P::put(out + at, P::get(x + at) * P::all(a) + sum);
    });
  }

  // `count` rows of `padded` numbers times what is packed; `then(row, start of span, register, sum)`.
  template <class Then>
  void right_product(const Store* numbers, long count, int padded, const std::vector<Span>& spans,
                     const Then& then) const {
    const Real* zeros = zeros_;
    const int steps = steps_of(padded, P::PAIR);
    for (const Span& span : spans) {
      const Source<P> source{numbers, padded, packed_.data() + static_cast<long>(span.start) * steps * P::PAIR, steps};
      product<P>(span.vectors, count, Start<P>{zeros, nullptr, 0}, &source, 1, [&](long row, const Real* sums) {
        for (int j = 0; j < span.vectors; j++) then(row, span.start, j, P::load(sums + j * L));
      });
    }
  }

  alignas(64) Real zeros_[4 * L] = {};
};

}  // namespace rnnscope
