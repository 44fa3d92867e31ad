import { expect, test } from "vitest";
import { host, key } from "../tensor/index.ts";
import { fromRecord, toRecord } from "./io.ts";
import { buildModel } from "./zoo.ts";

const model = buildModel("cnn-tiny", { inputShape: [1, 8, 8], classes: 3 });
const values = model.init(key(3));
const record = toRecord(model, values);

test("there and back again, also from f64 and under other names", () => {
  expect(fromRecord(model, record)).toEqual(values);
  const foreign = Object.fromEntries(
    Object.entries(record).map(([path, t]) => [
      `net.${path}`,
      host(Float64Array.from(t.data as Float32Array), t.shape),
    ]),
  );
  foreign["net.stage1.0.bn.num_batches_tracked"] = host(new BigInt64Array(1), []);
  expect(fromRecord(model, foreign, { rename: (path) => `net.${path}` })).toEqual(values);
});

test("a record holds copies", () => {
  expect(record["fc.bias"]!.data.buffer).not.toBe(values.params.buffer);
});

test("what does not fit is named", () => {
  const { "fc.bias": bias, ...without } = record;
  expect(() => fromRecord(model, without)).toThrow('cnn-tiny needs "fc.bias", which is not there.');
  expect(() => fromRecord(model, { ...record, extra: bias! })).toThrow("no place for 1 of 23 tensors: extra.");
  expect(() => fromRecord(model, { ...record, "fc.bias": host([1]) })).toThrow('"fc.bias" has shape [3]');
});
