/** `lyceum data list|fetch|show`: the catalogue, downloads, and what a folder or file is understood as. */
import type { Command } from "commander";
import { terminal } from "../terminal.ts";

export function data(program: Command): void {
  const command = program.command("data").description("list, fetch and look at data sets");
  command.command("list").description("list the data sets known by name, and where each one is").action(list);
  command
    .command("fetch")
    .description("download a data set into the cache, with checksums; an interrupted download continues")
    .argument("<name>", "a name from lyceum data list")
    .action(fetch);
  command
    .command("show")
    .description("say what a name, folder or file is understood as: parts, shape, classes, origin")
    .argument("<data>", "a name from lyceum data list, or a path")
    .action(show);
}

async function list(): Promise<void> {
  const [{ CATALOGUE }, { dataFolders }, { columns }, { existsSync }, { bytes }] = await Promise.all([
    import("../../data/catalogue.ts"),
    import("../../data/resolve.ts"),
    import("../columns.ts"),
    import("node:fs"),
    import("../../teaching/report/format.ts"),
  ]);
  const rows = CATALOGUE.map(({ name, title, format, files, licence }) => {
    const here = dataFolders(name).find((folder) => existsSync(folder));
    const size = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
    const where =
      format === "embedded"
        ? "built in"
        : here
          ? "here"
          : files.length === 0
            ? "local only"
            : size > 0
              ? `to fetch, ${bytes(size)}`
              : "to fetch";
    return [name, where, title, licence];
  });
  process.stdout.write(
    `${columns([["name", "where", "title", "licence"], ...rows], process.stdout.columns || 100)}\n\n` +
      "Looked for in $LYCEUM_DATA/<name>, then in the cache. --data takes a path as well.\n",
  );
}

async function fetch(name: string): Promise<void> {
  const [{ fetchData }, { createProgress }, { basename }] = await Promise.all([
    import("../../data/fetch-data.ts"),
    import("../progress.ts"),
    import("node:path"),
  ]);
  const progress = createProgress(terminal(process.stderr));
  let fetched = 0;
  for await (const event of fetchData(name)) {
    const file = basename(new URL(event.url).pathname);
    if (event.kind === "progress")
      progress.update({ stage: file, done: event.received, total: event.total ?? 0, unit: "bytes" });
    else if (event.kind === "retry") progress.say(`${file}: ${event.reason}; trying again`);
    else {
      fetched++;
      progress.finish(file, `${event.bytes} bytes, sha256 ${event.sha256}`);
    }
  }
  process.stdout.write(fetched > 0 ? `${name} is ready: lyceum teach --data ${name}\n` : `${name} was here already.\n`);
}

async function show(nameOrPath: string): Promise<void> {
  const [{ resolveData }, { classCounts, countOf }, { columns }, { thousands }] = await Promise.all([
    import("../../data/resolve.ts"),
    import("../../data/dataset.ts"),
    import("../columns.ts"),
    import("../../teaching/report/format.ts"),
  ]);
  const { train, validation, test, source } = await resolveData(nameOrPath);
  const spread = (part: typeof train) => {
    const counts = Array.from(classCounts(part));
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    return `${thousands(countOf(part))} examples, ${least === most ? least : `${least} to ${most}`} per class`;
  };
  const rows = [
    ["name", source.title ? `${source.name} (${source.title})` : source.name],
    ...(source.path ? [["read from", source.path]] : []),
    ...(source.licence ? [["licence", source.licence]] : []),
    ["example", `[${train.inputShape.join(", ")}] ${train.inputs instanceof Uint8Array ? "bytes" : "floats"}`],
    [
      "classes",
      `${train.classes.length}: ${train.classes.slice(0, 20).join(", ")}${train.classes.length > 20 ? ", …" : ""}`,
    ],
    ["train", spread(train)],
    ["validation", spread(validation)],
    ["test", spread(test)],
    ...(source.notes ?? []).map((note) => ["note", note]),
    ...(source.files ?? []).slice(0, 8).map((file) => ["file", `${file.path} (${thousands(file.bytes)} bytes)`]),
  ];
  process.stdout.write(`${columns(rows, process.stdout.columns || 100)}\n`);
}
