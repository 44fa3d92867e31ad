/** What the bank of losses must keep: zero at the teacher, frozen teachers, finite numbers, the invariances of each. */
import { describe, expect, it } from "vitest";
import { placeholder } from "../../tensor/graph.ts";
import { type HostTensor, random } from "../../tensor/index.ts";
import { ab } from "./ab.ts";
import { initAdapters, recordAdapters } from "./adapter.ts";
import { cc } from "./cc.ts";
import { crd } from "./crd.ts";
import { fsp } from "./fsp.ts";
import { ft } from "./ft.ts";
import { type Loss, teacherTargets } from "./loss.ts";
import { mgd } from "./mgd.ts";
import { nst } from "./nst.ts";
import { ofd } from "./ofd.ts";
import { pkt } from "./pkt.ts";
import { reviewKd } from "./reviewkd.ts";
import { rkd } from "./rkd.ts";
import { sp } from "./sp.ts";
import { type Case, evaluateLoss, matrix, values } from "./testing.ts";
import { vid } from "./vid.ts";

const B = 6;
const SHAPES = { low: [3, 4, 4], map: [3, 2, 2], f: [5] } as const;
const WIDER = { low: [4, 4, 4], map: [6, 2, 2], f: [7] } as const;
type Shapes = Readonly<Record<string, readonly number[]>>;
const labels = Array.from({ length: B }, (_, i) => i % 3);
const one = { student: "map", teacher: "map" };
const f = { student: "f", teacher: "f" };
const maps = [
  ["low", "low"],
  ["map", "map"],
] as const;

const matching: [string, Loss][] = [
  ["sp", sp(one)],
  ["pkt", pkt(f)],
  ["cc without embeddings", cc({ ...f, width: 0 })],
  ["nst", nst({ maps })],
  ["fsp", fsp({ maps })],
];
const learning: [string, Loss][] = [
  ["cc", cc({ ...f, width: 4 })],
  ["mgd", mgd(one)],
  ["ft", ft(one)],
  ["ab", ab({ maps })],
  ["ofd", ofd({ maps })],
  ["vid", vid({ maps })],
  ["reviewkd", reviewKd({ ...f, maps })],
  ["crd", crd({ ...f, width: 4, negatives: 3 })],
];

type Taps = Record<string, HostTensor>;
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const draw = (seed: number, shapes: Shapes = SHAPES, scale = 1): Taps =>
  Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const numbers = random.normal(random.fold(random.key(seed), name), B * sizeOf(shape));
      return [
        name,
        values(
          Array.from(numbers, (v) => v * scale),
          [B, ...shape],
        ),
      ];
    }),
  );
const scaled = (taps: Taps, factor: number): Taps =>
  Object.fromEntries(
    Object.entries(taps).map(([n, t]) => [
      n,
      values(
        Array.from(t.data as Float32Array, (v) => v * factor),
        t.shape,
      ),
    ]),
  );

/** A case with whatever adapters the loss declares, at their starting values. */
function prepared(loss: Loss, student: Taps, teacher: Taps): Case {
  const given: Case = {
    student: { taps: student },
    teacher: { taps: teacher },
    labels,
    ids: labels.map((_, i) => i),
    key: random.key(3),
    examples: { labels, classes: 3 },
  };
  const side = (taps: Taps) => ({
    logits: placeholder("z", "f32", [B, 3]),
    taps: new Map(Object.entries(taps).map(([n, t]) => [n, placeholder(n, "f32", t.shape)])),
  });
  const adapters = recordAdapters((scope) => {
    const batch = {
      labels: placeholder("y", "i32", [B]),
      ids: placeholder("i", "i32", [B]),
      key: placeholder("k", "i32", [2]),
    };
    loss(side(student), teacherTargets(side(teacher)), { ...batch, examples: given.examples!, adapters: scope });
  });
  const named = (layout: typeof adapters.state) => {
    const flat = initAdapters(layout, random.key(4));
    return Object.fromEntries(
      layout.entries.map((e) => [
        e.path.replace(/^adapter\./, ""),
        values(Array.from(flat.subarray(e.offset, e.offset + e.size)), e.shape),
      ]),
    );
  };
  return { ...given, adapters: named(adapters), state: named(adapters.state) };
}
const run = async (loss: Loss, student: Taps, teacher: Taps) =>
  evaluateLoss(loss, await prepared(loss, student, teacher));

const teacherGradient = (g: Record<string, number[]>) =>
  Object.entries(g)
    .filter(([name]) => name.startsWith("teacher"))
    .flatMap(([, v]) => v);
const studentGradient = (g: Record<string, number[]>) => Object.keys(SHAPES).flatMap((name) => g[name] ?? []);
const size = (g: readonly number[]) => Math.hypot(...g);

describe.each(matching)("%s", (_name, loss) => {
  it("is 0 with gradient 0 when the student equals the teacher, and neither when it does not", async () => {
    const [equal, different] = [await run(loss, draw(1), draw(1)), await run(loss, draw(1), draw(2))];
    expect(Math.abs(equal.value)).toBeLessThan(1e-5 * different.value);
    expect(size(studentGradient(equal.gradients))).toBeLessThan(1e-4 * size(studentGradient(different.gradients)));
    expect(different.value).toBeGreaterThan(1e-4);
  });
});

describe.each([...matching, ...learning])("%s", (name, loss) => {
  it("teaches the student and not the teacher, at other widths too", async () => {
    const wide = name === "cc without embeddings" ? SHAPES : WIDER;
    const { value, gradients } = await run(loss, draw(1), draw(2, wide));
    expect(Number.isFinite(value)).toBe(true);
    expect(size(studentGradient(gradients))).toBeGreaterThan(1e-7);
    expect(size(teacherGradient(gradients))).toBe(0);
  });

  it("is finite at zeros, at ±1e4 and at equal examples", async () => {
    const flat = (v: number): Taps =>
      Object.fromEntries(Object.entries(SHAPES).map(([n, s]) => [n, values(Array(B * sizeOf(s)).fill(v), [B, ...s])]));
    const extreme = scaled(draw(3), 1e4);
    for (const [s, t] of [
      [flat(0), flat(0)],
      [flat(0), extreme],
      [extreme, flat(0)],
      [extreme, scaled(extreme, -1)],
      [flat(1e4), flat(1e4)],
      [flat(-1e4), extreme],
    ] as [Taps, Taps][]) {
      const { value, gradients } = await run(loss, s, t);
      expect(Number.isFinite(value)).toBe(true);
      expect(studentGradient(gradients).every(Number.isFinite)).toBe(true);
    }
  });
});

describe("invariances", () => {
  it("sp, pkt and nst ignore a positive factor on the student's features", async () => {
    for (const loss of [sp(one), pkt(f), nst({ maps })]) {
      const plain = (await run(loss, draw(1), draw(2))).value;
      expect(Math.abs((await run(loss, scaled(draw(1), 40), draw(2))).value / plain - 1)).toBeLessThan(1e-4);
    }
    const plain = (await run(fsp({ maps }), draw(1), draw(2))).value;
    expect(Math.abs((await run(fsp({ maps }), scaled(draw(1), 2), draw(2))).value / plain - 1)).toBeGreaterThan(0.1);
  });

  it("sp and rkd do not depend on the order of the batch", async () => {
    const turn = ({ f: t }: Taps): Taps => {
      const [head, rest] = [
        Array.from(t!.data as Float32Array).slice(0, 10),
        Array.from(t!.data as Float32Array).slice(10),
      ];
      return { f: values([...rest, ...head], t!.shape) };
    };
    for (const loss of [sp(f), pkt(f), rkd(f)]) {
      const [a, b] = [await run(loss, draw(1), draw(2)), await run(loss, turn(draw(1)), turn(draw(2)))];
      expect(Math.abs(a.value / b.value - 1)).toBeLessThan(1e-5);
    }
  });

  it("sp by hand: orthogonal examples against equal ones", async () => {
    const [s, t] = [
      [
        [1, 0],
        [0, 1],
      ],
      [
        [1, 0],
        [1, 0],
      ],
    ];
    const { value } = await evaluateLoss(sp(f), {
      student: { taps: { f: matrix(s!, "f64") } },
      teacher: { taps: { f: matrix(t!, "f64") } },
    });
    expect(value).toBeCloseTo((2 * ((1 - Math.SQRT1_2) ** 2 + 0.5)) / 4, 12);
    expect(value).toBeCloseTo(0.2929, 4);
  });

  it("cc depends on the order of the batch, as its formula says", async () => {
    const at = async (s: number[]) =>
      (
        await evaluateLoss(cc({ ...f, width: 0 }), {
          student: { taps: { f: values(s, [3, 1], "f64") } },
          teacher: { taps: { f: values([0, 0, 0], [3, 1], "f64") } },
        })
      ).value;
    expect(await at([1, 2, 3])).toBeCloseTo((2 + 6) / 2, 12);
    expect(await at([2, 1, 3])).toBeCloseTo((2 + 3) / 2, 12);
  });

  it("mgd hides the stated share of channels, anew with every key", async () => {
    // A generator that copies: what is hidden is missing, squared 1 per position.
    const C = 4;
    const copy = values(
      Array.from({ length: C * C * 9 }, (_, i) =>
        i % 9 === 4 && Math.floor(i / 9) % C === Math.floor(i / (9 * C)) ? 1 : 0,
      ),
      [C, C, 3, 3],
    );
    const ones = values(Array(50 * C * 4).fill(1), [50, C, 2, 2]);
    const zero = values(Array(C).fill(0), [C]);
    const shares = await Promise.all(
      [1, 2].map(async (seed) => {
        const { value } = await evaluateLoss(mgd({ ...one, hidden: 0.3 }), {
          student: { taps: { map: ones } },
          teacher: { taps: { map: ones } },
          adapters: { weight: copy, bias: zero },
          key: random.key(seed),
        });
        return value / (C * 4);
      }),
    );
    // 200 channels: three standard deviations are 0.1.
    for (const share of shares) expect(Math.abs(share - 0.3)).toBeLessThan(0.1);
    expect(shares[0]).not.toBe(shares[1]);
  });

  it("ofd forgives what the ReLU hides", async () => {
    const at = async (s: number, t: number) => {
      // The connector is the identity: batch norm of ±s has mean 0, so its scale restores s.
      const pair = (v: number) => values([v, -v], [2, 1, 1, 1], "f64");
      const { value } = await evaluateLoss(ofd({ maps: [["m", "m"]] }), {
        student: { taps: { m: pair(s) } },
        teacher: { taps: { m: values([t, t], [2, 1, 1, 1], "f64") } },
        adapters: {
          "stage1.conv.weight": values([1], [1, 1, 1, 1], "f64"),
          "stage1.norm.scale": values([Math.sqrt(s * s + 1e-5)], [1], "f64"),
          "stage1.norm.shift": values([0], [1], "f64"),
        },
      });
      return value;
    };
    // Students 2 and -2. Teacher 1: both count, (1 + 9)/2. Teacher -1: only 2 exceeds it, 9/2.
    expect(await at(2, 1)).toBeCloseTo(5, 6);
    expect(await at(2, -1)).toBeCloseTo(4.5, 6);
  });
});
