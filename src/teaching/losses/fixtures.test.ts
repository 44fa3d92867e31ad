/** Values and gradients against PyTorch, in f64 (test/fixtures/losses.py says what each case is). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../tensor/index.ts";
import { at } from "./at.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { dist } from "./dist.ts";
import { dkd } from "./dkd.ts";
import { fitnet } from "./fitnet.ts";
import { kd } from "./kd.ts";
import { forwardKl, generalisedJsd, reverseKl, skewKl, skewReverseKl } from "./language/divergences.ts";
import { IGNORED, onTokens } from "./language/tokens.ts";
import type { Loss } from "./loss.ts";
import { pkt } from "./pkt.ts";
import { rkd } from "./rkd.ts";
import { sp } from "./sp.ts";
import { type Case, evaluateLoss, values } from "./testing.ts";
import { weighted } from "./weighted.ts";

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}
interface Fixture {
  readonly name: string;
  readonly loss: string;
  readonly options: Record<string, number>;
  readonly inputs: Record<string, Numbers>;
  readonly constants: Record<string, Numbers>;
  readonly value: number;
  readonly gradients: Record<string, Numbers>;
}

const path = new URL("../../../test/fixtures/losses.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: Fixture[] };

const taps = { student: "f", teacher: "f" };
const build: Record<string, (o: Record<string, number>) => Loss> = {
  crossEntropy: () => crossEntropy(),
  labelSmoothing: (o) => crossEntropy({ smoothing: o.epsilon! }),
  kd: (o) => weighted({ ce: [o.ceWeight!, crossEntropy()], kd: [o.kdWeight!, kd({ temperature: o.temperature! })] }),
  dkd: (o) => dkd(o),
  dist: (o) => dist({ temperature: o.tau!, beta: o.beta!, gamma: o.gamma! }),
  fitnet: () => fitnet(taps),
  at: () => at({ pairs: [["f", "f"]] }),
  rkd: (o) => rkd({ ...taps, distance: o.distanceWeight!, angle: o.angleWeight! }),
  sp: () => sp(taps),
  pkt: () => pkt(taps),
  forwardKl: () => onTokens(forwardKl()),
  reverseKl: () => onTokens(reverseKl()),
  jsd: (o) => onTokens(generalisedJsd(o.beta!)),
  skewKl: (o) => onTokens(skewKl(o.lambda!)),
  skewReverseKl: (o) => onTokens(skewReverseKl(o.lambda!)),
};

describe("losses agree with PyTorch", () => {
  it("covers every loss that has a fixture", () => {
    expect([...new Set(cases.map((c) => c.loss))].sort()).toEqual(Object.keys(build).sort());
  });

  it.each(cases.map((c) => [c.name, c] as const))("%s", async (_name, c) => {
    const { given, key } = asCase(c);
    const { value, gradients } = await evaluateLoss(build[c.loss]!(c.options), given);
    // f64 on both sides: 1e-9 leaves room for the order of summation and the guards of the roots (1e-12 and below).
    expect(Math.abs(value - c.value)).toBeLessThan(1e-9 * Math.max(1, Math.abs(c.value)));
    for (const [name, expected] of Object.entries(c.gradients)) {
      const actual = gradients[key(name)]!;
      const scale = Math.max(1e-3, ...expected.data.map(Math.abs));
      // PyTorch stores the 1×1 kernel as [C_t, C_s]; the adapter holds its transpose.
      const wanted = name === "weight" ? transpose(expected) : expected.data;
      expect(Math.max(...wanted.map((w, i) => Math.abs(w - actual[i]!)))).toBeLessThan(1e-8 * scale);
    }
  });
});

function transpose({ shape, data }: Numbers): number[] {
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: data.length }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
}

function asCase(c: Fixture): { given: Case; key: (name: string) => string } {
  const isTap = ["fitnet", "at", "rkd", "sp", "pkt"].includes(c.loss);
  const tensor = (n: Numbers): HostTensor => values(n.data, n.shape, "f64");
  const side = (t: HostTensor) => (isTap ? { taps: { f: t } } : { logits: t });
  const { teacher, mask } = c.constants;
  const { weight, bias } = c.inputs;
  const adapters = weight &&
    bias && { weight: values(transpose(weight), [weight.shape[1]!, weight.shape[0]!], "f64"), bias: tensor(bias) };
  return {
    given: {
      student: side(tensor(c.inputs.student!)),
      ...(teacher && { teacher: side(tensor(teacher)) }),
      ...(c.constants.labels && { labels: c.constants.labels.data }),
      ...(mask && {
        tokens: values(
          mask.data.map((kept) => (kept ? 0 : IGNORED)),
          mask.shape,
          "i32",
        ),
      }),
      ...(adapters && { adapters }),
    },
    key: (name) => (name === "student" ? (isTap ? "f" : "logits") : `adapter.${name}`),
  };
}
