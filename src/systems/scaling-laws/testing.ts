/** For tests: what a sweep would leave if its runs obeyed given laws. Not part of the package. */
import { random } from "../../tensor/index.ts";
import type { Outcome, Outcomes } from "../system.ts";
import { costOf, member } from "./family.ts";
import { type Laws, studentLoss, supervisedLoss } from "./law.ts";
import type { Options } from "./options.ts";
import { planSweep, type RunTask, runId, teacherTask } from "./sweep.ts";

/** Laws of the kind that the family of small models follows: losses between 1.9 and 3 for thousands of tokens. */
export const SMALL_LAWS: Laws = {
  supervised: { E: 1.9, A: 120, B: 1400, alpha: 0.65, beta: 0.62, gamma: 0.7 },
  distillation: { A: 90, B: 2600, alpha: 0.6, beta: 0.72, gamma: 0.8, c0: 1.2, kappa: 4, p: 5, d1: 1.1 },
};

/** `noise`: standard deviation of log loss. */
export function obedientOutcomes(options: Options, laws: Laws, vocabulary: number, noise = 0.001): Outcomes {
  const plan = planSweep(options).filter(({ task }) => task.kind === "run");
  const wobble = random.normal(random.fold(random.key(4), "wobble"), plan.length);
  const lossOf = (task: RunTask, i: number): number => {
    const { N } = costOf(member(task.layers, vocabulary));
    const D = task.tokens;
    const at = task.teacher && plan.findIndex(({ id }) => id === runId(teacherTask(task.teacher!)));
    const exact =
      at === undefined
        ? supervisedLoss(laws.supervised, N, D)
        : studentLoss(laws, { N, D, LT: lossOf(plan[at]!.task as RunTask, at) });
    const tried = task.rate === undefined ? 0 : 0.05 * Math.abs(Math.log(task.rate / 0.03));
    return exact * Math.exp(noise * wobble[i]! + tried);
  };
  return new Map(
    plan.map(({ id, task: any }, i): [string, Outcome] => {
      const task = any as RunTask;
      const model = member(task.layers, vocabulary);
      const { N, flops } = costOf(model);
      const teacher = task.teacher && runId(teacherTask(task.teacher));
      const at = plan.findIndex((c) => c.id === teacher);
      const loss = lossOf(task, i);
      const facts = {
        ...{ role: task.role, N, D: task.tokens, loss, seed: task.seed, layers: task.layers, unit: "nats" },
        ...{ dModel: model.config.width, vocab: vocabulary, nCtx: 64, rate: task.rate ?? 0.03, seconds: 1 },
        ...(teacher !== undefined && { teacherId: teacher, LT: lossOf(plan[at]!.task as RunTask, at) }),
      };
      return [id, { metrics: { loss, entropy: 1.9, rate: 0.03 }, params: N, flops, seconds: 1, facts }];
    }),
  );
}
