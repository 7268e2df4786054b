// What a processor core can do through WebAssembly: loops of nothing but one multiply-accumulate, in so many
// independent chains that only the instruction's throughput counts. What models reach is shown in percent of it.
import binaryen from 'binaryen';

const chains = 12; // with operands and a temporary they fit the 15 registers that V8 leaves

/** instruction(accumulator) → the accumulator's next value; macs: multiply-accumulates of one such instruction */
const instructions = {
  // Each chain multiplies its own sum: products of constants would be taken out of the loop.
  dot_i16x8: { macs: 8, next: (sum) => `(i32x4.add ${sum} (i32x4.dot_i16x8_s ${sum} (local.get $x)))` },
  relaxed_dot: { macs: 16, next: (sum) => `(i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $x) (local.get $y) ${sum})` },
  relaxed_madd: { macs: 4, next: (sum) => `(f32x4.relaxed_madd (local.get $x) (local.get $y) ${sum})` },
  mul_add: { macs: 4, next: (sum) => `(f32x4.add ${sum} (f32x4.mul ${sum} (local.get $x)))` },
};

function textOf({ next }) {
  const all = (make) => Array.from({ length: chains }, (_, i) => make(`$s${i}`, i)).join('\n');
  // 0x01010101 is small as bytes, as 16-bit numbers and as a float, so nothing grows out of the normal range.
  const constant = (value) => `(i32x4.splat (i32.const ${value}))`;
  return `(module (func (export "run") (param $turns i32) (result i32)
    (local $x v128) (local $y v128) ${all((name) => `(local ${name} v128)`)}
    (local.set $x ${constant(0x01010101)}) (local.set $y ${constant(0x01020102)})
    ${all((name, i) => `(local.set ${name} (f32x4.splat (f32.const ${i + 1}.5)))`)}
    (loop $again
      ${all((name) => `(local.set ${name} ${next(`(local.get ${name})`)})`)}
      (br_if $again (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
    (i32x4.extract_lane 0 ${Array.from({ length: chains }, (_, i) => `(local.get $s${i})`).reduce((a, b) => `(v128.xor ${a} ${b})`)})))`;
}

/** [{name, bytes, macsPerTurn}] */
export function peakModules() {
  return Object.entries(instructions).map(([name, instruction]) => {
    const module = binaryen.parseText(textOf(instruction));
    module.setFeatures(binaryen.Features.SIMD128 | binaryen.Features.RelaxedSIMD);
    const bytes = Array.from(module.emitBinary());
    module.dispose();
    return { name, bytes, macsPerTurn: chains * instruction.macs };
  });
}

/** The instruction that a row's arithmetic could use at best, and its rate. */
export function peakOf({ arithmetic, simd }, peaks) {
  const candidates = arithmetic === 'f32' ? ['mul_add', 'relaxed_madd'] : ['dot_i16x8', 'relaxed_dot'];
  const usable = simd === 'simd128' ? candidates.slice(0, 1) : candidates;
  return usable.map((name) => ({ name, rate: peaks[name] ?? 0 })).reduce((a, b) => (b.rate > a.rate ? b : a));
}
