/**
 * Novel objects for the experiment with people: drawings that nobody has seen before, in five families of three
 * super-families (fa1, fa2, fb1, fb3, fc1, named as the published ones). Families of one super-family share their body
 * and differ in what is attached to it, so some pairs are alike and some are not, which is what an order can use.
 *
 * Everything is a pure function of a key: the vocabulary of the key of the set, an exemplar of (key, family, number).
 * The same strokes become pictures for learners and paths for the page that people see.
 */
import { type ArrayDataset, checkDataset, type Split } from "../../../data/dataset.ts";
import { type Canvas, drawPolyline, sampleCurve } from "../../../data/raster.ts";
import { fail } from "../../../errors.ts";
import { type Key, key as makeKey, random } from "../../../tensor/index.ts";

export const FAMILIES = ["fa1", "fa2", "fb1", "fb3", "fc1"] as const;

/** Points `[x0, y0, x1, y1, ...]` in the unit square, y downwards. */
export type Stroke = readonly number[];

interface Attachment {
  /** Where on the body, radians. */
  readonly angle: number;
  readonly length: number;
  /** Sideways bend of the stalk, and radius of the knob at its end (0: none). */
  readonly bend: number;
  readonly knob: number;
}

export interface Family {
  readonly name: string;
  /** Amplitude and phase of the body's waves 2, 3 and 4 around its circle. */
  readonly body: readonly (readonly [amplitude: number, phase: number])[];
  readonly attachments: readonly Attachment[];
}

/** Uniform in [low, high), one draw after another. */
function drawer(key: Key) {
  let at = 0;
  return (low: number, high: number): number => low + (high - low) * random.uniform(random.fold(key, at++), 1)[0]!;
}

/** The five families of a set. */
export function familiesOf(key: Key = makeKey(0)): Family[] {
  return FAMILIES.map((name) => {
    const body = drawer(random.fold(key, `body of ${name.slice(0, 2)}`));
    const own = drawer(random.fold(key, `parts of ${name}`));
    const attachment = (i: number): Attachment => ({
      angle: own(0, 2) + i * 2.1,
      length: own(0.14, 0.24),
      bend: own(-0.12, 0.12),
      knob: own(0, 1) < 0.5 ? 0 : own(0.03, 0.06),
    });
    return {
      name,
      body: [2, 3, 4].map(() => [body(0, 0.28), body(0, 2 * Math.PI)] as const),
      attachments: [0, 1, 2].map(attachment),
    };
  });
}

/** Points of the body. */
const BODY = 24;
const RADIUS = 0.2;

/** One exemplar: body, then stalks and knobs; turned by up to 20°, scaled by up to 15 %, a little bent. */
export function drawObject({ body, attachments }: Family, key: Key): Stroke[] {
  const draw = drawer(key);
  const around = (size: number) => draw(-size, size);
  const turn = around(0.35);
  const scale = 1 + around(0.15);
  const [dx, dy] = [around(0.04), around(0.04)];
  const waves = body.map(([amplitude, phase]) => [amplitude + around(0.04), phase + around(0.15)] as const);
  const radius = (angle: number) =>
    RADIUS * (1 + waves.reduce((sum, [a, phase], i) => sum + a * Math.cos((i + 2) * angle + phase), 0));
  const place = (x: number, y: number): [number, number] => {
    const [c, s] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
    return [0.5 + dx + c * x - s * y, 0.5 + dy + s * x + c * y];
  };
  const polar = (r: number, angle: number) => place(r * Math.cos(angle), r * Math.sin(angle));
  const outline = Array.from({ length: BODY + 1 }, (_, i) => {
    const angle = ((i % BODY) / BODY) * 2 * Math.PI;
    return polar(radius(angle), angle);
  });
  const strokes: Stroke[] = [outline.flat()];
  for (const part of attachments) {
    const angle = part.angle + around(0.12);
    const from = radius(angle);
    const length = part.length * (1 + around(0.2));
    const side = (part.bend + around(0.03)) / from;
    strokes.push(
      [polar(from, angle), polar(from + length / 2, angle + side), polar(from + length, angle + side / 2)].flat(),
    );
    if (part.knob > 0) {
      const [cx, cy] = [(from + length) * Math.cos(angle + side / 2), (from + length) * Math.sin(angle + side / 2)];
      const knob = Array.from({ length: 9 }, (_, i) => {
        const turned = (i / 8) * 2 * Math.PI;
        return place(cx + part.knob * Math.cos(turned), cy + part.knob * Math.sin(turned));
      });
      strokes.push(knob.flat());
    }
  }
  return strokes;
}

/** The key of exemplar `index` of a family. */
export const exemplarKey = (key: Key, family: string, index: number): Key =>
  random.fold(random.fold(key, `exemplar of ${family}`), index);

export interface ObjectsOptions {
  readonly inputShape?: readonly number[];
  readonly key?: Key;
  /** Exemplars of each family. */
  readonly train?: number;
  readonly validation?: number;
  readonly test?: number;
}

/** The objects as pictures, in the shape that the extractor reads. @throws E_OPTION unless that is [C, H, W] */
export function glyphObjects({
  inputShape = [1, 28, 28],
  key = makeKey(0),
  train = 800,
  validation = 100,
  test = 200,
}: ObjectsOptions = {}): Split {
  const [channels, height, width] = inputShape;
  if (inputShape.length !== 3 || !channels || !height || !width) {
    fail(
      "E_OPTION",
      `Objects are pictures; examples of shape [${inputShape}] cannot show them.`,
      "Leave glyphs out of the streams.",
    );
  }
  const families = familiesOf(key);
  const part = (name: string, count: number): ArrayDataset => {
    const pixels = height! * width!;
    const inputs = new Uint8Array(count * families.length * channels! * pixels);
    const labels = new Int32Array(count * families.length);
    const canvas: Canvas = { width: width!, height: height!, data: new Float32Array(pixels) };
    for (let i = 0; i < labels.length; i++) {
      const label = (labels[i] = i % families.length);
      const number = Math.floor(i / families.length);
      paint(canvas, drawObject(families[label]!, exemplarKey(random.fold(key, name), FAMILIES[label]!, number)));
      for (let c = 0; c < channels!; c++) {
        for (let p = 0; p < pixels; p++) inputs[(i * channels! + c) * pixels + p] = 255 * canvas.data[p]!;
      }
    }
    return checkDataset({
      name: `glyphs/${name}`,
      task: "classification",
      inputs,
      inputShape,
      labels,
      classes: [...FAMILIES],
    });
  };
  return {
    train: part("train", train),
    validation: part("validation", validation),
    test: part("test", test),
    source: { name: "glyphs", title: "Novel objects (generated)", licence: "MIT" },
  };
}

function paint(canvas: Canvas, strokes: readonly Stroke[]): void {
  canvas.data.fill(0);
  for (const stroke of strokes) {
    const points = sampleCurve(stroke.map((v, i) => v * (i % 2 === 0 ? canvas.width : canvas.height) - 0.5));
    drawPolyline(canvas, points, { radius: [0.8, 0.8], ink: [1, 1], softness: 1 });
  }
}

/** An SVG path of the strokes in a square of `size`. */
export function svgPath(strokes: readonly Stroke[], size = 100): string {
  const show = (v: number) => (v * size).toFixed(1);
  return strokes
    .map((stroke) => {
      const points = sampleCurve(stroke);
      const pairs = Array.from(
        { length: points.length / 2 },
        (_, i) => `${show(points[2 * i]!)} ${show(points[2 * i + 1]!)}`,
      );
      return `M${pairs.join("L")}`;
    })
    .join("");
}
