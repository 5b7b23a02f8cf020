// Where gates and units lie in memory, and PyTorch's weight matrices in that order and back.
#pragma once
#include "products.h"

namespace rnnscope {

// A row of stacked gates in panels: all gates of LANES units side by side, so that one register tile holds everything
// that a unit's arithmetic needs. The last units, if few, share registers: their gates are a half or a quarter
// register apart, so that 84 units cost 84 and not 96.
struct Layout {
  int units, gates, lanes, whole, tail, tail_width, width;

  Layout(int units, int gates, int lanes) : units(units), gates(gates), lanes(lanes) {
    int left = units % lanes;
    tail_width = left == 0 ? 0 : left <= lanes / 4 ? lanes / 4 : left <= lanes / 2 ? lanes / 2 : 0;
    whole = units / lanes + (left && !tail_width);
    tail = (gates * tail_width + lanes - 1) / lanes;
    width = (whole * gates + tail) * lanes;
  }
  int panels() const { return whole + (tail_width ? 1 : 0); }
  int start(int panel) const { return panel * gates * lanes; }
  int vectors(int panel) const { return panel < whole ? gates : tail; }
  // Lanes at the end of a row that belong to no gate, in its last register.
  bool is_padded() const { return gates * tail_width % lanes != 0; }

  // Position -> row of a stacked matrix whose block for gate g is blocks[g]; -1 where there is none.
  std::vector<int> rows(const std::vector<int>& blocks) const {
    std::vector<int> row(width, -1);
    for (int unit = 0; unit < units; unit++)
      for (int gate = 0; gate < gates; gate++) {
        int panel = unit / lanes, lane = unit % lanes, apart = panel < whole ? lanes : tail_width;
        if (blocks[gate] >= 0) row[start(panel) + gate * apart + lane] = blocks[gate] * units + unit;
      }
    return row;
  }
};

// Positions that one register tile covers: `vectors` registers from `start` on.
struct Span {
  int start, vectors;
};

inline std::vector<Span> spans_of(const Layout& layout) {
  std::vector<Span> spans;
  for (int panel = 0; panel < layout.panels(); panel++) spans.push_back({layout.start(panel), layout.vectors(panel)});
  return spans;
}

// Registers of plain numbers in groups of up to four, as even as can be.
inline std::vector<Span> spans_of(int vectors, int lanes) {
  std::vector<Span> spans;
  const int many = (vectors + 3) / 4;
  for (int i = 0, first = 0; i < many; i++) {
    const int count = vectors / many + (i < vectors % many);
    spans.push_back({first * lanes, count});
    first += count;
  }
  return spans;
}

inline int steps_of(int numbers, int pair) { return (numbers + pair - 1) / pair; }

// A square of numbers as they are stored, which stays in registers and the first-level cache while it is turned over.
template <class P>
struct Square {
  static constexpr int SIDE = 16;
  alignas(64) typename P::Store numbers[SIDE][SIDE * P::PAIR];  // SIDE rows of PAIRs

  // A row of it from SIDE x PAIR numbers.
  void take(int row, const typename P::Real* from) {
    for (int i = 0; i < SIDE * P::PAIR; i += P::LANES) P::put(numbers[row] + i, P::load(from + i));
  }
  void clear(int row) { memset(numbers[row], 0, sizeof numbers[row]); }
  // PAIR number `at` of rows `first` ... `first + LANES - 1`, side by side.
  void give(int at, int first, typename P::Store* to) const {
    for (int lane = 0; lane < P::LANES; lane++)
      memcpy(to + lane * P::PAIR, numbers[first + lane] + at * P::PAIR, P::PAIR * sizeof(typename P::Store));
  }
};

// W (rows x columns) -> one tile a span of positions, [step over columns][position][PAIR]; position p is row rows[p].
// A span's tile begins at start * steps * PAIR.
template <class P>
void pack(Buffer<typename P::Store>& buffer, const typename P::Real* W, int columns, const std::vector<int>& rows,
          const std::vector<Span>& spans) {
  constexpr int PAIR = P::PAIR, L = P::LANES, SIDE = Square<P>::SIDE;
  const int steps = steps_of(columns, PAIR), even = columns / (SIDE * PAIR) * SIDE;  // steps in whole squares
  typename P::Store* out = buffer.zeroed(rows.size() * steps * PAIR);
  Square<P> square;
  for (const Span& span : spans) {
    const int width = span.vectors * L;
    for (int first = 0; first < width; first += L) {
      typename P::Store* to = out + static_cast<long>(span.start) * steps * PAIR + first * PAIR;
      const int* row = rows.data() + span.start + first;
      for (int step = 0; step < even; step += SIDE) {
        for (int lane = 0; lane < L; lane++)
          if (row[lane] < 0) square.clear(lane);
          else square.take(lane, W + static_cast<long>(row[lane]) * columns + step * PAIR);
        for (int i = 0; i < SIDE; i++) square.give(i, 0, to + static_cast<long>(step + i) * width * PAIR);
      }
      for (int column = even * PAIR; column < columns; column++)
        for (int lane = 0; lane < L; lane++)
          if (row[lane] >= 0)
            to[(static_cast<long>(column / PAIR) * width + lane) * PAIR + column % PAIR] =
                P::stored(W[static_cast<long>(row[lane]) * columns + column]);
    }
  }
}

// The way back through W: one tile a span of columns, [step over positions][column][PAIR].
template <class P>
void pack_back(Buffer<typename P::Store>& buffer, const typename P::Real* W, int columns, const std::vector<int>& rows,
               const std::vector<Span>& spans) {
  constexpr int PAIR = P::PAIR, L = P::LANES;
  const int padded = spans.back().start + spans.back().vectors * L;
  const int positions = static_cast<int>(rows.size()), steps = steps_of(positions, PAIR);
  typename P::Store* out = buffer.zeroed(static_cast<size_t>(padded) * steps * PAIR);
  alignas(64) typename P::Store side_by_side[PAIR][L] = {};
  for (const Span& span : spans) {
    const int width = span.vectors * L, used = std::min(columns - span.start, width);
    for (int step = 0; step < steps; step++) {
      typename P::Store* to = out + (static_cast<long>(span.start) * steps + static_cast<long>(step) * width) * PAIR;
      for (int first = 0; first < used; first += L) {
        const int count = std::min(L, used - first);
        for (int e = 0; e < PAIR; e++) {
          const int position = step * PAIR + e, row = position < positions ? rows[position] : -1;
          const typename P::Real* from = W + static_cast<long>(row) * columns + span.start + first;
          if (row < 0) memset(side_by_side[e], 0, sizeof side_by_side[e]);
          else if (count == L) P::put(side_by_side[e], P::load(from));
          else
            for (int i = 0; i < count; i++) side_by_side[e][i] = P::stored(from[i]);
        }
        for (int i = 0; i < count; i++)
          for (int e = 0; e < PAIR; e++) to[(first + i) * PAIR + e] = side_by_side[e][i];
      }
    }
  }
}

inline std::vector<int> plain_rows(int count, int padded) {
  std::vector<int> rows(padded, -1);
  for (int row = 0; row < count; row++) rows[row] = row;
  return rows;
}

// The sum over time of d (rows x D's layout) times what came in (rows x units, padded): a gradient in PyTorch's order.
// Whichever factor wastes less as the vector side is that side.
template <class P>
void weight_gradient(OuterBuffers<P>& buffers, typename P::Real* gradient, int columns, const typename P::Store* d,
                     const std::vector<int>& rows, int used, const typename P::Store* inputs, int padded, long count) {
  constexpr int ROWS = OUTER_ROWS<P>;
  auto up = [](long x) { return (x + ROWS - 1) / ROWS * ROWS; };
  const int width = static_cast<int>(rows.size());
  if (up(used) * padded <= up(columns) * width) {
    const typename P::Real* c = outer_sum<P>(buffers, d, width, used, inputs, padded, count);
    for (int position = 0; position < width; position++)
      if (rows[position] >= 0)
        memcpy(gradient + static_cast<long>(rows[position]) * columns, c + static_cast<long>(position) * padded,
               columns * sizeof(typename P::Real));
    return;
  }
  const typename P::Real* c = outer_sum<P>(buffers, inputs, padded, columns, d, width, count);
  constexpr int SQUARE = 16;  // a square of the transposition stays in the first-level cache
  for (int start = 0; start < columns; start += SQUARE)
    for (int position = 0; position < width; position++) {
      if (rows[position] < 0) continue;
      typename P::Real* to = gradient + static_cast<long>(rows[position]) * columns;
      for (int column = start; column < std::min(start + SQUARE, columns); column++)
        to[column] = c[static_cast<long>(column) * width + position];
    }
}

}  // namespace rnnscope
