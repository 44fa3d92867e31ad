import { parseHTML } from "linkedom";
import { expect, it } from "vitest";
import { sampleReport } from "../sample.ts";
import { type Figure, parseReport } from "../schema.ts";
import { methodSection } from "./method.ts";

const EVIL = `<b>"'&`;
const about = { title: `Title ${EVIL}`, caption: `Caption ${EVIL}` };
const axis = { label: `axis ${EVIL}`, unit: "" };
const share = { label: "accuracy", unit: "share" };
const points: [number, number][] = [
  [0, 0.8],
  [1, 0.9],
];
const image = sampleReport().examples[0]!.image;
const figures: Figure[] = [
  { ...about, id: "a", kind: "lines", x: axis, y: share, lines: [{ name: `line ${EVIL}`, points }] },
  { ...about, id: "b", kind: "scatter", x: axis, y: share, groups: [{ name: `group ${EVIL}`, points }] },
  {
    ...about,
    id: "c",
    kind: "bars",
    value: axis,
    bars: [
      { group: EVIL, name: `bar ${EVIL}`, value: -1, ci95: [-2, 0] },
      { name: "plain", value: 3, ci95: null },
    ],
  },
  { ...about, id: "d", kind: "shares", x: axis, at: [1, 2], layers: [{ name: `layer ${EVIL}`, values: [1, 1] }] },
  { ...about, id: "e", kind: "pictures", rows: [{ label: EVIL, pictures: [{ image, caption: `map ${EVIL}` }] }] },
  { ...about, id: "f", kind: "table", columns: [EVIL, "number"], rows: [[`cell ${EVIL}`, 2.71859]] },
];

it("draws every kind, with a legend where there are several, and lets no text become markup", () => {
  const report = parseReport({ ...sampleReport(), figures });
  const { document } = parseHTML(`<main>${methodSection(report)!.text}</main>`);
  expect(document.querySelectorAll("b")).toHaveLength(0);
  // Wide and narrow drawings of four kinds; pictures and tables are no drawings.
  expect(document.querySelectorAll('svg[role="img"]')).toHaveLength(8);
  const text = document.querySelector("main")!.textContent;
  for (const word of ["line", "group", "layer", "map", "cell"]) expect(text).toContain(`${word} ${EVIL}`);
  expect(text).toContain("2.719");
  // Shares are drawn in per cent.
  expect(text).toContain("accuracy (%)");
});

it("is absent without figures", () => {
  expect(methodSection({})).toBeNull();
  expect(methodSection({ figures: [] })).toBeNull();
});
