/** The bars of the project and the verdicts on them. A number that could not be measured is no verdict. */
import { type Result, timesOf } from "./race.ts";
import { median } from "./statistics.ts";

export interface Verdict {
  readonly what: string;
  /** The most it may be. */
  readonly bar: number;
  readonly unit: "ratio" | "s" | "ms";
  readonly value?: number;
  readonly spread?: readonly [number, number];
  readonly note?: string;
}

/** Time per step over the faster of PyTorch eager and torch.compile. */
const TORCH: Readonly<Record<string, number>> = {
  "gpt-0.8m": 0.9,
  "gpt-3.2m": 0.85,
  "llama-3m": 0.85,
  mlp: 0.7,
  resnet20: 1,
  distill: 0.8,
};
/** Five times faster than JavaScript peers. */
const FASTER = 0.2;
const WASM_JOBS = ["gpt-0.8m", "gpt-3.2m", "resnet20"];
const WASM_PEERS = ["tfjs", "jaxjs"];
/** A step with stored answers over the plain step. */
const STORED = 1.05;
/** Trace, emit and session of GPT 0.8 M, s. */
const COMPILE = 1.5;
/** teach() over the bare step. */
export const TEACH = 1.05;
/** The longest that the process with the progress bar may be deaf, ms. */
export const BLOCK_MS = 50;
export const HELP_MS = 250;
const ENOUGH_STEPS = 20;

export const outcome = ({ value, bar }: Verdict) =>
  value === undefined ? "not measured" : value <= bar ? "meets" : "misses";

export function raceVerdicts(job: string, results: readonly Result[]): Verdict[] {
  const by = (id: string) => results.find((r) => r.id === id && r !== results[0]);
  const verdicts: Verdict[] = [];
  if (job in TORCH) {
    const torch = [by("torch-eager"), by("torch-compiled")].filter((r): r is Result => r?.ratio !== undefined);
    const faster = torch.sort((a, b) => median(timesOf(a)) - median(timesOf(b)))[0];
    verdicts.push(against(`${job} / the faster PyTorch`, TORCH[job]!, faster, faster?.title));
  }
  if (WASM_JOBS.includes(job)) {
    for (const id of WASM_PEERS) verdicts.push(against(`${job} / ${id}`, FASTER, by(id), by(id)?.why));
  }
  if (job === "distill-stored") verdicts.push(against("distill-stored / the plain step", STORED, by("lyceum")));
  if (job === "gpt-0.8m") {
    const seconds = results[0]?.facts.compileSeconds as number | undefined;
    verdicts.push({ what: `${job}: compile`, bar: COMPILE, unit: "s", ...(seconds && { value: seconds }) });
  }
  return verdicts;
}

function against(what: string, bar: number, result: Result | undefined, note?: string): Verdict {
  const steps = result ? timesOf(result).length : 0;
  const few = steps > 0 && steps < ENOUGH_STEPS ? `${steps} steps only` : "";
  const notes = [note, few].filter(Boolean).join(", ");
  const { ratio } = result ?? {};
  return {
    ...{ what, bar, unit: "ratio" },
    ...(ratio && { value: ratio.median, spread: ratio.quartiles }),
    ...(notes && { note: notes }),
  };
}
