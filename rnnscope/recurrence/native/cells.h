// The arithmetic of one unit panel of one row, there and back, for every cell. Formulas: recurrence/cells.py.
//
// `sums` holds the gates' pre-activations WIDTH apart; `kept` what the way back needs, one register a slot. Lanes beyond
// the units are zero in every state and every gradient, by zero weights and drives.
#pragma once
#include "lanes.h"

namespace rnnscope {

template <class P, int WIDTH>
RNNSCOPE_INLINE void lstm_there(const typename P::Real* sums, typename P::Real* cell, typename P::Keep* kept,
                                typename P::Store* kept_cell, typename P::Store* hidden) {
  using Vec = typename P::Vec;
  constexpr int L = P::LANES;
  Vec i = sigmoid<P>(load_part<P, WIDTH>(sums)), f = sigmoid<P>(load_part<P, WIDTH>(sums + WIDTH));
  Vec g = tanh<P>(load_part<P, WIDTH>(sums + 2 * WIDTH)), o = sigmoid<P>(load_part<P, WIDTH>(sums + 3 * WIDTH));
  Vec c = f * P::load(cell) + i * g, squashed = tanh<P>(c);
  P::store(cell, c);
  P::put(hidden, o * squashed);
  P::keep(kept, i);
  P::keep(kept + L, f);
  P::keep(kept + 2 * L, g);
  P::keep(kept + 3 * L, o);
  P::keep(kept + 4 * L, squashed);
  P::put(kept_cell, c);
}

// `d_cell`: gradient of c from the next step in, from this step out. `d`: of the pre-activations.
template <class P, int WIDTH>
RNNSCOPE_INLINE void lstm_back(typename P::Vec d_hidden, const typename P::Keep* kept, typename P::Vec cell_before,
                               typename P::Real* d_cell, typename P::Store* d, typename P::Real* d_drive) {
  using Vec = typename P::Vec;
  constexpr int L = P::LANES;
  const Vec one = P::all(1), i = P::recall(kept), f = P::recall(kept + L), g = P::recall(kept + 2 * L);
  const Vec o = P::recall(kept + 3 * L), squashed = P::recall(kept + 4 * L);
  Vec through_o = d_hidden * o, d_c = P::load(d_cell) + (through_o - through_o * squashed * squashed);
  Vec d_ci = d_c * i, d_cf = d_c * f;
  P::store(d_cell, d_cf);
  Vec d_i = d_ci * g * (one - i), d_f = d_cf * cell_before * (one - f);
  Vec d_g = d_ci - d_ci * g * g, d_o = through_o * squashed * (one - o);
  put_part<P, WIDTH>(d, d_i);
  put_part<P, WIDTH>(d + WIDTH, d_f);
  put_part<P, WIDTH>(d + 2 * WIDTH, d_g);
  put_part<P, WIDTH>(d + 3 * WIDTH, d_o);
  add_part<P, WIDTH>(d_drive, d_i);
  add_part<P, WIDTH>(d_drive + WIDTH, d_f);
  add_part<P, WIDTH>(d_drive + 2 * WIDTH, d_g);
  add_part<P, WIDTH>(d_drive + 3 * WIDTH, d_o);
}

// `sums`: r, z and W_n h + b_n; `drive`: the input's share, n in its fourth place.
template <class P, int WIDTH>
RNNSCOPE_INLINE void gru_there(const typename P::Real* sums, const typename P::Real* drive, typename P::Real* state,
                               typename P::Keep* kept, typename P::Store* kept_inner, typename P::Store* hidden) {
  using Vec = typename P::Vec;
  constexpr int L = P::LANES;
  Vec r = sigmoid<P>(load_part<P, WIDTH>(sums)), z = sigmoid<P>(load_part<P, WIDTH>(sums + WIDTH));
  Vec inner = load_part<P, WIDTH>(sums + 2 * WIDTH);
  Vec n = tanh<P>(r * inner + load_part<P, WIDTH>(drive + 3 * WIDTH));
  Vec h = z * (P::load(state) - n) + n;
  P::store(state, h);
  P::put(hidden, h);
  P::keep(kept, r);
  P::keep(kept + L, z);
  P::keep(kept + 2 * L, n);
  P::put(kept_inner, inner);
}

// `d`: of r, z and the inner product; `d_in`, where there is one: of r, z and n's drive. d_drive: r, z, inner, n.
template <class P, int WIDTH>
RNNSCOPE_INLINE void gru_back(typename P::Vec d_hidden, const typename P::Keep* kept, typename P::Vec inner,
                              typename P::Vec before, typename P::Real* d_state, typename P::Store* d,
                              typename P::Store* d_in, typename P::Real* d_drive) {
  using Vec = typename P::Vec;
  constexpr int L = P::LANES;
  const Vec one = P::all(1), r = P::recall(kept), z = P::recall(kept + L), n = P::recall(kept + 2 * L);
  Vec carried = d_hidden * z;
  P::store(d_state, carried);
  Vec d_n = (d_hidden - carried) * (one - n * n), d_z = carried * (one - z) * (before - n);
  Vec d_inner = d_n * r, d_r = d_inner * inner * (one - r);
  put_part<P, WIDTH>(d, d_r);
  put_part<P, WIDTH>(d + WIDTH, d_z);
  put_part<P, WIDTH>(d + 2 * WIDTH, d_inner);
  if (d_in) {
    put_part<P, WIDTH>(d_in, d_r);
    put_part<P, WIDTH>(d_in + WIDTH, d_z);
    put_part<P, WIDTH>(d_in + 2 * WIDTH, d_n);
  }
  add_part<P, WIDTH>(d_drive, d_r);
  add_part<P, WIDTH>(d_drive + WIDTH, d_z);
  add_part<P, WIDTH>(d_drive + 2 * WIDTH, d_inner);
  add_part<P, WIDTH>(d_drive + 3 * WIDTH, d_n);
}

// The 2015 paper's reset comes before the product: r and z first, then n from r * h.
template <class P, int WIDTH>
RNNSCOPE_INLINE void gru_2015_gates(const typename P::Real* sums, const typename P::Real* state,
                                    typename P::Keep* kept, typename P::Store* reset) {
  typename P::Vec r = sigmoid<P>(load_part<P, WIDTH>(sums)), z = sigmoid<P>(load_part<P, WIDTH>(sums + WIDTH));
  P::put(reset, r * P::load(state));
  P::keep(kept, r);
  P::keep(kept + P::LANES, z);
}

template <class P>
RNNSCOPE_INLINE void gru_2015_there(typename P::Vec pre_n, typename P::Real* state, typename P::Keep* kept,
                                    typename P::Store* hidden) {
  using Vec = typename P::Vec;
  Vec n = tanh<P>(pre_n), z = P::recall(kept + P::LANES), before = P::load(state);
  Vec h = before + z * (n - before);
  P::keep(kept + 2 * P::LANES, n);
  P::store(state, h);
  P::put(hidden, h);
}

// What is known before W_n is gone back through: the gradients of n and z, and of h where it was kept.
template <class P, int WIDTH>
RNNSCOPE_INLINE void gru_2015_back(typename P::Vec d_hidden, const typename P::Keep* kept, typename P::Vec before,
                                   typename P::Real* d_state, typename P::Store* d_rz, typename P::Store* d_n,
                                   typename P::Real* d_drive_rz, typename P::Real* d_drive_n) {
  using Vec = typename P::Vec;
  const Vec one = P::all(1), z = P::recall(kept + P::LANES), n = P::recall(kept + 2 * P::LANES);
  Vec written = d_hidden * z, of_n = written * (one - n * n), of_z = written * (one - z) * (n - before);
  P::store(d_state, d_hidden - written);
  P::put(d_n, of_n);
  P::store(d_drive_n, P::load(d_drive_n) + of_n);
  put_part<P, WIDTH>(d_rz + WIDTH, of_z);
  add_part<P, WIDTH>(d_drive_rz + WIDTH, of_z);
}

// `d_reset`: gradient of r * h, from W_n.
template <class P, int WIDTH>
RNNSCOPE_INLINE void gru_2015_reset_back(typename P::Vec d_reset, const typename P::Keep* kept,
                                         typename P::Vec before, typename P::Real* d_state, typename P::Store* d_rz,
                                         typename P::Real* d_drive_rz) {
  using Vec = typename P::Vec;
  const Vec r = P::recall(kept);
  Vec through = d_reset * r;
  P::store(d_state, P::load(d_state) + through);
  Vec of_r = through * before * (P::all(1) - r);
  put_part<P, WIDTH>(d_rz, of_r);
  add_part<P, WIDTH>(d_drive_rz, of_r);
}

template <class P>
RNNSCOPE_INLINE void rnn_back(typename P::Vec d_hidden, typename P::Vec hidden, typename P::Store* d,
                              typename P::Real* d_drive) {
  typename P::Vec d_pre = d_hidden * (P::all(1) - hidden * hidden);
  P::put(d, d_pre);
  P::store(d_drive, P::load(d_drive) + d_pre);
}

}  // namespace rnnscope
