// The whole network over one window on one core: loss and every gradient, or log-probabilities. The doors, for C.
//
// One library a precision (-DRNNSCOPE_BFLOAT16, -DRNNSCOPE_FLOAT32, -DRNNSCOPE_FLOAT64); weights, states and
// gradients are in its Real. A workspace holds all memory between calls and serves one call at a time; calls with
// workspaces of their own may run at once.
#include <memory>

#include "decoder.h"
#include "layers.h"
#include "muon.h"

namespace {

using namespace rnnscope;

#if defined(RNNSCOPE_BFLOAT16)
using P = Bfloat16;
#elif defined(RNNSCOPE_FLOAT64)
using P = Plain<Doubles>;
#else
using P = Plain<Floats>;
#endif
using Real = P::Real;
using Store = P::Store;

enum Status { FINE = 0, NO_MEMORY = 1, NO_SUCH_SYMBOL = 2 };

struct Workspace {
  std::vector<std::unique_ptr<LayerSpace<P>>> layers;
  DecoderSpace<P> decoder;
  OuterBuffers<P> outer;
  Muon<P> muon;
  Buffer<int32_t> ids;
  Buffer<Real> zeros;
};

// Numbers too small to be normal cost a hundred cycles each and change nothing.
class TinyIsZero {
 public:
  TinyIsZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~TinyIsZero() { _mm_setcsr(before_); }

 private:
  unsigned before_;
};

// The parameters of a layer, in PyTorch's order of rows; `weights` holds four a layer, then decoder and its bias.
template <class T>
struct LayerWeights {
  T *w_input, *w_hidden, *b_input, *b_hidden;
  LayerWeights(T* const* weights, int layer)
      : w_input(weights[4 * layer]),
        w_hidden(weights[4 * layer + 1]),
        b_input(weights[4 * layer + 2]),
        b_hidden(weights[4 * layer + 3]) {}
};

struct Pass {
  Workspace& space;
  const Shape& shape;
  const Plan plan;
  const Real* const* weights;
  const uint8_t* kept;  // (L, T, B, H) or null
  const Real kept_scale;
  const bool goes_back;
  std::vector<LayerRun<P>> runs;

  long count() const { return static_cast<long>(shape.steps) * shape.streams; }
  int units() const { return shape.hidden; }
  int states() const { return shape.cell == LSTM ? 2 : 1; }

  Pass(Workspace& space, const Shape& shape, const Real* const* weights, const uint8_t* kept, Real kept_scale,
       bool goes_back)
      : space(space),
        shape(shape),
        plan(shape.cell, shape.hidden, P::LANES),
        weights(weights),
        kept(kept),
        kept_scale(kept_scale),
        goes_back(goes_back) {
    while (static_cast<int>(space.layers.size()) < shape.layers)
      space.layers.push_back(std::make_unique<LayerSpace<P>>());
    const Real* zeros = space.zeros.zeroed(16 * P::LANES);
    for (int layer = 0; layer < shape.layers; layer++)
      runs.push_back({plan, *space.layers[layer], shape.steps, shape.streams, shape.hidden, nullptr, nullptr, zeros,
                      goes_back});
  }

  bool take_ids(const int64_t* ids) {
    int32_t* to = space.ids.get(count());
    for (long i = 0; i < count(); i++) {
      if (ids[i] < 0 || ids[i] >= shape.symbols) return false;
      to[i] = static_cast<int32_t>(ids[i]);
    }
    runs[0].ids = to;
    return true;
  }

  // ---- there -------------------------------------------------------------------------------------------------------

  void pack_layer(int layer) {
    LayerSpace<P>& of = *space.layers[layer];
    const LayerWeights<const Real> w(weights, layer);
    pack<P>(of.there, w.w_hidden, units(), plan.hidden_rows, plan.gate_spans);
    if (layer) pack<P>(of.in_there, w.w_input, units(), plan.hidden_rows, plan.gate_spans);
    if (goes_back) {
      pack_back<P>(of.back, w.w_hidden, units(), plan.hidden_rows, plan.unit_spans);
      if (layer) pack_back<P>(of.in_back, w.w_input, units(), plan.hidden_rows, plan.unit_spans);
    }
    if (shape.cell != GRU_2015) return;
    pack<P>(of.new_there, w.w_hidden, units(), plan.new_rows, plan.unit_spans);
    if (layer) pack<P>(of.new_in_there, w.w_input, units(), plan.new_rows, plan.unit_spans);
    if (!goes_back) return;
    pack_back<P>(of.new_back, w.w_hidden, units(), plan.new_rows, plan.unit_spans);
    if (layer) pack_back<P>(of.new_in_back, w.w_input, units(), plan.new_rows, plan.unit_spans);
  }

  // The drive of every symbol (first layer), or the biases alone.
  void fill_drive(int layer) {
    const LayerWeights<const Real> w(weights, layer);
    const int rows = layer ? 1 : shape.symbols, width = plan.drive_width;
    Real* drive = space.layers[layer]->drive.get(static_cast<size_t>(rows) * width);
    for (int position = 0; position < width; position++) {
      const int in = plan.drive_input[position], hidden = plan.drive_hidden[position];
      const Real bias = (in < 0 ? 0 : w.b_input[in]) + (hidden < 0 ? 0 : w.b_hidden[hidden]);
      const Real* from = layer || in < 0 ? nullptr : w.w_input + static_cast<long>(in) * shape.symbols;
      for (int row = 0; row < rows; row++)
        drive[static_cast<long>(row) * width + position] = (from ? from[row] : 0) + bias;
    }
  }

  void begin_layer(int layer, const Real* state) {
    LayerSpace<P>& of = *space.layers[layer];
    const long streams = shape.streams, padded = plan.padded, rows = goes_back ? count() : streams;
    Store* hidden = of.hidden.get((count() + streams) * padded);
    memset(hidden, 0, streams * padded * sizeof(Store));
    Real* carried = of.state.zeroed(streams * padded);
    of.kept.get(rows * padded * LayerRun<P>::LSTM_SLOTS);
    Store* kept_state = of.kept_state.get((rows + streams) * padded);
    memset(kept_state, 0, streams * padded * sizeof(Store));
    if (shape.cell == GRU_2015) of.reset.get(rows * padded);
    if (shape.cell == GRU && layer) of.step_drive.get(streams * plan.drive_width);
    const Real* last = state + (states() - 1) * streams * units();  // c of an LSTM, h of a GRU
    for (long stream = 0; stream < streams; stream++)
      for (int unit = 0; unit < units(); unit++) {
        hidden[stream * padded + unit] = P::stored(state[stream * units() + unit]);
        carried[stream * padded + unit] = last[stream * units() + unit];
        if (shape.cell == LSTM) kept_state[stream * padded + unit] = P::stored(last[stream * units() + unit]);
      }
  }

  void end_layer(int layer, Real* state) const {
    const LayerSpace<P>& of = *space.layers[layer];
    const long streams = shape.streams, padded = plan.padded;
    const Store* hidden = of.hidden.data() + count() * padded;
    const bool is_real = shape.cell == GRU || shape.cell == GRU_2015;  // a GRU's h is carried unrounded
    for (long stream = 0; stream < streams; stream++)
      for (int unit = 0; unit < units(); unit++) {
        const Real carried = of.state.data()[stream * padded + unit];
        state[stream * units() + unit] = is_real ? carried : P::value(hidden[stream * padded + unit]);
        if (shape.cell == LSTM) state[(streams + stream) * units() + unit] = carried;
      }
  }

  // h as later layers and the decoder read it: with dropout's mask on it where there is one.
  const Store* output(int layer) const {
    LayerSpace<P>& of = *space.layers[layer];
    const Store* hidden = of.hidden.data() + static_cast<long>(shape.streams) * plan.padded;
    if (!kept) return hidden;
    const uint8_t* mask = kept + layer * count() * units();
    Store* to = of.dropped.get(count() * plan.padded);
    for (long row = 0; row < count(); row++) {
      Store* out = to + row * plan.padded;
      for (int unit = 0; unit < plan.padded; unit++) {
        const bool stays = unit < units() && mask[row * units() + unit];
        out[unit] = stays ? P::stored(P::value(hidden[row * plan.padded + unit]) * kept_scale) : Store(0);
      }
    }
    return to;
  }

  const Store* forward(const Real* state_in, Real* state_out) {
    const long state_size = states() * static_cast<long>(shape.streams) * units();
    const Store* below = nullptr;
    for (int layer = 0; layer < shape.layers; layer++) {
      pack_layer(layer);
      fill_drive(layer);
      begin_layer(layer, state_in + layer * state_size);
      LayerRun<P>& run = runs[layer];
      run.below = below;
      if (shape.cell == RNN) run.rnn_forward();
      else if (shape.cell == LSTM) run.lstm_forward();
      else if (shape.cell == GRU) run.gru_forward();
      else run.gru_2015_forward();
      end_layer(layer, state_out + layer * state_size);
      below = output(layer);
    }
    return below;
  }

  // ---- back --------------------------------------------------------------------------------------------------------

  void backward(const Decoder<P>& decoder, Real* const* gradients) {
    const long padded = plan.padded;
    Above<P> above{{{space.decoder.d.data(), space.decoder.back.data(), decoder.width}}, nullptr, kept_scale};
    for (int layer = shape.layers - 1; layer >= 0; layer--) {
      LayerSpace<P>& of = *space.layers[layer];
      of.d.get(count() * plan.gates.width);
      if (shape.cell == GRU && layer) of.d_in.get(count() * plan.gates.width);
      if (shape.cell == GRU_2015) of.d_new.get(count() * padded);
      of.d_state.zeroed(shape.streams * padded);
      of.d_drive.zeroed(static_cast<size_t>(layer ? 1 : shape.symbols) * plan.drive_width);
      if (kept) of.from_above.get(shape.streams * padded);
      above.kept = kept ? kept + layer * count() * units() : nullptr;
      const LayerRun<P>& run = runs[layer];
      if (shape.cell == RNN) run.rnn_backward(above);
      else if (shape.cell == LSTM) run.lstm_backward(above);
      else if (shape.cell == GRU) run.gru_backward(above);
      else run.gru_2015_backward(above);
      layer_gradients(layer, gradients);
      const Store* d_in = shape.cell == GRU ? of.d_in.data() : of.d.data();
      above.branches = {{d_in, of.in_back.data(), plan.gates.width}};
      if (shape.cell == GRU_2015) above.branches.push_back({of.d_new.data(), of.new_in_back.data(), plan.padded});
    }
  }

  void layer_gradients(int layer, Real* const* gradients) {
    LayerSpace<P>& of = *space.layers[layer];
    const LayerWeights<Real> g(gradients, layer);
    const int used = plan.gates.width, padded = plan.padded;
    weight_gradient<P>(space.outer, g.w_hidden, units(), of.d.data(), plan.hidden_rows, used, of.hidden.data(), padded,
                       count());
    if (shape.cell == GRU_2015)
      weight_gradient<P>(space.outer, g.w_hidden, units(), of.d_new.data(), plan.new_rows, padded, of.reset.data(),
                         padded, count());
    if (layer) {
      const Store *below = runs[layer].below, *d_in = shape.cell == GRU ? of.d_in.data() : of.d.data();
      weight_gradient<P>(space.outer, g.w_input, units(), d_in, plan.hidden_rows, used, below, padded, count());
      if (shape.cell == GRU_2015)
        weight_gradient<P>(space.outer, g.w_input, units(), of.d_new.data(), plan.new_rows, padded, below, padded,
                           count());
    }
    drive_gradients(layer, g);
  }

  void drive_gradients(int layer, const LayerWeights<Real>& g) const {
    const int rows = layer ? 1 : shape.symbols, width = plan.drive_width;
    const Real* d_drive = space.layers[layer]->d_drive.data();
    for (int position = 0; position < width; position++) {
      const int in = plan.drive_input[position], hidden = plan.drive_hidden[position];
      if (in < 0 && hidden < 0) continue;
      Real sum = 0;
      for (int row = 0; row < rows; row++) {
        const Real d = d_drive[static_cast<long>(row) * width + position];
        if (!layer && in >= 0) g.w_input[static_cast<long>(in) * rows + row] = d;
        sum += d;
      }
      if (in >= 0) g.b_input[in] = sum;
      if (hidden >= 0) g.b_hidden[hidden] = sum;
    }
  }
};

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void* rnnscope_workspace() { return new (std::nothrow) Workspace; }

__attribute__((visibility("default"))) void rnnscope_release(void* workspace) {
  delete static_cast<Workspace*>(workspace);
}

// Loss and gradients of a window. `ids`, `targets`: (T, B); states: (L, h and for an LSTM c, B, H); `kept`: (L, T, B, H)
// or null; `scale`: what the sum of nats is multiplied by before it is differentiated.
__attribute__((visibility("default"))) int rnnscope_update(void* workspace, const Shape* shape,
                                                           const Real* const* weights, const int64_t* ids,
                                                           const int64_t* targets, const Real* state_in,
                                                           Real* state_out, const uint8_t* kept, double kept_scale,
                                                           double scale, Real* const* gradients, double* nats) try {
  TinyIsZero tiny;
  Workspace& space = *static_cast<Workspace*>(workspace);
  Pass pass(space, *shape, weights, kept, static_cast<Real>(kept_scale), true);
  for (long i = 0; i < pass.count(); i++)
    if (targets[i] < 0 || targets[i] >= shape->symbols) return NO_SUCH_SYMBOL;
  if (!pass.take_ids(ids)) return NO_SUCH_SYMBOL;
  const Store* top = pass.forward(state_in, state_out);
  const int last = 4 * shape->layers;
  Decoder<P> decoder{space.decoder, shape->symbols, shape->hidden, pass.plan.padded};
  decoder.begin(weights[last], weights[last + 1], true);
  *nats = decoder.loss(top, pass.count(), targets, static_cast<Real>(scale));
  weight_gradient<P>(space.outer, gradients[last], shape->hidden, space.decoder.d.data(), decoder.rows, shape->symbols,
                     top, pass.plan.padded, pass.count());
  memcpy(gradients[last + 1], space.decoder.d_bias.data(), shape->symbols * sizeof(Real));
  pass.backward(decoder, gradients);
  return FINE;
} catch (const std::bad_alloc&) {
  return NO_MEMORY;
}

// Log-probabilities (T, B, V) of the symbol after each.
__attribute__((visibility("default"))) int rnnscope_read(void* workspace, const Shape* shape,
                                                         const Real* const* weights, const int64_t* ids,
                                                         const Real* state_in, Real* state_out, Real* log_probs) try {
  TinyIsZero tiny;
  Workspace& space = *static_cast<Workspace*>(workspace);
  Pass pass(space, *shape, weights, nullptr, 1, false);
  if (!pass.take_ids(ids)) return NO_SUCH_SYMBOL;
  const Store* top = pass.forward(state_in, state_out);
  Decoder<P> decoder{space.decoder, shape->symbols, shape->hidden, pass.plan.padded};
  decoder.begin(weights[4 * shape->layers], weights[4 * shape->layers + 1], false);
  decoder.log_probs(top, pass.count(), log_probs);
  return FINE;
} catch (const std::bad_alloc&) {
  return NO_MEMORY;
}

// Muon's update in place of `count` matrices, stacks of gates of `gate_rows` rows, each cut into blocks of `block_rows`
// rows and what is left. Of all blocks only every `parts`-th is done, from `part` on.
__attribute__((visibility("default"))) int rnnscope_muon(void* workspace, const MuonUpdate* with, int32_t count,
                                                         Real* const* weights, const Real* const* gradients,
                                                         Real* const* momenta, const int32_t* rows,
                                                         const int32_t* columns, int32_t gate_rows,
                                                         int32_t block_rows, int32_t part, int32_t parts) try {
  TinyIsZero tiny;
  Workspace& space = *static_cast<Workspace*>(workspace);
  long block = 0;
  for (int matrix = 0; matrix < count; matrix++)
    for (int gate = 0; gate < rows[matrix]; gate += gate_rows)
      for (int row = 0; row < gate_rows; row += block_rows) {
        if (block++ % parts != part) continue;
        const long at = static_cast<long>(gate + row) * columns[matrix];
        space.muon.update(weights[matrix] + at, gradients[matrix] + at, momenta[matrix] + at,
                          std::min(block_rows, gate_rows - row), columns[matrix], *with);
      }
  return FINE;
} catch (const std::bad_alloc&) {
  return NO_MEMORY;
}

}  // extern "C"
