/**
 * Drawn digits: the data set that is always there. A generator of handwritten-looking digits, 28x28 grey, 10 classes.
 *
 * Every picture is a pure function of (key, index): a style of the digit, wobbled control points, a smooth warp of the
 * page, rotation, slant, size and place, a pen with pressure, and now and then a stray stroke, a smudge and paper
 * noise. The spread of each is set in DIFFICULTY so that a teacher has something to teach: measured with scikit-learn
 * and PyTorch on the default split (see digits.test.ts for the figures). No Node imports.
 */
import { fail } from "../errors.ts";
import { bits, fold, type Key, key as makeKey, permutation, split, uniform } from "../tensor/random.ts";
import type { ArrayDataset, Split } from "./dataset.ts";
import { GLYPHS } from "./glyphs.ts";
import { type Canvas, drawPolyline, sampleCurve, wipeDisc } from "./raster.ts";

/** Side of a picture in pixels. */
const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** Spreads of the writing; lengths in fractions of the digit's box unless pixels are named. */
const DIFFICULTY = {
  /** Largest displacement of a control point. */
  wobble: 0.085,
  /** Amplitude of the smooth warp (three waves) and its highest frequency in waves per box. */
  warp: 0.05,
  warpFrequency: 1.3,
  /** Degrees to either side. */
  rotation: 20,
  /** Horizontal shift per unit of height, to either side. */
  slant: 0.35,
  /** Height of the box in pixels, and width as a share of height. */
  height: [16, 22],
  aspect: [0.65, 1.15],
  /** Largest shift in pixels, on top of what keeps the digit in the picture. */
  shift: 2.2,
  /** Pen radius in pixels. */
  radius: [0.55, 1.6],
  ink: [0.5, 1],
  strayChance: 0.35,
  smudgeChance: 0.3,
  /** Largest deviation of paper noise, in grey levels of 255. */
  noise: 28,
} as const;

/** Draws needed for one picture, with room to spare: four per control point and about sixty others. */
const DRAWS = 192;

/** Sequential reader of one picture's random numbers. */
class Draws {
  private at = 0;
  private readonly values: Float32Array;
  constructor(key: Key) {
    this.values = uniform(key, DRAWS);
  }
  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.values[this.at++]!;
  }
  /** Bell-shaped in (-size, size): the sum of two uniforms. */
  around(size: number): number {
    return size * (this.values[this.at++]! + this.values[this.at++]! - 1);
  }
}

/** Map from the digit's box to pixels: warp, then rotation, slant, scale and shift. */
function placement(draws: Draws): (x: number, y: number) => [number, number] {
  const d = DIFFICULTY;
  const waves = Array.from({ length: 3 }, () => ({
    fx: draws.around(d.warpFrequency) * 2 * Math.PI,
    fy: draws.around(d.warpFrequency) * 2 * Math.PI,
    phase: draws.between(0, 2 * Math.PI),
    ax: draws.around(d.warp),
    ay: draws.around(d.warp),
  }));
  const height = draws.between(...d.height);
  const width = height * draws.between(...d.aspect);
  const angle = (draws.around(d.rotation) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const slant = draws.around(d.slant);
  const cx = (SIDE - 1) / 2 + draws.around(d.shift);
  const cy = (SIDE - 1) / 2 + draws.around(d.shift);
  return (x, y) => {
    let [u, v] = [x - 0.5, y - 0.5];
    for (const { fx, fy, phase, ax, ay } of waves) {
      const wave = Math.sin(fx * x + fy * y + phase);
      u += ax * wave;
      v += ay * wave;
    }
    const px = (u - slant * v) * width;
    const py = v * height;
    return [cx + cos * px - sin * py, cy + sin * px + cos * py];
  };
}

/** Draws the digit `label` into `canvas`, which is cleared first. */
function writeDigit(canvas: Canvas, label: number, draws: Draws): void {
  const d = DIFFICULTY;
  canvas.data.fill(0);
  const styles = GLYPHS[label]!;
  const glyph = styles[Math.floor(draws.between(0, styles.length))]!;
  const place = placement(draws);
  const radius = draws.between(...d.radius);
  const ink = draws.between(...d.ink);
  const softness = draws.between(1, 1.8);

  for (const stroke of glyph) {
    const points = new Float32Array(stroke.length * 2);
    stroke.forEach(([x, y], i) => {
      const corner = i > 0 && stroke[i - 1]![0] === x && stroke[i - 1]![1] === y;
      // Both copies of a corner move together, or it would open.
      const wobbled = corner
        ? [points[2 * i - 2]!, points[2 * i - 1]!]
        : place(x + draws.around(d.wobble), y + draws.around(d.wobble));
      points.set(wobbled, 2 * i);
    });
    const pressure = 1 + draws.around(0.35);
    const fade = 1 + draws.around(0.4);
    drawPolyline(canvas, sampleCurve(points), {
      radius: [radius * pressure, radius / pressure],
      ink: [Math.min(1, ink * fade), Math.min(1, ink / fade)],
      softness,
    });
  }
  if (draws.between(0, 1) < d.strayChance) strayStroke(canvas, draws, ink);
  if (draws.between(0, 1) < d.smudgeChance) {
    wipeDisc(canvas, draws.between(5, 23), draws.between(5, 23), draws.between(1.2, 3.2), draws.between(0, 0.4));
  }
}

/** A short curved stroke somewhere on the page: the tail of a neighbour, a slip of the pen. */
function strayStroke(canvas: Canvas, draws: Draws, ink: number): void {
  const [x, y, angle] = [draws.between(0, SIDE), draws.between(0, SIDE), draws.between(0, 2 * Math.PI)];
  const [length, bend] = [draws.between(4, 10), draws.around(0.8)];
  const points = [-1, 0, 1].flatMap((t) => [
    x + 0.5 * length * t * Math.cos(angle + bend * t),
    y + 0.5 * length * t * Math.sin(angle + bend * t),
  ]);
  const radius = draws.between(0.4, 1);
  const strength = ink * draws.between(0.4, 0.9);
  drawPolyline(canvas, sampleCurve(points), {
    radius: [radius, radius * 0.7],
    ink: [strength, strength],
    softness: 1.2,
  });
}

/** Writes the canvas as bytes with paper noise (two dice of 16 a pixel: bell-shaped, one random byte each). */
function develop(canvas: Canvas, key: Key, amplitude: number, paper: number, out: Uint8Array, at: number): void {
  const words = bits(key, PIXELS / 4);
  const scale = amplitude / 15;
  for (let i = 0; i < PIXELS; i++) {
    const dice = words[i >> 2]! >>> ((i & 3) * 8);
    const noise = ((dice & 15) + ((dice >>> 4) & 15) - 15) * scale;
    const value = paper + (255 - paper) * canvas.data[i]! + noise;
    out[at + i] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
  }
}

/**
 * `count` drawn digits; classes are balanced (every ten consecutive examples hold each digit once).
 * @throws E_DATA_EMPTY when count is no positive whole number.
 */
export function drawDigits(key: Key, count: number, name = "drawn-digits"): ArrayDataset {
  if (!Number.isInteger(count) || count < 1) {
    fail("E_DATA_EMPTY", `${count} drawn digits were asked for; a positive whole number was expected.`);
  }
  const inputs = new Uint8Array(count * PIXELS);
  const labels = new Int32Array(count);
  const canvas: Canvas = { width: SIDE, height: SIDE, data: new Float32Array(PIXELS) };
  const [labelKey, pictureKey] = [fold(key, "label"), fold(key, "picture")];
  for (let i = 0; i < count; i++) {
    if (i % 10 === 0) labels.set(permutation(fold(labelKey, i / 10), 10).subarray(0, Math.min(10, count - i)), i);
    const exampleKey = fold(pictureKey, i);
    const draws = new Draws(exampleKey);
    writeDigit(canvas, labels[i]!, draws);
    develop(canvas, fold(exampleKey, 1), draws.between(4, DIFFICULTY.noise), draws.between(0, 40), inputs, i * PIXELS);
  }
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  return { name, task: "classification", inputs, inputShape: [1, SIDE, SIDE], labels, classes, normalise: NORMALISE };
}

/** Channel statistics of the default training part. */
const NORMALISE = { mean: [0.156], std: [0.199] };

/**
 * The embedded default data set: train, validation and test parts from independent keys.
 * Growing one part leaves the others, and the examples it already had, as they are.
 */
export function drawnDigits({
  key = makeKey(0),
  train = 10_000,
  validation = 1_000,
  test = 2_000,
}: {
  key?: Key;
  train?: number;
  validation?: number;
  test?: number;
} = {}): Split {
  const [trainKey, validationKey, testKey] = split(key, 3) as [Key, Key, Key];
  return {
    train: drawDigits(trainKey, train, "drawn-digits/train"),
    validation: drawDigits(validationKey, validation, "drawn-digits/validation"),
    test: drawDigits(testKey, test, "drawn-digits/test"),
    source: {
      name: "drawn-digits",
      title: "Drawn digits (generated)",
      licence: "MIT",
      notes: [`generated from key [${key}]: ${train} + ${validation} + ${test} examples`],
    },
  };
}
