/**
 * The few functions of ONNX Runtime's C API that a session needs, called in the library that onnxruntime-node brings.
 *
 * The API is one table of functions whose order never changes: a version only adds to its end. Places are those of
 * `struct OrtApi` in onnxruntime_c_api.h; all of them exist since version 1.8.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import koffi from "koffi";
import { fail } from "../../errors.ts";

/** An address in native memory. */
export type Pointer = unknown;
type Native = (...args: unknown[]) => unknown;

/** Asked of the library; every later one has it, too. */
const API_VERSION = 20;
const FUNCTIONS = 166;

/** Place in the table and C declaration. Functions that return a status fail with its message. */
const DECLARED = {
  errorMessage: [2, "const char* ortErrorMessage(void*)"],
  createEnvironment: [3, "void* ortCreateEnv(int, const char*, _Out_ void**)"],
  createSession: [8, "void* ortCreateSession(void*, void*, size_t, void*, _Out_ void**)"],
  run: [9, "void* ortRun(void*, void*, void*, void*, size_t, void*, size_t, void*)"],
  createOptions: [10, "void* ortCreateOptions(_Out_ void**)"],
  setLogSeverity: [22, "void* ortSetLogSeverity(void*, int)"],
  setThreads: [24, "void* ortSetThreads(void*, int)"],
  createRunOptions: [39, "void* ortCreateRunOptions(_Out_ void**)"],
  wrapTensor: [49, "void* ortWrapTensor(void*, void*, size_t, void*, size_t, int, _Out_ void**)"],
  tensorData: [51, "void* ortTensorData(void*, _Out_ void**)"],
  elementType: [60, "void* ortElementType(void*, _Out_ int*)"],
  rank: [61, "void* ortRank(void*, _Out_ size_t*)"],
  sizes: [62, "void* ortSizes(void*, void*, size_t)"],
  typeAndShape: [65, "void* ortTypeAndShape(void*, _Out_ void**)"],
  createCpuMemory: [69, "void* ortCreateCpuMemory(int, int, _Out_ void**)"],
  releaseStatus: [93, "void ortReleaseStatus(void*)"],
  releaseSession: [95, "void ortReleaseSession(void*)"],
  releaseValue: [96, "void ortReleaseValue(void*)"],
  releaseRunOptions: [97, "void ortReleaseRunOptions(void*)"],
  releaseTypeAndShape: [99, "void ortReleaseTypeAndShape(void*)"],
  releaseOptions: [100, "void ortReleaseOptions(void*)"],
  configure: [130, "void* ortConfigure(void*, const char*, const char*)"],
  configureRun: [165, "void* ortConfigureRun(void*, const char*, const char*)"],
} as const;

type Name = keyof typeof DECLARED;

export interface CApi {
  /** Calls a function that returns a status. @throws Error with ONNX Runtime's message */
  check(name: Name, ...args: unknown[]): void;
  /** The same for a function whose last argument is where its result goes. */
  make(name: Name, ...args: unknown[]): Pointer;
  /** Calls a function that returns nothing. */
  release(name: Name, value: Pointer): void;
  /** "1.30.0" */
  readonly version: string;
}

let loaded: CApi | undefined;

/** @throws E_BACKEND where the library is missing or of another kind than expected */
export function cApi(): CApi {
  loaded ??= load();
  return loaded;
}

function load(): CApi {
  const library = koffi.load(libraryFile());
  const base = library.func("void* OrtGetApiBase()")() as Pointer;
  const [getApi, getVersion] = koffi.decode(base, koffi.array("void*", 2)) as [Pointer, Pointer];
  const version = koffi.call(getVersion, koffi.proto("const char* ortGetVersion()")) as string;
  const api = koffi.call(getApi, koffi.proto("void* ortGetApi(uint32_t)"), API_VERSION) as Pointer | null;
  if (api === null) return fail("E_BACKEND", `ONNX Runtime ${version} does not offer its C API ${API_VERSION}.`);
  const table = koffi.decode(api, koffi.array("void*", FUNCTIONS)) as Pointer[];
  const functions = Object.fromEntries(
    Object.entries(DECLARED).map(([name, [place, declaration]]) => {
      const type = koffi.proto(declaration);
      return [name, (...args: unknown[]) => koffi.call(table[place]!, type, ...args)];
    }),
  ) as unknown as Record<Name, Native>;
  const check = (name: Name, ...args: unknown[]): void => {
    const status = functions[name](...args);
    if (!status) return;
    const message = String(functions.errorMessage(status));
    functions.releaseStatus(status);
    throw new Error(message);
  };
  return {
    version,
    check,
    make: (name, ...args) => {
      const out: [Pointer] = [null];
      check(name, ...args, out);
      return out[0];
    },
    release: (name, value) => {
      functions[name](value);
    },
  };
}

/** bin/napi-v6/linux/x64/libonnxruntime.so.1 and the like, beside onnxruntime-node's own binding. */
function libraryFile(): string {
  const main = createRequire(import.meta.url).resolve("onnxruntime-node");
  const bin = join(dirname(main), "..", "bin");
  const [api] = readdirSync(bin).filter((name) => name.startsWith("napi-"));
  const folder = join(bin, String(api), process.platform, process.arch);
  const file = readdirSync(folder).find((name) => /^(lib)?onnxruntime\.(so|dll|[\d.]*dylib)/.test(name));
  return file ? join(folder, file) : fail("E_BACKEND", `${folder} holds no library of ONNX Runtime.`);
}
