import { expect, test } from "vitest";
import { fastestKernels, groupBy, type TraceEvent } from "./trace.ts";

const event = (name: string, node: string, op: string, dur: number): TraceEvent => ({
  cat: "Node",
  name,
  dur,
  args: {
    op_name: op,
    node_index: node,
    input_type_shape: [{ float: [4, 8] }, { float: [8] }],
    output_type_shape: [{ float: [4, 8] }],
  },
});

test("a node counts once, with its fastest run; fences and session events do not count", () => {
  const events: TraceEvent[] = [
    { cat: "Session", name: "model_run", dur: 999 },
    event("a_fence_before", "0", "Add", 50),
    event("a_kernel_time", "0", "Add", 9),
    event("b_kernel_time", "1", "Mul", 4),
    event("a_kernel_time", "0", "Add", 5),
    event("c_kernel_time", "2", "Add", 1),
  ];
  const kernels = fastestKernels(events);
  expect(groupBy(kernels, ({ op }) => op)).toEqual([
    { key: "Add", us: 6, count: 2 },
    { key: "Mul", us: 4, count: 1 },
  ]);
  expect(kernels[0]!.shapes).toBe("[4,8] [8] -> [4,8]");
});
