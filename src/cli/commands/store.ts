/** `lyceum store list|verify|prune`: teacher outputs that were computed once and are read by every student. */
import type { Command } from "commander";
import { fail } from "../../errors.ts";
import { whole } from "../options.ts";

export function store(program: Command): void {
  const command = program.command("store").description("look after stored teacher outputs");
  command.command("list").description("list the entries: teacher, data, size").action(list);
  command.command("verify").description("read every entry and check it against its address").action(verify);
  command
    .command("prune")
    .description("remove an entry, or those that were not used for a while")
    .argument("[id]", "the entry, or the first four or more characters of its id")
    .option("--days <n>", "remove what was last used n or more days ago", whole(0, 100_000))
    .action(prune);
}

async function list(): Promise<void> {
  const [{ listStore }, { storeFolder }, { columns }, { bytes, thousands }] = await Promise.all([
    import("../../teaching/store-tools.ts"),
    import("../../teaching/folders.ts"),
    import("../columns.ts"),
    import("../../teaching/report/format.ts"),
  ]);
  const entries = await listStore(storeFolder());
  const rows = entries.map(({ id, key, chunks, present, bytes: size }) => [
    id.slice(0, 12),
    key.teacher.slice(0, 12),
    key.data.slice(0, 12),
    `${thousands(key.rows)}`,
    Object.keys(key.fields).join(", "),
    bytes(size),
    present === chunks ? "whole" : `${present} of ${chunks} chunks`,
  ]);
  const head = ["entry", "teacher", "data", "rows", "fields", "size", "state"];
  process.stdout.write(
    rows.length > 0
      ? `${columns([head, ...rows], process.stdout.columns || 100)}\n`
      : `Nothing is stored in ${storeFolder()}.\n`,
  );
}

async function verify(): Promise<void> {
  const [{ verifyStore }, { storeFolder }] = await Promise.all([
    import("../../teaching/store-tools.ts"),
    import("../../teaching/folders.ts"),
  ]);
  const { chunks, problems } = await verifyStore(storeFolder());
  for (const { code, message } of problems) process.stdout.write(`${code}: ${message}\n`);
  process.stdout.write(`${chunks} chunks read, ${problems.length} problems\n`);
  if (problems.length > 0) {
    fail(
      "E_STORE_CORRUPT",
      `${problems.length} of the stored teacher outputs cannot be trusted (named above).`,
      "Remove them with lyceum store prune <id>; they will be computed again.",
    );
  }
}

async function prune(id: string | undefined, { days }: { days?: number }): Promise<void> {
  if ((id === undefined) === (days === undefined)) {
    fail("E_USAGE", "One entry, or --days <n>, was expected.", "See lyceum store list.");
  }
  const [{ pruneStore }, { storeFolder }] = await Promise.all([
    import("../../teaching/store-tools.ts"),
    import("../../teaching/folders.ts"),
  ]);
  const removed = await pruneStore(storeFolder(), id === undefined ? { days: days! } : { id });
  process.stdout.write(`removed ${removed.length}${removed.map((name) => `\n  ${name}`).join("")}\n`);
}
