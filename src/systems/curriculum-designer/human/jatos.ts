/**
 * Results as JATOS exports them: metadata.json names studies and their components, the events of a participant lie in
 * study_result_<id>/comp-result_<id>/data.txt. Read from a folder or from the archive (.zip, .jrzip) as it is.
 */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { unzipSync } from "fflate";
import { z } from "zod";
import { fail } from "../../../errors.ts";
import { type HumanScore, parseLog, scoreLog } from "./log.ts";

const Metadata = z.object({
  data: z
    .array(
      z.object({
        studyResults: z.array(
          z.object({
            id: z.union([z.number(), z.string()]),
            componentResults: z.array(z.object({ id: z.union([z.number(), z.string()]) })),
          }),
        ),
      }),
    )
    .min(1),
});

export interface Participant extends HumanScore {
  readonly id: string;
}

/** Scores every participant of an archive; those without data (who never began) are counted. @throws E_HUMAN_LOG */
export async function readJatos(place: string): Promise<{ participants: Participant[]; empty: number }> {
  const read = await opener(place);
  const bytes = await read("metadata.json");
  if (!bytes)
    return fail(
      "E_HUMAN_LOG",
      `"${place}" holds no metadata.json.`,
      "Export the results from JATOS with data and metadata.",
    );
  const metadata = Metadata.safeParse(parse(bytes, "metadata.json"));
  if (!metadata.success) {
    const [issue] = metadata.error.issues;
    return fail("E_HUMAN_LOG", `metadata.json of "${place}" has a wrong ${issue!.path.join(".")} (${issue!.message}).`);
  }
  const participants: Participant[] = [];
  let empty = 0;
  for (const { id, componentResults } of metadata.data.data.flatMap(({ studyResults }) => studyResults)) {
    const component = componentResults[0];
    const file = `study_result_${id}/comp-result_${component?.id}/data.txt`;
    const text = component && (await read(file));
    if (!text || text.length === 0) empty++;
    else participants.push({ id: String(id), ...scoreLog(parseLog(parse(text, file), file), file) });
  }
  return { participants, empty };
}

function parse(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    return fail("E_HUMAN_LOG", `${file} is not JSON.`, "Export it again.", cause);
  }
}

async function opener(place: string): Promise<(file: string) => Promise<Uint8Array | undefined>> {
  if (!existsSync(place))
    return fail("E_HUMAN_LOG", `There is no "${place}".`, "Name a folder or .zip of JATOS results.");
  if (statSync(place).isDirectory()) {
    return async (file) => {
      const full = path.join(place, file);
      return existsSync(full) ? readFile(full) : undefined;
    };
  }
  const bytes = await readFile(place);
  try {
    const files = unzipSync(bytes);
    return async (file) => files[file];
  } catch (cause) {
    return fail("E_HUMAN_LOG", `"${place}" is no readable archive.`, "Name a folder or .zip of JATOS results.", cause);
  }
}
