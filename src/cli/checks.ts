/**
 * What `lyceum doctor` looks at: the machine, the engine, and the laws that every loss must keep (rule 2 of the house).
 *
 * A check returns what it saw, or throws with what is wrong. They are independent: a broken one does not hide the next.
 */
import { access, constants, mkdir } from "node:fs/promises";
import os from "node:os";
import { cacheFolder } from "../data/resolve.ts";
import { fail } from "../errors.ts";
import { significant } from "../teaching/report/format.ts";
import { currentBackend, grad, host, program, scalarOf, type Tensor, toNumbers } from "../tensor/index.ts";
import { lossChecks } from "./loss-checks.ts";

export interface Check {
  readonly name: string;
  readonly run: () => Promise<string>;
}

const MINIMUM = [20, 19] as const;

export function checks(): Check[] {
  return [
    { name: "node", run: node },
    { name: "engine", run: engine },
    { name: "speed", run: speed },
    { name: "gradient", run: gradient },
    { name: "current folder", run: () => writable(process.cwd()) },
    { name: "cache", run: () => writable(cacheFolder()) },
    ...lossChecks(),
  ];
}

async function node(): Promise<string> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
    fail("E_NODE", `Node ${process.versions.node} is running; ${MINIMUM.join(".")} or newer was expected.`);
  }
  return process.versions.node;
}

/** A product that f32 holds exactly: [[1,2,3],[4,5,6]] · [[7,8],[9,10],[11,12]]. */
async function engine(): Promise<string> {
  const product = program((a: Tensor, b: Tensor) => a.matmul(b));
  const got = toNumbers(await product(host([1, 2, 3, 4, 5, 6], [2, 3]), host([7, 8, 9, 10, 11, 12], [3, 2])));
  await product.release();
  if (got.join() !== "58,64,139,154") {
    fail("E_ENGINE", `The engine says [${got}] where [58,64,139,154] was expected.`, "Install again: npm ci.");
  }
  const { name, note } = await currentBackend();
  return note ? `${name} (${note})` : name;
}

async function speed(): Promise<string> {
  const n = 512;
  const product = program((a: Tensor, b: Tensor) => a.matmul(b), { reuse: true });
  const matrix = () => host(new Float32Array(n * n).fill(0.5), [n, n]);
  const [a, b] = [matrix(), matrix()];
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const start = performance.now();
    await product(a, b);
    best = Math.min(best, performance.now() - start);
  }
  await product.release();
  const threads = Number(process.env.LYCEUM_THREADS) || os.availableParallelism();
  return `${significant((2 * n ** 3) / best / 1e6)} GFLOP/s (product of ${n}x${n} matrices, ${threads} threads)`;
}

/** d/dx x³ = 3x² and, once more, 6x, at x = 2. */
async function gradient(): Promise<string> {
  const derivatives = program((x: Tensor) => {
    const [first] = grad(x.mul(x).mul(x), [x]) as [Tensor];
    return { first, second: grad(first, [x])[0]! };
  });
  const { first, second } = await derivatives(2);
  await derivatives.release();
  if (scalarOf(first) !== 12 || scalarOf(second) !== 12) {
    fail(
      "E_ENGINE",
      `x³ has the derivatives ${scalarOf(first)} and ${scalarOf(second)} at 2; 12 and 12 were expected.`,
    );
  }
  return "first and second order";
}

async function writable(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    return fail("E_WRITE", `${folder} cannot be written.`, "Choose another folder, or set LYCEUM_CACHE.", cause);
  }
  return folder;
}
