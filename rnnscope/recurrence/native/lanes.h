// Registers: one vector of numbers, how numbers are kept in memory, and the squashing functions of gates.
//
// A `Precision` says what sums are made in (Real), what the factors of matrix products are kept in (Store), how many
// of them one lane of a product takes at once (PAIR), and what gates are kept in for the way back (Keep).
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#define RNNSCOPE_INLINE static inline __attribute__((always_inline))

namespace rnnscope {

// ---- vectors of one register ---------------------------------------------------------------------------------------

#if defined(__AVX512F__)

struct Floats {
  using Real = float;
  using Vec = __m512;
  static constexpr int LANES = 16, REGISTERS = 32;
  RNNSCOPE_INLINE Vec all(Real x) { return _mm512_set1_ps(x); }
  RNNSCOPE_INLINE Vec load(const Real* p) { return _mm512_loadu_ps(p); }
  RNNSCOPE_INLINE void store(Real* p, Vec v) { _mm512_storeu_ps(p, v); }
  RNNSCOPE_INLINE Vec load_half(const Real* p) { return _mm512_zextps256_ps512(_mm256_loadu_ps(p)); }
  RNNSCOPE_INLINE Vec load_quarter(const Real* p) { return _mm512_zextps128_ps512(_mm_loadu_ps(p)); }
  RNNSCOPE_INLINE void store_half(Real* p, Vec v) { _mm256_storeu_ps(p, _mm512_castps512_ps256(v)); }
  RNNSCOPE_INLINE void store_quarter(Real* p, Vec v) { _mm_storeu_ps(p, _mm512_castps512_ps128(v)); }
  RNNSCOPE_INLINE Vec least(Vec a, Vec b) { return _mm512_min_ps(a, b); }
  RNNSCOPE_INLINE Vec most(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  RNNSCOPE_INLINE Real largest(Vec v) { return _mm512_reduce_max_ps(v); }
  RNNSCOPE_INLINE Real sum(Vec v) { return _mm512_reduce_add_ps(v); }
  RNNSCOPE_INLINE Vec rounded(Vec v) { return _mm512_roundscale_ps(v, 8); }
  RNNSCOPE_INLINE Vec times_two_to(Vec v, Vec whole) { return _mm512_scalef_ps(v, whole); }
  RNNSCOPE_INLINE Vec reciprocal(Vec d) {  // 14 bits, then one of Newton's steps
    Vec y = _mm512_rcp14_ps(d);
    return y * (all(2) - d * y);
  }
};

struct Doubles {
  using Real = double;
  using Vec = __m512d;
  static constexpr int LANES = 8, REGISTERS = 32;
  RNNSCOPE_INLINE Vec all(Real x) { return _mm512_set1_pd(x); }
  RNNSCOPE_INLINE Vec load(const Real* p) { return _mm512_loadu_pd(p); }
  RNNSCOPE_INLINE void store(Real* p, Vec v) { _mm512_storeu_pd(p, v); }
  RNNSCOPE_INLINE Vec load_half(const Real* p) { return _mm512_zextpd256_pd512(_mm256_loadu_pd(p)); }
  RNNSCOPE_INLINE Vec load_quarter(const Real* p) { return _mm512_zextpd128_pd512(_mm_loadu_pd(p)); }
  RNNSCOPE_INLINE void store_half(Real* p, Vec v) { _mm256_storeu_pd(p, _mm512_castpd512_pd256(v)); }
  RNNSCOPE_INLINE void store_quarter(Real* p, Vec v) { _mm_storeu_pd(p, _mm512_castpd512_pd128(v)); }
  RNNSCOPE_INLINE Vec least(Vec a, Vec b) { return _mm512_min_pd(a, b); }
  RNNSCOPE_INLINE Vec most(Vec a, Vec b) { return _mm512_max_pd(a, b); }
  RNNSCOPE_INLINE Real largest(Vec v) { return _mm512_reduce_max_pd(v); }
  RNNSCOPE_INLINE Real sum(Vec v) { return _mm512_reduce_add_pd(v); }
  RNNSCOPE_INLINE Vec rounded(Vec v) { return _mm512_roundscale_pd(v, 8); }
  RNNSCOPE_INLINE Vec times_two_to(Vec v, Vec whole) { return _mm512_scalef_pd(v, whole); }
  RNNSCOPE_INLINE Vec reciprocal(Vec d) { return all(1) / d; }
};

#else  // AVX2

struct Floats {
  using Real = float;
  using Vec = __m256;
  static constexpr int LANES = 8, REGISTERS = 16;
  RNNSCOPE_INLINE Vec all(Real x) { return _mm256_set1_ps(x); }
  RNNSCOPE_INLINE Vec load(const Real* p) { return _mm256_loadu_ps(p); }
  RNNSCOPE_INLINE void store(Real* p, Vec v) { _mm256_storeu_ps(p, v); }
  RNNSCOPE_INLINE Vec load_half(const Real* p) { return _mm256_zextps128_ps256(_mm_loadu_ps(p)); }
  RNNSCOPE_INLINE Vec load_quarter(const Real* p) {
    return _mm256_zextps128_ps256(_mm_castpd_ps(_mm_load_sd(reinterpret_cast<const double*>(p))));
  }
  RNNSCOPE_INLINE void store_half(Real* p, Vec v) { _mm_storeu_ps(p, _mm256_castps256_ps128(v)); }
  RNNSCOPE_INLINE void store_quarter(Real* p, Vec v) {
    _mm_store_sd(reinterpret_cast<double*>(p), _mm_castps_pd(_mm256_castps256_ps128(v)));
  }
  RNNSCOPE_INLINE Vec least(Vec a, Vec b) { return _mm256_min_ps(a, b); }
  RNNSCOPE_INLINE Vec most(Vec a, Vec b) { return _mm256_max_ps(a, b); }
  RNNSCOPE_INLINE Real largest(Vec v) {
    Real most = v[0];
    for (int lane = 1; lane < LANES; lane++) most = v[lane] > most ? v[lane] : most;
    return most;
  }
  RNNSCOPE_INLINE Real sum(Vec v) { return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7])); }
  RNNSCOPE_INLINE Vec rounded(Vec v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  RNNSCOPE_INLINE Vec times_two_to(Vec v, Vec whole) {
    __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(most(all(-126), whole)), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(v), exponent));
  }
  RNNSCOPE_INLINE Vec reciprocal(Vec d) { return all(1) / d; }
};

struct Doubles {
  using Real = double;
  using Vec = __m256d;
  static constexpr int LANES = 4, REGISTERS = 16;
  RNNSCOPE_INLINE Vec all(Real x) { return _mm256_set1_pd(x); }
  RNNSCOPE_INLINE Vec load(const Real* p) { return _mm256_loadu_pd(p); }
  RNNSCOPE_INLINE void store(Real* p, Vec v) { _mm256_storeu_pd(p, v); }
  RNNSCOPE_INLINE Vec load_half(const Real* p) { return _mm256_zextpd128_pd256(_mm_loadu_pd(p)); }
  RNNSCOPE_INLINE Vec load_quarter(const Real* p) { return _mm256_zextpd128_pd256(_mm_load_sd(p)); }
  RNNSCOPE_INLINE void store_half(Real* p, Vec v) { _mm_storeu_pd(p, _mm256_castpd256_pd128(v)); }
  RNNSCOPE_INLINE void store_quarter(Real* p, Vec v) { _mm_store_sd(p, _mm256_castpd256_pd128(v)); }
  RNNSCOPE_INLINE Vec least(Vec a, Vec b) { return _mm256_min_pd(a, b); }
  RNNSCOPE_INLINE Vec most(Vec a, Vec b) { return _mm256_max_pd(a, b); }
  RNNSCOPE_INLINE Real largest(Vec v) {
    Real a = v[0] > v[1] ? v[0] : v[1], b = v[2] > v[3] ? v[2] : v[3];
    return a > b ? a : b;
  }
  RNNSCOPE_INLINE Real sum(Vec v) { return (v[0] + v[2]) + (v[1] + v[3]); }
  RNNSCOPE_INLINE Vec rounded(Vec v) { return _mm256_round_pd(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  RNNSCOPE_INLINE Vec times_two_to(Vec v, Vec whole) {
    __m256i exponent = _mm256_slli_epi64(_mm256_cvtepi32_epi64(_mm256_cvtpd_epi32(most(all(-1022), whole))), 52);
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(v), exponent));
  }
  RNNSCOPE_INLINE Vec reciprocal(Vec d) { return all(1) / d; }
};

#endif

// ---- precisions ----------------------------------------------------------------------------------------------------

// Numbers are kept as they are reckoned with.
template <class Lanes>
struct Plain : Lanes {
  using typename Lanes::Real;
  using typename Lanes::Vec;
  using Store = Real;
  using Keep = Real;
  using Word = Vec;
  static constexpr int PAIR = 1;
  RNNSCOPE_INLINE Store stored(Real x) { return x; }
  RNNSCOPE_INLINE Real value(Store x) { return x; }
  RNNSCOPE_INLINE Vec get(const Store* p) { return Lanes::load(p); }
  RNNSCOPE_INLINE void put(Store* p, Vec v) { Lanes::store(p, v); }
  RNNSCOPE_INLINE void put_half(Store* p, Vec v) { Lanes::store_half(p, v); }
  RNNSCOPE_INLINE void put_quarter(Store* p, Vec v) { Lanes::store_quarter(p, v); }
  RNNSCOPE_INLINE Vec recall(const Keep* p) { return Lanes::load(p); }
  RNNSCOPE_INLINE void keep(Keep* p, Vec v) { Lanes::store(p, v); }
  RNNSCOPE_INLINE Word words(const Store* p) { return Lanes::load(p); }
  RNNSCOPE_INLINE Word broadcast(const Store* p) { return Lanes::all(*p); }
  RNNSCOPE_INLINE Vec dot(Vec sum, Word a, Word b) { return a * b + sum; }
  RNNSCOPE_INLINE void side_by_side(Store* to, const Store* one, const Store*) { put(to, get(one)); }
};

// ---- bfloat16 ------------------------------------------------------------------------------------------------------

// What every processor does alike with a bfloat16, the upper half of a float32.
struct Bfloat16Numbers : Floats {
  using Store = uint16_t;
  using Keep = uint16_t;
  static constexpr int PAIR = 2;
  RNNSCOPE_INLINE Store stored(Real x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return static_cast<Store>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
  RNNSCOPE_INLINE Real value(Store x) {
    uint32_t bits = static_cast<uint32_t>(x) << 16;
    Real real;
    memcpy(&real, &bits, 4);
    return real;
  }
  RNNSCOPE_INLINE int pair(const Store* p) {
    int both;
    memcpy(&both, p, 4);
    return both;
  }
};

// Products of bfloat16 pairs with float32 sums. Gates lie in [-1, 1] and are kept as float16, which is eight times
// finer than bfloat16 next to 1, where a gate that is nearly open must not seem wholly open.
#if defined(__AVX512BF16__)

struct Bfloat16 : Bfloat16Numbers {
  using Word = __m512i;
  RNNSCOPE_INLINE __m256i narrow(Vec v) { return (__m256i)_mm512_cvtneps_pbh(v); }
  RNNSCOPE_INLINE Vec get(const Store* p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
  RNNSCOPE_INLINE void put(Store* p, Vec v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), narrow(v)); }
  RNNSCOPE_INLINE void put_half(Store* p, Vec v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(narrow(v)));
  }
  RNNSCOPE_INLINE void put_quarter(Store* p, Vec v) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(narrow(v)));
  }
  RNNSCOPE_INLINE Vec recall(const Keep* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  RNNSCOPE_INLINE void keep(Keep* p, Vec v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  RNNSCOPE_INLINE Word words(const Store* p) { return _mm512_loadu_si512(p); }
  RNNSCOPE_INLINE Word broadcast(const Store* p) { return _mm512_set1_epi32(pair(p)); }
  RNNSCOPE_INLINE Vec dot(Vec sum, Word a, Word b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }
  // LANES numbers of two rows, one row's beside the other's; no second row is zeros.
  RNNSCOPE_INLINE void side_by_side(Store* to, const Store* one, const Store* other) {
    alignas(64) static const uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                   8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(one));
    __m256i second = other ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(other)) : _mm256_setzero_si256();
    __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(_mm512_load_si512(order), both));
  }
};

#elif defined(__F16C__) && !defined(__AVX512F__)

// The same where the processor has no such product: a pair is spread into two float32, whose product is exact, so that
// the sums round as they do there.
struct Bfloat16 : Bfloat16Numbers {
  struct Word {
    Vec even, odd;
  };
  RNNSCOPE_INLINE __m128i narrow(Vec v) {
    __m256i bits = _mm256_castps_si256(v), last = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i upper = _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(last, _mm256_set1_epi32(0x7fff))), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
  }
  RNNSCOPE_INLINE Word spread(__m256i pairs) {
    return {_mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16)),
            _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(static_cast<int>(0xffff0000))))};
  }
  RNNSCOPE_INLINE Vec get(const Store* p) {
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }
  RNNSCOPE_INLINE void put(Store* p, Vec v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrow(v)); }
  RNNSCOPE_INLINE void put_half(Store* p, Vec v) { _mm_storel_epi64(reinterpret_cast<__m128i*>(p), narrow(v)); }
  RNNSCOPE_INLINE void put_quarter(Store* p, Vec v) {
    int both = _mm_cvtsi128_si32(narrow(v));
    memcpy(p, &both, 4);
  }
  RNNSCOPE_INLINE Vec recall(const Keep* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  RNNSCOPE_INLINE void keep(Keep* p, Vec v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  RNNSCOPE_INLINE Word words(const Store* p) {
    return spread(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  RNNSCOPE_INLINE Word broadcast(const Store* p) { return spread(_mm256_set1_epi32(pair(p))); }
  RNNSCOPE_INLINE Vec dot(Vec sum, const Word& a, const Word& b) { return a.odd * b.odd + (a.even * b.even + sum); }
  RNNSCOPE_INLINE void side_by_side(Store* to, const Store* one, const Store* other) {
    __m128i first = _mm_loadu_si128(reinterpret_cast<const __m128i*>(one));
    __m128i second = other ? _mm_loadu_si128(reinterpret_cast<const __m128i*>(other)) : _mm_setzero_si128();
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi16(first, second));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to) + 1, _mm_unpackhi_epi16(first, second));
  }
};

#endif

// ---- squashing functions -------------------------------------------------------------------------------------------

// 2^x for x <= 126. float: the degree-5 polynomial of least relative error on [-1/2, 1/2], 2.3e-7 in all.
template <class P>
RNNSCOPE_INLINE typename P::Vec two_to(typename P::Vec x) {
  using Vec = typename P::Vec;
  Vec whole = P::rounded(x), part = x - whole, sum;
  if constexpr (sizeof(typename P::Real) == 4) {
    sum = P::all(1.3291764346e-3f);
    for (float c : {9.6756247222e-3f, 5.5506539395e-2f, 2.4022120485e-1f, 6.9314702270e-1f, 1.0000000689f})
      sum = sum * part + P::all(c);
  } else {  // Taylor's, to the last bit
    sum = P::all(1);
    for (int k = 14; k >= 1; k--) sum = sum * part * P::all(0.69314718055994530942 / k) + P::all(1);
  }
  return P::times_two_to(sum, whole);
}

template <class P>
RNNSCOPE_INLINE typename P::Vec one_over_one_plus_two_to(typename P::Vec x) {
  return P::reciprocal(two_to<P>(P::least(P::all(126), x)) + P::all(1));
}

template <class P>
RNNSCOPE_INLINE typename P::Vec sigmoid(typename P::Vec x) {
  return one_over_one_plus_two_to<P>(x * P::all(-1.44269504088896340736));
}

template <class P>
RNNSCOPE_INLINE typename P::Vec tanh(typename P::Vec x) {
  return one_over_one_plus_two_to<P>(x * P::all(-2.88539008177792681472)) * P::all(2) - P::all(1);
}

// A part of a register: all lanes, or the first half or quarter of them with the rest zero.
template <class P, int WIDTH>
RNNSCOPE_INLINE typename P::Vec load_part(const typename P::Real* p) {
  if constexpr (WIDTH == P::LANES) return P::load(p);
  else if constexpr (WIDTH * 2 == P::LANES) return P::load_half(p);
  else return P::load_quarter(p);
}

template <class P, int WIDTH>
RNNSCOPE_INLINE void put_part(typename P::Store* p, typename P::Vec v) {
  if constexpr (WIDTH == P::LANES) P::put(p, v);
  else if constexpr (WIDTH * 2 == P::LANES) P::put_half(p, v);
  else P::put_quarter(p, v);
}

template <class P, int WIDTH>
RNNSCOPE_INLINE void add_part(typename P::Real* p, typename P::Vec v) {
  v += load_part<P, WIDTH>(p);
  if constexpr (WIDTH == P::LANES) P::store(p, v);
  else if constexpr (WIDTH * 2 == P::LANES) P::store_half(p, v);
  else P::store_quarter(p, v);
}

}  // namespace rnnscope
