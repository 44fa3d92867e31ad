/**
 * Whatever is wrong with the input, a user gets one message: what was given, what was expected, what to do; a stable
 * code; no stack; and the exit status that says whose turn it is. Each row is one way to go wrong.
 *
 * The commands run as users run them. The calls are the same for programs: a LyceumError, presented as on a terminal.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { present } from "../src/cli/present.ts";
import { batches } from "../src/data/batches.ts";
import { drawnDigits } from "../src/data/digits.ts";
import { download } from "../src/data/download.ts";
import { parseSafetensors } from "../src/data/safetensors.ts";
import { LyceumError } from "../src/errors.ts";
import { sgd } from "../src/nn/index.ts";
import { buildModel } from "../src/nn/zoo.ts";
import { lockFolder } from "../src/teaching/lock.ts";
import { crossEntropy } from "../src/teaching/losses/cross-entropy.ts";
import { kd } from "../src/teaching/losses/kd.ts";
import { teacherTargets } from "../src/teaching/losses/loss.ts";
import { createLoss } from "../src/teaching/losses/registry.ts";
import { teach } from "../src/teaching/teach.ts";
import { constant } from "../src/tensor/graph.ts";
import { evaluate, grad, host, program, random, type Tensor } from "../src/tensor/index.ts";
import { importOnnx } from "../src/tensor/onnx/import.ts";
import { idxFolder, npzOf, onnxFile, put, truncated } from "./support/bad.ts";
import { lyceum } from "./support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "lyceum-bad-"));
const at = (name: string, content: string | Uint8Array) => put(folder, name, content);
const env = { LYCEUM_CACHE: join(folder, "cache"), LYCEUM_STORE: join(folder, "store"), LYCEUM_DATA: "" };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What every message must be, whoever reads it. */
function checkMessage(text: string, code: string): void {
  const lines = text.trimEnd().split("\n");
  expect(lines[0]).toMatch(new RegExp(`^error ${code}: .{10,}[.!?]$`));
  // What to do, on a line of its own.
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^ {2}\S.{5,}[.!?]$/);
  expect(text).not.toMatch(/^\s+at .*:\d+|node:internal|(?<!received )\bundefined\b|\bNaN\b.*expected NaN|\[object /m);
}

interface Row {
  readonly name: string;
  readonly args: () => readonly string[];
  readonly code: string;
  readonly says: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

const commands: Row[] = [
  { name: "an unknown command", args: () => ["teech"], code: "E_USAGE", says: /teech[\s\S]*Did you mean teach\?/ },
  { name: "an unknown option", args: () => ["teach", "--sedes", "3"], code: "E_USAGE", says: /--sedes[\s\S]*--seeds/ },
  { name: "an option without its value", args: () => ["teach", "--data"], code: "E_USAGE", says: /argument missing/ },
  {
    name: "a number that is none",
    args: () => ["teach", "--seeds", "x"],
    code: "E_USAGE",
    says: /whole number from 1/,
  },
  {
    name: "a number out of range",
    args: () => ["teach", "--seeds", "0"],
    code: "E_USAGE",
    says: /whole number from 1/,
  },
  { name: "an argument too many", args: () => ["teach", "mnist"], code: "E_USAGE", says: /too many arguments/i },
  { name: "a missing argument", args: () => ["predict"], code: "E_USAGE", says: /missing required argument 'model'/i },
  {
    name: "data that do not exist",
    args: () => ["data", "show", join(folder, "nowhere")],
    code: "E_DATA_NOT_FOUND",
    says: /nowhere[\s\S]*Known names: drawn-digits/,
  },
  {
    name: "a mistyped data name",
    args: () => ["data", "show", "fashion-mnits"],
    code: "E_DATA_NOT_FOUND",
    says: /Did you mean "fashion-mnist"\?/,
  },
  {
    name: "a folder without data",
    args: () => ["data", "show", join(at("notes/readme.txt", "hello"), "..")],
    code: "E_DATA_UNKNOWN",
    says: /Expected one of: IDX files/,
  },
  {
    name: "a gzip file that was cut off",
    args: () => {
      const data = idxFolder(
        folder,
        "cut",
        20,
        Array.from({ length: 20 }, (_, i) => i % 2),
      );
      at("cut/train-images-idx3-ubyte.gz", truncated(gzipSync(random.bits(random.key(1), 400))));
      return ["data", "show", data];
    },
    code: "E_DATA_TRUNCATED",
    says: /stops early[\s\S]*Download it again/,
  },
  {
    name: "pictures and labels of different number",
    args: () => ["data", "show", idxFolder(folder, "uneven", 20, [0, 1, 1])],
    code: "E_DATA_SHAPE",
    says: /80 input values; 3 labels/,
  },
  {
    name: "one class only",
    args: () => ["data", "show", at("one.csv", `size,label\n${"1,cat\n".repeat(30)}`)],
    code: "E_DATA_CLASSES",
    says: /1 class/,
  },
  {
    name: "empty files",
    args: () => {
      const data = idxFolder(folder, "empty", 20, Array<number>(20).fill(0));
      at("empty/train-images-idx3-ubyte.gz", "");
      return ["data", "show", data];
    },
    code: "E_DATA_EMPTY",
    says: /empty/,
  },
  {
    name: "a table without a label column",
    args: () => ["data", "show", at("table.csv", "width,height\n1,2\n3,4\n")],
    code: "E_DATA_CLASSES",
    says: /no column[\s\S]*width, height/,
  },
  {
    name: "a table with text for numbers",
    args: () => ["data", "show", at("text.csv", "size,label\n1,cat\nbig,dog\n")],
    code: "E_DATA_FORMAT",
    says: /"big"[\s\S]*column "size" of row 2/,
  },
  {
    name: "an archive with other arrays",
    args: () => ["data", "show", at("other.npz", npzOf({ weights: { shape: [2], data: Float32Array.of(1, 2) } }))],
    code: "E_DATA_FORMAT",
    says: /Expected: /,
  },
  {
    name: "a Parquet file that is none",
    args: () => ["data", "show", at("bad.parquet", "not parquet at all")],
    code: "E_DATA_FORMAT",
    says: /bad\.parquet/,
  },
  {
    name: "a data set that cannot be fetched",
    args: () => ["data", "fetch", "cifar-100-16x16"],
    code: "E_DATA_NOT_FOUND",
    says: /nothing to download/,
  },
  {
    name: "a model that does not exist",
    args: () => ["predict", join(folder, "missing.onnx"), "a.png"],
    code: "E_NOT_FOUND",
    says: /missing\.onnx/,
  },
  {
    name: "a model that is no ONNX file",
    args: () => ["predict", at("text.onnx", "hello"), "a.png"],
    code: "E_ONNX_FORMAT",
    says: /ONNX/,
  },
  {
    name: "a model file that was cut off",
    args: () => ["inspect", at("cut.onnx", truncated(onnxFile()))],
    code: "E_ONNX_FORMAT",
    says: /complete/,
  },
  {
    name: "a model with two inputs for pictures",
    args: () => ["predict", at("two.onnx", onnxFile({ inputs: 2 })), "a.png"],
    code: "E_MODEL",
    says: /one picture/,
  },
  {
    name: "a picture that is none",
    args: () => ["predict", at("flat.onnx", onnxFile()), at("a.png", "no picture")],
    code: "E_DATA_IMAGE",
    says: /a\.png/,
  },
  {
    name: "a picture that does not exist",
    args: () => ["predict", at("flat.onnx", onnxFile()), join(folder, "gone.png")],
    code: "E_DATA_NOT_FOUND",
    says: /gone\.png/,
  },
  {
    name: "nothing to inspect",
    args: () => ["inspect", join(folder, "nothing")],
    code: "E_NOT_FOUND",
    says: /nothing/,
  },
  {
    name: "a report that was changed",
    args: () => ["inspect", join(at("run/report.json", '{"system": 3}'), "..")],
    code: "E_REPORT",
    says: /system/,
  },
  {
    name: "a report that was cut off",
    args: () => ["inspect", join(at("run2/report.json", '{"system": '), "..")],
    code: "E_REPORT",
    says: /truncated/,
  },
  { name: "pruning what is not said", args: () => ["store", "prune"], code: "E_USAGE", says: /--days/ },
  {
    name: "pruning an unknown entry",
    args: () => ["store", "prune", "abcdef"],
    code: "E_STORE_UNKNOWN",
    says: /abcdef[\s\S]*store list/,
  },
  {
    name: "a store entry that was changed",
    args: () => {
      at(`store/${"a".repeat(64)}/meta.json`, '{"version":1,"key":{"fields":{}}}');
      return ["store", "verify"];
    },
    code: "E_STORE_CORRUPT",
    says: /store prune/,
  },
];

/** A lesson that takes a second: 2x2 pictures, two classes. */
const tiny = (name: string): string[] => {
  const data = idxFolder(
    folder,
    name,
    200,
    Array.from({ length: 200 }, (_, i) => i % 2),
  );
  return ["teach", "--data", data, "--teacher", "mlp-tiny", "--student", "mlp-tiny", "--epochs", "1"];
};
const out = (name: string) => ["--out", join(folder, name)];

const lessons: Row[] = [
  {
    name: "an unknown loss",
    args: () => ["teach", "--loss", "kdd", ...out("l1")],
    code: "E_LOSS_UNKNOWN",
    says: /kd, dkd/,
  },
  {
    name: "a loss without weight",
    args: () => ["teach", "--loss", "kd:x", ...out("l2")],
    code: "E_LOSS_WEIGHT",
    says: /kd:x/,
  },
  {
    name: "no loss at all",
    args: () => ["teach", "--loss", ",", ...out("l3")],
    code: "E_LOSS_EMPTY",
    says: /Choose from/,
  },
  {
    name: "a lesson on data that do not exist",
    args: () => ["teach", "--data", "nowhere", ...out("l4")],
    code: "E_DATA_NOT_FOUND",
    says: /nowhere/,
  },
  {
    name: "a mistyped student",
    args: () => [...tiny("d5"), "--student", "cnn-smal", ...out("l5")],
    code: "E_MODEL_UNKNOWN",
    says: /cnn-small/,
  },
  {
    name: "a student module without a model",
    args: () => [...tiny("d6"), "--student", at("student.mjs", "export default 3;"), ...out("l6")],
    code: "E_STUDENT_MODULE",
    says: /student\.mjs[\s\S]*default export/,
  },
  {
    name: "a student module with a mistake",
    args: () => [...tiny("d7"), "--student", at("mistake.mjs", "export default (;"), ...out("l7")],
    code: "E_STUDENT_MODULE",
    says: /cannot be loaded/,
  },
  {
    name: "a teacher file that does not exist",
    args: () => [...tiny("d8"), "--teacher", join(folder, "gone.onnx"), ...out("l8")],
    code: "E_TEACHER_FILE",
    says: /gone\.onnx/,
  },
  {
    name: "a teacher file that is no ONNX file",
    args: () => [...tiny("d9"), "--teacher", at("noise.onnx", "noise"), ...out("l9")],
    code: "E_ONNX_FORMAT",
    says: /ONNX/,
  },
  {
    name: "a teacher with an unsupported operator",
    args: () => [...tiny("d10"), "--teacher", at("magic.onnx", onnxFile({ operators: ["Magic"] })), ...out("l10")],
    code: "E_ONNX_OPERATOR",
    says: /Magic \(1 time: "node0"\)/,
  },
  {
    name: "a teacher of other classes than the data",
    args: () => [...tiny("d11"), "--teacher", at("four.onnx", onnxFile({ input: [0, 1, 2, 2] })), ...out("l11")],
    code: "E_TEACH_CLASSES",
    says: /4 classes[\s\S]*has 2/,
  },
  {
    name: "a teacher for other pictures than the data",
    args: () => [...tiny("d12"), "--teacher", at("large.onnx", onnxFile()), ...out("l12")],
    code: "E_ONNX_INPUT",
    says: /28/,
  },
  {
    name: "a run folder below a file",
    args: () => [...tiny("d13"), "--out", join(at("file.txt", "x"), "run")],
    code: "E_WRITE",
    says: /is a file|not a folder/,
  },
  {
    name: "a run folder where nothing can be written",
    args: () => [...tiny("d14"), "--out", "/sys/lyceum/run"],
    code: "E_WRITE",
    says: /\/sys\/lyceum/,
  },
  {
    name: "a checkpoint that was changed",
    args: () => {
      at(
        "l15/arms/teacher/checkpoints/step-000000002.lyc",
        "LYSEAL01 and then nothing of sense, long enough to be one",
      );
      return [...tiny("d15"), ...out("l15")];
    },
    code: "E_CHECKPOINT_CORRUPT",
    says: /step-000000002\.lyc/,
  },
  {
    name: "the folder of another run",
    args: () => {
      at("l16/lesson.json", '{"data":"mnist"}');
      return [...tiny("d16"), ...out("l16")];
    },
    code: "E_RUN_MISMATCH",
    says: /other options/,
  },
  { name: "resuming nothing", args: () => ["resume", join(folder, "none")], code: "E_RUN_FOLDER", says: /no run/ },
  {
    name: "resuming a damaged run",
    args: () => ["resume", join(at("l18/lesson.json", '{"data":'), "..")],
    code: "E_RUN_FOLDER",
    says: /damaged/,
  },
  {
    name: "a folder in which another process works",
    args: () => [...tiny("d19"), ...out("locked")],
    code: "E_RUN_LOCKED",
    says: new RegExp(`process ${process.pid}`),
  },
  {
    name: "an option for language models without the task",
    args: () => ["teach", "--source", "offline"],
    code: "E_OPTION",
    says: /--source is for language models[\s\S]*--task text/,
  },
  {
    name: "a task that nobody teaches",
    args: () => ["teach", "--task", "music"],
    code: "E_USAGE",
    says: /music[\s\S]*classes, text/,
  },
  {
    name: "a loss of another task",
    args: () => ["teach", "--task", "text", "--loss", "dkd", ...out("t1")],
    code: "E_OPTION",
    says: /"dkd"[\s\S]*forward-kl/,
  },
  {
    name: "probabilities of a teacher that only speaks",
    args: () => ["teach", "--task", "text", "--teacher", "openai#x", "--loss", "jsd", ...out("t2")],
    code: "E_OPTION",
    says: /endpoint[\s\S]*sequence/,
  },
  {
    name: "text that does not exist",
    args: () => ["teach", "--task", "text", "--data", join(folder, "no.txt"), ...out("t3")],
    code: "E_CORPUS",
    says: /no\.txt/,
  },
  {
    name: "a text that is too short",
    args: () => ["teach", "--task", "text", "--data", at("short.txt", "abc"), ...out("t4")],
    code: "E_SHARES",
    says: /empty[\s\S]*more text/,
  },
  {
    name: "a student of no known size",
    args: () => ["teach", "--task", "text", "--student", "llama-7b", ...out("t5")],
    code: "E_MODEL_UNKNOWN",
    says: /llama-7b[\s\S]*llama-0\.2m/,
  },
  {
    name: "an ONNX teacher of texts that is not there",
    args: () => ["teach", "--task", "text", "--teacher", "nowhere.onnx", ...out("t6")],
    code: "E_TEACHER_FILE",
    says: /nowhere\.onnx[\s\S]*Name an \.onnx file/,
  },
  {
    name: "probabilities of an endpoint for a student with another tokeniser",
    args: () => [
      "teach",
      "--task",
      "text",
      "--teacher",
      "http://127.0.0.1:9/v1#x",
      "--loss",
      "forward-kl",
      ...out("t7"),
    ],
    code: "E_OPTION",
    says: /tokeniser of its own[\s\S]*loss sequence/,
  },
  {
    name: "a language model that does not exist",
    args: () => ["generate", join(folder, "no-model"), "--prompt", "a"],
    code: "E_DECODER_FILE",
    says: /no-model/,
  },
  {
    name: "a temperature that is none",
    args: () => ["generate", "x", "--temperature", "warm"],
    code: "E_USAGE",
    says: /number from 0/,
  },
  {
    name: "an empty stop text",
    args: () => ["generate", "x", "--prompt", "a", "--stop", ""],
    code: "E_OPTION",
    says: /--stop is empty/,
  },
  {
    name: "serving beyond this machine without a token",
    args: () => ["serve", join(folder, "no-model"), "--host", "0.0.0.0"],
    code: "E_SERVE",
    says: /0\.0\.0\.0[\s\S]*token/,
    env: { LYCEUM_TOKEN: "" },
  },
  { name: "labelling without a teacher", args: () => ["label"], code: "E_USAGE", says: /--teacher/ },
  {
    name: "questions that do not exist",
    args: () => ["label", "--teacher", "openai#x", "--data", join(folder, "no.jsonl"), ...out("q1")],
    code: "E_NOT_FOUND",
    says: /no\.jsonl/,
  },
  {
    name: "questions of another shape",
    args: () => ["label", "--teacher", "openai#x", "--data", at("q.jsonl", '{"question": "?"}'), ...out("q2")],
    code: "E_LABEL_ITEMS",
    says: /Line 1/,
  },
  {
    name: "a teacher without a model",
    args: () => ["label", "--teacher", "openai", "--data", at("q3.jsonl", '{"prompt": "?"}'), ...out("q3")],
    code: "E_ENDPOINT",
    says: /openai/,
  },
  {
    name: "one price of two",
    args: () => [
      ...["label", "--teacher", "openai#x", "--data", at("q4.jsonl", '{"prompt": "?"}'), "--price-input", "1"],
      ...out("q4"),
    ],
    code: "E_OPTION",
    says: /--price-output/,
  },
];

let lock: Awaited<ReturnType<typeof lockFolder>>;
beforeAll(async () => {
  lock = await lockFolder(join(folder, "locked"));
});
afterAll(() => lock.release());

describe("commands", () => {
  test.each([...commands, ...lessons])("$name: $code", async ({ args, code, says, env: more }) => {
    const { status, stdout, stderr } = await lyceum(args(), { env: { ...env, ...more } });
    expect(status).toBe(2);
    // Progress lines may stand before it; the message is the end.
    const message = stderr.slice(Math.max(0, stderr.lastIndexOf("error E_")));
    checkMessage(message, code);
    expect(message).toMatch(says);
    if (!args().includes("verify")) expect(stdout).toBe("");
  });
});

const tensor = (shape: readonly number[]) => constant(host(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape));
const outputs = (shape: readonly number[]) => ({ logits: tensor(shape), taps: new Map<string, Tensor>() });

let server: Server;
let address: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/missing") response.writeHead(404).end();
    else response.end("these are not the bytes");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

const calls: { name: string; call: () => unknown; code: string; says: RegExp }[] = [
  {
    name: "a product of shapes that do not fit",
    call: () => tensor([2, 3]).matmul(tensor([2, 3])),
    code: "E_SHAPE",
    says: /\[2, ?3\]/,
  },
  { name: "shapes that do not broadcast", call: () => tensor([2, 3]).add(tensor([4])), code: "E_SHAPE", says: /4/ },
  { name: "an axis that does not exist", call: () => tensor([2, 3]).sum([5]), code: "E_AXIS", says: /5/ },
  {
    name: "a reshape to another size",
    call: () => tensor([2, 3]).reshape([4]),
    code: "E_SHAPE",
    says: /\[2, ?3\][\s\S]*\[4\]/,
  },
  {
    name: "numbers for a wrong shape",
    call: () => host([1, 2, 3], [2, 2]),
    code: "E_SHAPE",
    says: /3[\s\S]*\[2, ?2\]/,
  },
  {
    name: "a symbolic value for a number",
    call: () => program((x: Tensor) => x)(tensor([1]) as unknown as number),
    code: "E_ARGUMENT",
    says: /symbolic/,
  },
  {
    name: "a gradient of something that is no number",
    call: () => grad(tensor([2]), [tensor([2])]),
    code: "E_GRAD_SCALAR",
    says: /\[2\]/,
  },
  {
    name: "a gradient with respect to something else",
    call: () => grad(tensor([2]).sum(), [tensor([3])]),
    code: "E_GRAD_INDEPENDENT",
    says: /depend/,
  },
  {
    name: "a graph without a value",
    call: () => evaluate({ x: 3 as unknown as Tensor }),
    code: "E_RESULT",
    says: /number/,
  },
  {
    name: "teacher and student of different classes",
    call: () => kd()(outputs([4, 10]), teacherTargets(outputs([4, 100])), { labels: tensor([4]) }),
    code: "E_LOSS_CLASSES",
    says: /10\][\s\S]*100\]/,
  },
  {
    name: "a loss that needs a tap which is not there",
    call: () => createLoss([{ name: "at", weight: 1 }], new Map(), new Map()),
    code: "E_TAP",
    says: /Choose another loss/,
  },
  {
    name: "a mistyped model",
    call: () => buildModel("cnn-smal", { inputShape: [1, 28, 28], classes: 10 }),
    code: "E_MODEL_UNKNOWN",
    says: /cnn-small/,
  },
  {
    name: "an operator that cannot be imported",
    call: () => importOnnx(onnxFile({ operators: ["Flatten", "Magic"] })),
    code: "E_ONNX_OPERATOR",
    says: /Magic/,
  },
  {
    name: "weights that were cut off",
    call: () => parseSafetensors(Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 123), "weights.safetensors"),
    code: "E_DATA_TRUNCATED",
    says: /weights\.safetensors/,
  },
  {
    name: "a batch larger than the data",
    call: async () =>
      batches((await drawnDigits({ train: 20, validation: 10, test: 10 })).train, { batchSize: 64, key: [0, 0] }),
    code: "E_DATA_BATCH",
    says: /64/,
  },
  {
    name: "a loss that becomes infinite",
    call: async () => {
      const { train } = await drawnDigits({ train: 64, validation: 10, test: 10 });
      const model = buildModel("mlp-tiny", { inputShape: train.inputShape, classes: 10 });
      const plan = {
        stage: "student",
        network: { model },
        data: train,
        loss: crossEntropy(),
        steps: 20,
        batchSize: 32,
      };
      await drain(teach({ ...plan, optimiser: sgd({ lr: 1e30 }), key: random.key(1) }));
    },
    code: "E_DIVERGED",
    says: /student/,
  },
  {
    name: "a download that does not exist",
    call: () => drain(download(`${address}/missing`, join(folder, "missing.bin"))),
    code: "E_DOWNLOAD_STATUS",
    says: /404/,
  },
  {
    name: "a download with a wrong checksum",
    call: () => drain(download(`${address}/file`, join(folder, "file.bin"), { sha256: "0".repeat(64) })),
    code: "E_DATA_CHECKSUM",
    says: /0000/,
  },
];

describe("calls", () => {
  test.each(calls)("$name: $code", async ({ call, code, says }) => {
    const error: unknown = await Promise.resolve()
      .then(call)
      .then(
        () => "nothing went wrong",
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(LyceumError);
    const { text, status } = present(error);
    expect(status).toBe(2);
    checkMessage(text, code);
    expect(text).toMatch(says);
  });
});

test("a full disk: E_DISK_FULL, and the run can go on when there is room", async ({ skip }) => {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  // Needs the right to mount; elsewhere write.test.ts of the report covers the same message.
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "lyceum-test", disk]).status === 0;
  skip(!mounted, "no right to mount");
  try {
    // Nearly full: the first files fit, the checkpoints do not.
    writeFileSync(join(disk, "ballast"), new Uint8Array(52 * 1024));
    const full = await lyceum([...tiny("d20"), "--out", join(disk, "run")], { env });
    expect(full.status).toBe(2);
    const message = full.stderr.slice(full.stderr.lastIndexOf("error E_"));
    checkMessage(message, "E_DISK_FULL");
    expect(message).toMatch(/Free some space/);
    spawnSync("mount", ["-o", "remount,size=8m", disk]);
    expect((await lyceum(["resume", join(disk, "run")], { env })).status).toBe(0);
  } finally {
    spawnSync("umount", [disk]);
  }
});

test("there are at least 40 ways to go wrong", () => {
  expect(commands.length + lessons.length + calls.length).toBeGreaterThanOrEqual(40);
});
