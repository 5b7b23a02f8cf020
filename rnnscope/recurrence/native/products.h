// Matrix products in register tiles: rows x (packed weights), and the sum of outer products over rows.
#pragma once
#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "lanes.h"

namespace rnnscope {

// Memory that grows and never shrinks; what was in it is lost when it grows.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { free(data_); }
  T* get(size_t count) {
    if (count > count_) {
      free(data_);
      count_ = 0;
      data_ = static_cast<T*>(aligned_alloc(64, (count * sizeof(T) + 4095) / 4096 * 4096));
      if (!data_) throw std::bad_alloc();
      count_ = count;
    }
    return data_;
  }
  T* zeroed(size_t count) {
    memset(get(count), 0, count * sizeof(T));
    return data_;
  }
  T* data() const { return data_; }

 private:
  T* data_ = nullptr;
  size_t count_ = 0;
};

// One factor pair of a product: rows of numbers, and a tile of packed weights [step][vector][lane][PAIR].
template <class P>
struct Source {
  const typename P::Store* rows;
  long row_stride;
  const typename P::Store* tile;
  int steps;
};

// What a row's sums start from: row `index[row]` (or `row`, where there is no index) of a table.
template <class P>
struct Start {
  const typename P::Real* table;
  const int32_t* index;
  long stride;
  const typename P::Real* of(long row) const { return table + (index ? index[row] : row) * stride; }
};

// Rows of a register tile that is `vectors` wide, so that sums, weights and one broadcast fit the registers.
template <class P>
constexpr int tile_rows(int vectors) {
  if (P::REGISTERS == 32) return vectors == 1 ? 8 : vectors == 2 ? 12 : vectors == 3 ? 8 : 6;
  return vectors == 1 ? 8 : vectors == 2 ? 6 : vectors == 3 ? 4 : 3;
}

// out[r][j] = start[r][j] + sum over sources of rows x weights, for ROWS rows from `first` on.
template <class P, int VECTORS, int ROWS>
__attribute__((noinline)) void tile(typename P::Real* out, long out_stride, const Start<P>& start,
                                    const Source<P>* sources, int count, long first) {
  typename P::Vec sums[ROWS][VECTORS];
#pragma GCC unroll 16
  for (int r = 0; r < ROWS; r++) {
    const typename P::Real* from = start.of(first + r);
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; j++) sums[r][j] = P::load(from + j * P::LANES);
  }
  for (int which = 0; which < count; which++) {
    const Source<P>& source = sources[which];
    const typename P::Store *rows = source.rows + first * source.row_stride, *weights = source.tile;
    const long stride = source.row_stride;
    for (int step = 0; step < source.steps; step++, rows += P::PAIR, weights += VECTORS * P::LANES * P::PAIR) {
      typename P::Word w[VECTORS];
#pragma GCC unroll 4
      for (int j = 0; j < VECTORS; j++) w[j] = P::words(weights + j * P::LANES * P::PAIR);
#pragma GCC unroll 16
      for (int r = 0; r < ROWS; r++) {
        typename P::Word a = P::broadcast(rows + r * stride);
#pragma GCC unroll 4
        for (int j = 0; j < VECTORS; j++) sums[r][j] = P::dot(sums[r][j], a, w[j]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; j++) P::store(out + r * out_stride + j * P::LANES, sums[r][j]);
  }
}

template <class P>
using Tile = void (*)(typename P::Real*, long, const Start<P>&, const Source<P>*, int, long);

template <class P, int VECTORS, int... ROWS>
constexpr auto tiles_of(std::integer_sequence<int, ROWS...>) {
  return std::array<Tile<P>, sizeof...(ROWS)>{tile<P, VECTORS, ROWS + 1>...};
}

template <class P>
Tile<P> tile_for(int vectors, int rows) {
  static constexpr auto one = tiles_of<P, 1>(std::make_integer_sequence<int, tile_rows<P>(1)>());
  static constexpr auto two = tiles_of<P, 2>(std::make_integer_sequence<int, tile_rows<P>(2)>());
  static constexpr auto three = tiles_of<P, 3>(std::make_integer_sequence<int, tile_rows<P>(3)>());
  static constexpr auto four = tiles_of<P, 4>(std::make_integer_sequence<int, tile_rows<P>(4)>());
  switch (vectors) {
    case 1: return one[rows - 1];
    case 2: return two[rows - 1];
    case 3: return three[rows - 1];
    default: return four[rows - 1];
  }
}

// The product of `rows` rows with one tile of weights; `then(row, sums)` takes each row's sums from the cache.
template <class P, class Then>
RNNSCOPE_INLINE void product(int vectors, long rows, const Start<P>& start, const Source<P>* sources, int count,
                             const Then& then) {
  alignas(64) typename P::Real sums[24 * 16];
  const int most = tile_rows<P>(vectors);
  const long blocks = (rows + most - 1) / most, width = vectors * P::LANES;
  for (long block = 0, first = 0; block < blocks; block++) {
    const long ending = rows * (block + 1) / blocks;
    tile_for<P>(vectors, static_cast<int>(ending - first))(sums, width, start, sources, count, first);
    for (long row = first; row < ending; row++) then(row, sums + (row - first) * width);
    first = ending;
  }
}

// ---- sums over rows: C[m][n] = sum over rows of A[row][m] B[row][n] ---------------------------------------------------

// Rows -> [panel of LANES columns][step][lane][PAIR], so that PAIR rows lie side by side; a missing row is zero.
template <class P>
void pack_rows(typename P::Store* out, const typename P::Store* rows, long stride, long count, long columns) {
  const long steps = (count + P::PAIR - 1) / P::PAIR, panels = columns / P::LANES;
  for (long step = 0; step < steps; step++) {
    const typename P::Store* a = rows + step * P::PAIR * stride;
    const bool is_whole = (step + 1) * P::PAIR <= count;
    for (long panel = 0; panel < panels; panel++) {
      const typename P::Store* from = a + panel * P::LANES;
      P::side_by_side(out + (panel * steps + step) * P::LANES * P::PAIR, from, is_whole ? from + stride : nullptr);
    }
  }
}

template <class P>
constexpr int OUTER_ROWS = P::REGISTERS == 32 ? 8 : 4;

template <class P, int VECTORS>
__attribute__((noinline)) void outer_tile(typename P::Real* c, long stride, const typename P::Store* a,
                                          const typename P::Store* b, long steps, bool is_first) {
  constexpr int ROWS = OUTER_ROWS<P>;
  typename P::Vec sums[ROWS][VECTORS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; j++) sums[r][j] = is_first ? P::all(0) : P::load(c + r * stride + j * P::LANES);
  }
  for (long step = 0; step < steps; step++) {
    typename P::Word w[VECTORS];
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; j++) w[j] = P::words(b + (j * steps + step) * P::LANES * P::PAIR);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      typename P::Word x = P::broadcast(a + step * P::LANES * P::PAIR + r * P::PAIR);
#pragma GCC unroll 4
      for (int j = 0; j < VECTORS; j++) sums[r][j] = P::dot(sums[r][j], x, w[j]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; j++) P::store(c + r * stride + j * P::LANES, sums[r][j]);
  }
}

template <class P>
struct OuterBuffers {
  Buffer<typename P::Store> a, b;
  Buffer<typename P::Real> c;
};

// `m` and `n`: columns of A and B, multiples of LANES; of A only `needed` are. The result has row stride n.
template <class P>
const typename P::Real* outer_sum(OuterBuffers<P>& buffers, const typename P::Store* A, long m, long needed,
                                  const typename P::Store* B, long n, long rows) {
  constexpr int ROWS = OUTER_ROWS<P>, LANES = P::LANES;
  // a chunk of B stays in the second-level cache while all of A goes by
  const long fits = 400 * 1024 / (n * static_cast<long>(sizeof(typename P::Store)));
  const long chunk = std::min<long>(std::max<long>(std::min<long>(1024, fits), 32), rows + 1) / 2 * 2;
  typename P::Store *a = buffers.a.get(chunk * m), *b = buffers.b.get(chunk * n);
  typename P::Real* c = buffers.c.get(m * n);
  const long panels = n / LANES;
  for (long start = 0; start < rows; start += chunk) {
    const long count = std::min(chunk, rows - start), steps = (count + P::PAIR - 1) / P::PAIR;
    pack_rows<P>(a, A + start * m, m, count, m);
    pack_rows<P>(b, B + start * n, n, count, n);
    for (long row = 0; row < needed; row += ROWS) {
      const typename P::Store* from = a + (row / LANES * steps * LANES + row % LANES) * P::PAIR;
      for (long panel = 0; panel < panels;) {
        const long left = panels - panel, width = left == 4 ? 2 : std::min<long>(left, 3);
        auto run = width == 3 ? outer_tile<P, 3> : width == 2 ? outer_tile<P, 2> : outer_tile<P, 1>;
        run(c + row * n + panel * LANES, n, from, b + panel * steps * LANES * P::PAIR, steps, start == 0);
        panel += width;
      }
    }
  }
  return c;
}

}  // namespace rnnscope
