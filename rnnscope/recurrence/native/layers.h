// One recurrent layer over a window: forward, and back in time. Knows no decoder and no loss.
#pragma once
#include <type_traits>

#include "cells.h"
#include "packing.h"

namespace rnnscope {

enum Cell { RNN = 0, LSTM = 1, GRU = 2, GRU_2015 = 3 };

struct Shape {
  int32_t cell, layers, hidden, symbols, steps, streams;
};

// How a cell's gates and drive (the input's share of them) lie in memory, and which weight rows they are.
struct Plan {
  Layout gates, wide;
  int lanes, padded, drive_width;
  std::vector<int> hidden_rows;                    // positions of `gates` -> rows of W_hidden and W_input
  std::vector<int> new_rows;                       // gru-2015: rows of W for n, which has a product of its own
  std::vector<int> drive_input, drive_hidden;      // positions of the drive -> rows of W_input, of the hidden bias
  std::vector<Span> gate_spans, unit_spans;

  // gru keeps the drive of n and the hidden bias of n apart, since the reset multiplies only one of them
  Plan(int cell, int units, int lanes)
      : gates(units, cell == LSTM ? 4 : cell == GRU ? 3 : cell == GRU_2015 ? 2 : 1, lanes),
        wide(units, cell == GRU ? 4 : gates.gates, lanes),
        lanes(lanes),
        padded((units + lanes - 1) / lanes * lanes) {
    gate_spans = spans_of(gates);
    unit_spans = spans_of(padded / lanes, lanes);
    if (cell == RNN) gate_spans = unit_spans;
    hidden_rows = gates.rows({0, 1, 2, 3});
    drive_input = cell == GRU ? wide.rows({0, 1, -1, 2}) : hidden_rows;
    drive_hidden = cell == GRU ? wide.rows({0, 1, 2, -1}) : hidden_rows;
    if (cell == GRU_2015) {
      new_rows.assign(padded, -1);
      for (int unit = 0; unit < units; unit++) new_rows[unit] = 2 * units + unit;
      drive_input.insert(drive_input.end(), new_rows.begin(), new_rows.end());
      drive_hidden = drive_input;
    }
    drive_width = static_cast<int>(drive_input.size());
  }
};

// Everything of one layer that lives through a window.
template <class P>
struct LayerSpace {
  using Real = typename P::Real;
  Buffer<typename P::Store> there, back, in_there, in_back;                  // W_hidden, W_input
  Buffer<typename P::Store> new_there, new_back, new_in_there, new_in_back;  // gru-2015: their rows for n
  Buffer<typename P::Store> hidden, dropped, kept_state, reset, d, d_in, d_new;
  Buffer<typename P::Keep> kept;
  Buffer<Real> drive, step_drive, d_drive, state, d_state, from_above;
};

// What comes back into a layer from above it, as one product or two.
template <class P>
struct Above {
  struct Branch {
    const typename P::Store *rows, *packed;
    int width;
  };
  std::vector<Branch> branches;
  const uint8_t* kept;  // dropout of this layer's output, (T, B, H); none: null
  typename P::Real kept_scale;
};

template <class P>
struct LayerRun {
  using Real = typename P::Real;
  using Store = typename P::Store;
  using Vec = typename P::Vec;
  static constexpr int L = P::LANES, PAIR = P::PAIR;

  const Plan& plan;
  LayerSpace<P>& space;
  int steps, streams, units;
  const int32_t* ids;   // (T, B): the first layer's
  const Store* below;   // (T, B, padded): what later layers read; null in the first
  const Real* zeros;    // as many as a row can need
  bool keeps;

  long at(long step) const { return step * streams; }
  long kept_at(long step, long row) const { return (keeps ? step : 0) * streams + row; }
  int panels() const { return plan.padded / L; }
  Store* hidden(long step) const { return space.hidden.data() + at(step) * plan.padded; }
  const Real* drive_row(long step, long row) const {
    return space.drive.data() + (ids ? ids[at(step) + row] : 0L) * plan.drive_width;
  }
  Real* d_drive_row(long step, long row) const {
    return space.d_drive.data() + (ids ? ids[at(step) + row] : 0L) * plan.drive_width;
  }
  Start<P> drive(long step, int start) const {
    return {space.drive.data() + start, ids ? ids + at(step) : nullptr, ids ? plan.drive_width : 0L};
  }
  Source<P> from(const Store* rows, int columns, const Buffer<Store>& packed, const Span& span, int width) const {
    const int count = steps_of(width, PAIR);
    return {rows, columns, packed.data() + static_cast<long>(span.start) * count * PAIR, count};
  }
  Source<P> from_hidden(long step, const Buffer<Store>& packed, const Span& span) const {
    return from(hidden(step), plan.padded, packed, span, units);
  }
  Source<P> from_below(long step, const Buffer<Store>& packed, const Span& span) const {
    return from(below + at(step) * plan.padded, plan.padded, packed, span, units);
  }

  // `body` with the distance between a panel's gates as a constant.
  template <class Body>
  void with_width(int panel, const Body& body) const {
    if (panel < plan.gates.whole) body(std::integral_constant<int, L>());
    else if (plan.gates.tail_width * 2 == L) body(std::integral_constant<int, L / 2>());
    else body(std::integral_constant<int, L / 4>());
  }

  // The gradient of h at a step, a span of units at a time: from above, from the step after, from `carried` if any.
  template <class Then>
  void back_into(long step, const Above<P>& above, const Source<P>* after, int many, const Span& span,
                 const Real* carried, const Then& then) const {
    Source<P> sources[3];
    int from_above = 0;
    for (const auto& branch : above.branches) {
      const int count = steps_of(branch.width, PAIR);
      sources[from_above++] = {branch.rows + at(step) * branch.width, branch.width,
                               branch.packed + static_cast<long>(span.start) * count * PAIR, count};
    }
    for (int i = 0; i < many; i++) sources[from_above + i] = after[i];
    const Start<P> nothing{zeros, nullptr, 0};
    const Start<P> start = carried ? Start<P>{carried + span.start, nullptr, plan.padded} : nothing;
    if (!above.kept) {
      product<P>(span.vectors, streams, start, sources, from_above + many, then);
      return;
    }
    Real* masked = space.from_above.data();
    product<P>(span.vectors, streams, nothing, sources, from_above, [&](long row, const Real* sums) {
      const uint8_t* kept = above.kept + (at(step) + row) * units + span.start;
      const Real* first = start.of(row);
      Real* out = masked + row * plan.padded + span.start;
      const int width = span.vectors * L, used = std::min(width, units - span.start);
      for (int unit = 0; unit < used; unit++) out[unit] = sums[unit] * (kept[unit] ? above.kept_scale : 0) + first[unit];
      for (int unit = used; unit < width; unit++) out[unit] = 0;
    });
    product<P>(span.vectors, streams, Start<P>{masked + span.start, nullptr, plan.padded}, sources + from_above, many,
               then);
  }

  // d of the next step through W_hidden, where there is a next step.
  int after(long step, const Buffer<Store>& d, const Buffer<Store>& packed, int width, const Span& span,
            Source<P>* out) const {
    if (step + 1 == steps) return 0;
    *out = from(d.data() + at(step + 1) * width, width, packed, span, width);
    return 1;
  }

  Store* d_panel(const Buffer<Store>& d, long step, long row, int panel) const {
    const Layout& gates = plan.gates;
    Store* to = d.data() + (at(step) + row) * gates.width + gates.start(panel);
    if (panel >= gates.whole && gates.is_padded()) P::put(to + (gates.tail - 1) * L, P::all(0));
    return to;
  }

  // ---- rnn ---------------------------------------------------------------------------------------------------------

  void rnn_forward() const {
    for (long step = 0; step < steps; step++)
      for (const Span& span : plan.unit_spans) {
        Source<P> sources[2] = {from_hidden(step, space.there, span)};
        if (below) sources[1] = from_below(step, space.in_there, span);
        Store* out = hidden(step + 1) + span.start;
        product<P>(span.vectors, streams, drive(step, span.start), sources, below ? 2 : 1,
                   [&](long row, const Real* sums) {
                     for (int j = 0; j < span.vectors; j++)
                       P::put(out + row * plan.padded + j * L, tanh<P>(P::load(sums + j * L)));
                   });
      }
  }

  void rnn_backward(const Above<P>& above) const {
    for (long step = steps - 1; step >= 0; step--)
      for (const Span& span : plan.unit_spans) {
        Source<P> next[1];
        const int many = after(step, space.d, space.back, plan.padded, span, next);
        back_into(step, above, next, many, span, nullptr, [&](long row, const Real* sums) {
          const Store* h = hidden(step + 1) + row * plan.padded + span.start;
          Store* d = space.d.data() + (at(step) + row) * plan.padded + span.start;
          Real* d_drive = d_drive_row(step, row) + span.start;
          for (int j = 0; j < span.vectors; j++)
            rnn_back<P>(P::load(sums + j * L), P::get(h + j * L), d + j * L, d_drive + j * L);
        });
      }
  }

  // ---- lstm --------------------------------------------------------------------------------------------------------

  static constexpr int LSTM_SLOTS = 5;
  typename P::Keep* kept(long step, long row, int panel, int slots) const {
    return space.kept.data() + (kept_at(step, row) * panels() + panel) * slots * L;
  }
  Store* kept_state(long step, long row, int panel) const {
    return space.kept_state.data() + kept_at(step, row) * plan.padded + panel * L;
  }

  void lstm_forward() const {
    for (long step = 0; step < steps; step++)
      for (int panel = 0; panel < panels(); panel++) {
        const Span& span = plan.gate_spans[panel];
        Source<P> sources[2] = {from_hidden(step, space.there, span)};
        if (below) sources[1] = from_below(step, space.in_there, span);
        Store* out = hidden(step + 1) + panel * L;
        Real* cells = space.state.data() + panel * L;
        with_width(panel, [&](auto width) {
          product<P>(span.vectors, streams, drive(step, span.start), sources, below ? 2 : 1,
                     [&](long row, const Real* sums) {
                       lstm_there<P, decltype(width)::value>(sums, cells + row * plan.padded,
                                                            kept(step, row, panel, LSTM_SLOTS),
                                                            kept_state(step + 1, row, panel), out + row * plan.padded);
                     });
        });
      }
  }

  void lstm_backward(const Above<P>& above) const {
    for (long step = steps - 1; step >= 0; step--)
      for (const Span& span : plan.unit_spans) {
        Source<P> next[1];
        const int many = after(step, space.d, space.back, plan.gates.width, span, next);
        back_into(step, above, next, many, span, nullptr, [&](long row, const Real* sums) {
          Real* d_cell = space.d_state.data() + row * plan.padded + span.start;
          Real* d_drive = d_drive_row(step, row);
          for (int j = 0; j < span.vectors; j++) {
            const int panel = span.start / L + j;
            with_width(panel, [&](auto width) {
              lstm_back<P, decltype(width)::value>(
                  P::load(sums + j * L), kept(step, row, panel, LSTM_SLOTS), P::get(kept_state(step, row, panel)),
                  d_cell + j * L, d_panel(space.d, step, row, panel), d_drive + plan.gates.start(panel));
            });
          }
        });
      }
  }

  // ---- gru: the reset comes after the product ------------------------------------------------------------------------

  static constexpr int GRU_SLOTS = 3;

  // A later layer's drive at one step: r, z, the hidden bias of n, and n's own drive, which no sum may join.
  void gru_drive(long step) const {
    const Real* bias = space.drive.data();
    for (int panel = 0; panel < panels(); panel++) {
      const Span& span = plan.gate_spans[panel];
      Source<P> source = from_below(step, space.in_there, span);
      const int start = plan.wide.start(panel);
      with_width(panel, [&](auto constant) {
        constexpr int W = decltype(constant)::value;
        product<P>(span.vectors, streams, Start<P>{zeros, nullptr, 0}, &source, 1, [&](long row, const Real* sums) {
          Real* to = space.step_drive.data() + row * plan.drive_width + start;
          for (int lane = 0; lane < W; lane++) {
            to[lane] = sums[lane] + bias[start + lane];
            to[W + lane] = sums[W + lane] + bias[start + W + lane];
            to[2 * W + lane] = bias[start + 2 * W + lane];
            to[3 * W + lane] = sums[2 * W + lane] + bias[start + 3 * W + lane];
          }
        });
      });
    }
  }

  void gru_forward() const {
    for (long step = 0; step < steps; step++) {
      if (below) gru_drive(step);
      for (int panel = 0; panel < panels(); panel++) {
        const Span& span = plan.gate_spans[panel];
        const int start = plan.wide.start(panel);
        Source<P> source = from_hidden(step, space.there, span);
        const Start<P> begin = below ? Start<P>{space.step_drive.data() + start, nullptr, plan.drive_width}
                                     : drive(step, start);
        Store* out = hidden(step + 1) + panel * L;
        Real* state = space.state.data() + panel * L;
        with_width(panel, [&](auto width) {
          product<P>(span.vectors, streams, begin, &source, 1, [&](long row, const Real* sums) {
            gru_there<P, decltype(width)::value>(sums, begin.of(row), state + row * plan.padded,
                                                 kept(step, row, panel, GRU_SLOTS), kept_state(step, row, panel),
                                                 out + row * plan.padded);
          });
        });
      }
    }
  }

  void gru_backward(const Above<P>& above) const {
    for (long step = steps - 1; step >= 0; step--)
      for (const Span& span : plan.unit_spans) {
        Source<P> next[1];
        const int many = after(step, space.d, space.back, plan.gates.width, span, next);
        back_into(step, above, next, many, span, space.d_state.data(), [&](long row, const Real* sums) {
          const Store* before = hidden(step) + row * plan.padded + span.start;
          Real* d_state = space.d_state.data() + row * plan.padded + span.start;
          Real* d_drive = d_drive_row(step, row);
          for (int j = 0; j < span.vectors; j++) {
            const int panel = span.start / L + j;
            with_width(panel, [&](auto width) {
              gru_back<P, decltype(width)::value>(
                  P::load(sums + j * L), kept(step, row, panel, GRU_SLOTS), P::get(kept_state(step, row, panel)),
                  P::get(before + j * L), d_state + j * L, d_panel(space.d, step, row, panel),
                  below ? d_panel(space.d_in, step, row, panel) : nullptr, d_drive + plan.wide.start(panel));
            });
          }
        });
      }
  }

  // ---- gru-2015: the reset comes before the product --------------------------------------------------------------------

  Store* reset(long step) const { return space.reset.data() + at(keeps ? step : 0) * plan.padded; }

  void gru_2015_forward() const {
    for (long step = 0; step < steps; step++) {
      Real* state = space.state.data();
      for (int panel = 0; panel < panels(); panel++) {
        const Span& span = plan.gate_spans[panel];
        Source<P> sources[2] = {from_hidden(step, space.there, span)};
        if (below) sources[1] = from_below(step, space.in_there, span);
        with_width(panel, [&](auto width) {
          product<P>(span.vectors, streams, drive(step, span.start), sources, below ? 2 : 1,
                     [&](long row, const Real* sums) {
                       gru_2015_gates<P, decltype(width)::value>(sums, state + row * plan.padded + panel * L,
                                                                kept(step, row, panel, GRU_SLOTS),
                                                                reset(step) + row * plan.padded + panel * L);
                     });
        });
      }
      for (const Span& span : plan.unit_spans) {
        Source<P> sources[2] = {from(reset(step), plan.padded, space.new_there, span, units)};
        if (below) sources[1] = from_below(step, space.new_in_there, span);
        product<P>(span.vectors, streams, drive(step, plan.gates.width + span.start), sources, below ? 2 : 1,
                   [&](long row, const Real* sums) {
                     const long unit = row * plan.padded + span.start;
                     for (int j = 0; j < span.vectors; j++)
                       gru_2015_there<P>(P::load(sums + j * L), state + unit + j * L,
                                         kept(step, row, span.start / L + j, GRU_SLOTS),
                                         hidden(step + 1) + unit + j * L);
                   });
      }
    }
  }

  void gru_2015_backward(const Above<P>& above) const {
    Real* d_state = space.d_state.data();
    for (long step = steps - 1; step >= 0; step--) {
      for (const Span& span : plan.unit_spans) {
        Source<P> next[1];
        const int many = after(step, space.d, space.back, plan.gates.width, span, next);
        back_into(step, above, next, many, span, d_state, [&](long row, const Real* sums) {
          const long unit = row * plan.padded + span.start;
          Real* d_drive = d_drive_row(step, row);
          for (int j = 0; j < span.vectors; j++) {
            const int panel = span.start / L + j;
            with_width(panel, [&](auto width) {
              gru_2015_back<P, decltype(width)::value>(
                  P::load(sums + j * L), kept(step, row, panel, GRU_SLOTS), P::get(hidden(step) + unit + j * L),
                  d_state + unit + j * L, d_panel(space.d, step, row, panel),
                  space.d_new.data() + at(step) * plan.padded + unit + j * L, d_drive + plan.gates.start(panel),
                  d_drive + plan.gates.width + panel * L);
            });
          }
        });
      }
      for (const Span& span : plan.unit_spans) {
        Source<P> source =
            from(space.d_new.data() + at(step) * plan.padded, plan.padded, space.new_back, span, plan.padded);
        product<P>(span.vectors, streams, Start<P>{zeros, nullptr, 0}, &source, 1, [&](long row, const Real* sums) {
          const long unit = row * plan.padded + span.start;
          for (int j = 0; j < span.vectors; j++) {
            const int panel = span.start / L + j;
            const Layout& gates = plan.gates;
            with_width(panel, [&](auto width) {
              gru_2015_reset_back<P, decltype(width)::value>(
                  P::load(sums + j * L), kept(step, row, panel, GRU_SLOTS), P::get(hidden(step) + unit + j * L),
                  d_state + unit + j * L, space.d.data() + (at(step) + row) * gates.width + gates.start(panel),
                  d_drive_row(step, row) + gates.start(panel));
            });
          }
        });
      }
    }
  }
};

}  // namespace rnnscope
