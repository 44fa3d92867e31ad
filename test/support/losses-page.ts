/**
 * docs/losses.md, made of the sources: the table of `--loss`, and the header and the functions of every file of losses.
 * `npx tsx test/support/losses-page.ts` writes it; test/losses-page.test.ts checks that it is up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type LossEntry, losses } from "../../src/teaching/losses/registry.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = "src/teaching/losses";
export const PAGE = join(ROOT, "docs/losses.md");

/** Every file of losses, in the order of the page. */
export const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  "Labels and answers": ["cross-entropy", "tf-kd", "kd", "dkd", "dist"],
  "One feature map": ["fitnet", "at", "sp", "mgd", "ft"],
  "The maps of all stages": ["reviewkd", "vid", "nst", "ab", "fsp", "ofd"],
  Embeddings: ["rkd", "pkt", "cc", "crd", "nd"],
  "Several students or teachers": ["group/mutual", "group/ensemble", "group/dense"],
  "Language models": ["language/divergences", "language/tokens", "language/top-k", "language/z-loss"],
  "Ranking and retrieval": ["ranking/margins", "ranking/lists"],
  "Inside transformers": ["transformer/tinybert", "transformer/minilm", "transformer/relations"],
  "Against forgetting": ["continual/lwf", "continual/penalty", "continual/fisher"],
  "Putting losses together": ["weighted", "loss", "adapter", "adapter-layers", "taps", "registry"],
};

const INTRO = `# Losses

Every loss of Lyceum with its formula, as the sources state it. This page is generated from them:
\`npx tsx test/support/losses-page.ts\`.

A loss is a function (student's outputs, teacher's targets, batch) to a scalar and its unweighted parts. Targets carry no
gradient. Reductions are stated in each formula: "mean over the batch" divides by B and by nothing else. Weights stand
outside, in a recipe, and are those of the published settings. Logarithms are natural; every loss is finite for logits of
±1e4 and where student and teacher are equal. B is the batch, C the number of classes, T or τ a temperature, z logits
\`[B, C]\`, f an embedding \`[B, d]\`, F a feature map \`[B, c, h, w]\`; s and t stand for student and teacher.

In code: \`import { kd, dkd, weighted } from "lyceum/losses"\`; those of groups, language models, rankers, transformers and
continual learning are in the namespaces \`group\`, \`language\`, \`ranking\`, \`transformer\` and \`continual\`.`;

/** The whole page. */
export function lossesPage(): string {
  const sections = Object.entries(SECTIONS).map(
    ([title, files]) => `## ${title}\n\n${files.map(fileSection).join("\n\n")}`,
  );
  return `${[INTRO, table(), ...sections].join("\n\n")}\n`;
}

function table(): string {
  const head = `## By name, for \`--loss\`

\`--loss kd,dkd\` adds losses with these weights, and cross-entropy on the labels with the largest of the label weights;
\`--loss kd:0.9,ce:0.1\` states all weights. Weights of relations between examples (sp, pkt) belong to the batch size of
their papers, 64: look at the parts in the log, which should be 0.1 to 10 times the label term once learning is under way.

| name | compares | reads | weight | labels | options | source |
| --- | --- | --- | --- | --- | --- | --- |`;
  const rows = Object.entries(losses).map(([name, entry]) => {
    const options = Object.entries(entry.defaults).map(([option, value]) => `${option} ${value}`);
    const { summary, weight, labels, source } = entry;
    return `| \`${name}\` | ${summary} | ${reads(entry)} | ${weight} | ${labels} | ${options.join(", ")} | ${source} |`;
  });
  return [head, ...rows].join("\n");
}

function reads({ needs }: LossEntry): string {
  const { taps, embedding, classMeans, beforeRelu } = needs;
  if (!taps) return needs.logits ? "logits" : "labels";
  const before = beforeRelu && ` (${beforeRelu === "both" ? "both" : "the teacher's"} before their ReLU)`;
  const kind = { map: "last map", embedding: "embedding", maps: "maps of all stages" }[taps];
  return [`${kind}${before ?? ""}`, ...(embedding ? ["embedding"] : []), ...(classMeans ? ["class means"] : [])].join(
    ", ",
  );
}

function fileSection(file: string): string {
  const text = readFileSync(join(ROOT, FOLDER, `${file}.ts`), "utf8");
  const header = /^\/\*\*([\s\S]*?)\*\//.exec(text)![1]!;
  const path = `${FOLDER}/${file}.ts`;
  const options = Array.from(
    text.matchAll(/^export (interface \w+(?:Options|Taps|Scores) [\s\S]*?^\})/gm),
    ([, all]) => all!,
  );
  const functions = exportsOf(text).map(({ signature, about }) => `${code(signature)}${about && `\n\n${about}`}`);
  return [
    `### ${file.split("/").at(-1)}`,
    prose(header),
    `[${path}](../${path})`,
    ...options.map(code),
    ...functions,
  ].join("\n\n");
}

const code = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``;

/** What an index hands out: the names that a user can import. */
const PUBLIC = new Set(
  ["", "group/", "language/", "ranking/", "transformer/", "continual/"].flatMap((folder) => {
    const text = readFileSync(join(ROOT, FOLDER, folder, "index.ts"), "utf8");
    return Array.from(text.matchAll(/^export \{([^}]*)\}/gm), ([, names]) => names!.split(/[\s,]+/)).flat();
  }),
);

/** Public functions with their signatures and docstrings. */
function exportsOf(text: string): { signature: string; about: string }[] {
  const found = text.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (?:function|const) (\w+)/g);
  return Array.from(found)
    .filter(([, , name]) => PUBLIC.has(name!))
    .map((match) => {
      const at = match.index + match[0].lastIndexOf("export ");
      return { signature: signatureAt(text, at + "export ".length), about: match[1] ? prose(match[1]) : "" };
    });
}

/** From a declaration to the brace that opens its body, or to its arrow; of a constant that is no function, its first line. */
function signatureAt(text: string, from: number): string {
  const rest = text.slice(from);
  if (rest.startsWith("const")) return rest.slice(0, rest.search(/ =>|;\n| = \{\n/)).replace(/ = (?=[\d"-])/, " = ");
  let depth = 0;
  let end = rest.indexOf("(");
  for (; end < rest.length; end++) {
    if (rest[end] === "(") depth++;
    if (rest[end] === ")" && --depth === 0) break;
  }
  return rest.slice(0, end + rest.slice(end).search(/ \{\n/));
}

/** A comment without its stars; lines stay as they are. */
function prose(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
    .join("\n")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .trim();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(PAGE, lossesPage());
