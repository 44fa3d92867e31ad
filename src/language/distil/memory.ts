/**
 * Responses of an epoch, kept on disk. What a student said at the beginning of an epoch follows from parameters that are
 * gone in the middle of it: a lesson that goes on there needs what was said, not a key.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { fail } from "../../errors.ts";
import { makeFolder } from "../../teaching/files.ts";
import { readSealed, writeSealed } from "../../teaching/sealed.ts";

export interface EpochMemory {
  load(epoch: number): Promise<Int32Array[] | undefined>;
  save(epoch: number, responses: readonly Int32Array[]): Promise<void>;
}

/** All epochs stay: a checkpoint may be many short epochs old. @throws E_DISTIL for a damaged file */
export function fileMemory(folder: string): EpochMemory {
  const fileOf = (epoch: number) => path.join(folder, `epoch-${epoch}.lyc`);
  return {
    async load(epoch) {
      const file = fileOf(epoch);
      if (!existsSync(file)) return undefined;
      const { about, arrays } = await readSealed(file).catch((cause: unknown) =>
        fail("E_DISTIL", `The responses in ${file} are damaged.`, "Delete the run's folder to begin again.", cause),
      );
      // Sealed files hold f32, exact for ids below 2^24.
      const all = arrays.get("tokens")!;
      let from = 0;
      return (about as { lengths: number[] }).lengths.map((length) =>
        Int32Array.from(all.subarray(from, (from += length))),
      );
    },
    async save(epoch, responses) {
      await makeFolder(folder);
      const lengths = responses.map(({ length }) => length);
      const all = new Float32Array(lengths.reduce((a, b) => a + b, 0));
      let from = 0;
      for (const response of responses) {
        all.set(response, from);
        from += response.length;
      }
      await writeSealed(fileOf(epoch), { lengths }, { tokens: all });
    },
  };
}
