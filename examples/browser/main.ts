/** The page: starts the worker, listens to it, draws. All learning is in lesson.ts. */
import { type Curves, drawCurves } from "./curves.ts";
import { ARMS, type Arm, type Digit, type DigitsOptions, type DigitsResult } from "./lesson.ts";
import { NAMES, percent, rounded } from "./words.ts";
import type { News } from "./worker.ts";

const element = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;
const [button, status, progress] = [
  element<HTMLButtonElement>("teach"),
  element("status"),
  element<HTMLProgressElement>("progress"),
];

/** Share of the time that each takes, roughly: for the bar. */
const TIME: Readonly<Record<Arm, number>> = { teacher: 0.86, taught: 0.07, alone: 0.07 };

const LEARNS: Readonly<Record<Arm, string>> = {
  teacher: "learns from labels",
  taught: "learns from the teacher’s answers",
  alone: "learns from labels",
};

/** What the number of a card counts. */
const KIND = { waiting: "not begun", learning: "of the validation digits", done: "of the test digits" } as const;

type Begun = Extract<News, { type: "begins" }>;

let worker: Worker | undefined;
let begun: Begun | undefined;
let curves: Record<Arm, [number, number][]>;

button.addEventListener("click", () => (worker ? stop("Stopped.") : start()));
new ResizeObserver(draw).observe(element("curves"));
reset();

function start(): void {
  reset();
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<News>) => hear(data);
  worker.onerror = ({ message }) => stop(`The lesson could not be started: ${message}`);
  button.textContent = "Stop";
  // A screen reader hears how it ends, not every step.
  status.ariaLive = "off";
  status.textContent = "Drawing digits …";
  // For tests and the curious: ?examples=2000&epochs=6
  const options = Object.fromEntries(
    Array.from(new URLSearchParams(location.search), ([name, value]) => [name, Number.isNaN(+value) ? value : +value]),
  );
  worker.postMessage(options satisfies DigitsOptions);
}

function stop(message: string): void {
  worker?.terminate();
  worker = undefined;
  button.textContent = "Teach again";
  status.ariaLive = "polite";
  status.textContent = message;
}

function hear(news: News): void {
  if (news.type === "begins") {
    begun = news;
    status.textContent = "Preparing the teacher …";
    for (const arm of ARMS) card(arm, "waiting", "–", about(news, arm));
  } else if (news.type === "progress") {
    const { arm, step, of, stepMs } = news;
    const before = ARMS.slice(0, ARMS.indexOf(arm)).reduce((sum, earlier) => sum + TIME[earlier], 0);
    progress.value = before + (TIME[arm] * step) / of;
    status.textContent = `${NAMES[arm]}: step ${step} of ${of}, ${stepMs.toFixed(stepMs < 10 ? 1 : 0)} ms each`;
  } else if (news.type === "exam") {
    const { arm, step, accuracy } = news;
    curves[arm].push([step / begun!.steps[arm], accuracy]);
    card(arm, "learning", percent(accuracy), about(begun!, arm));
    draw();
  } else if (news.type === "ends") {
    conclude(news.result);
  } else {
    stop(news.message);
  }
}

function conclude({ accuracy, only, digits, onnx }: DigitsResult): void {
  for (const arm of ARMS) card(arm, "done", percent(accuracy[arm]), about(begun!, arm));
  element("digits").replaceChildren(...digits.map(tile));
  element("digits-intro").textContent =
    `Chosen to show where the teacher helped. Of 2000 test digits, ${only.taught} are read by the taught student only, ` +
    `and ${only.alone} by the student alone only.`;
  element("reading").hidden = false;
  button.after(downloadLink(onnx));
  progress.value = 1;
  stop(verdict(accuracy));
}

function downloadLink(onnx: DigitsResult["onnx"]): HTMLElement {
  const link = document.createElement("a");
  [link.id, link.className, link.download] = ["download", "button", "student.onnx"];
  link.href = URL.createObjectURL(new Blob([onnx], { type: "application/octet-stream" }));
  link.textContent = "Download student.onnx";
  return link;
}

/** Says what came out, whichever way it came out. */
function verdict({ taught, alone }: DigitsResult["accuracy"]): string {
  const more = Math.round(2000 * (taught - alone));
  const whose = more > 0 ? "taught student" : "student alone";
  return more === 0
    ? "On the test digits, the teacher made no difference."
    : `The ${whose} reads ${Math.abs(more)} of 2000 test digits more than the other.`;
}

const about = ({ params, flops }: Begun, arm: Arm): string =>
  `${rounded(params[arm])} parameters, ${rounded(flops[arm])} operations a digit`;

function reset(): void {
  begun = undefined;
  curves = { teacher: [], taught: [], alone: [] };
  progress.value = 0;
  document.getElementById("download")?.remove();
  for (const arm of ARMS) card(arm, "waiting", "–", LEARNS[arm]);
  element("reading").hidden = true;
  draw();
}

/** `state`: what the number is an answer to. */
function card(arm: Arm, state: "waiting" | "learning" | "done", value: string, detail: string): void {
  const list = element("cast");
  const item = list.querySelector<HTMLElement>(`[data-arm="${arm}"]`) ?? list.appendChild(document.createElement("li"));
  item.dataset.arm = arm;
  item.dataset.state = state;
  item.replaceChildren(
    line("name", NAMES[arm]),
    line("value", value),
    line("detail", KIND[state]),
    line("detail", detail),
  );
}

function line(kind: string, text: string): HTMLElement {
  const p = document.createElement("p");
  p.className = kind;
  p.textContent = text;
  return p;
}

function draw(): void {
  const box = element("curves");
  box.innerHTML = drawCurves(curves satisfies Curves, Math.max(300, box.clientWidth));
}

function tile({ pixels, label, read }: Digit): HTMLElement {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [28, 28];
  canvas.role = "img";
  canvas.ariaLabel = `A drawn ${label}`;
  const image = new ImageData(28, 28);
  for (const [i, ink] of pixels.entries()) image.data.set([255 - ink, 255 - ink, 255 - ink, 255], 4 * i);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  const list = document.createElement("dl");
  for (const arm of ARMS) {
    const [who, what] = [document.createElement("dt"), document.createElement("dd")];
    who.dataset.arm = arm;
    who.textContent = NAMES[arm];
    const right = read[arm] === label;
    what.innerHTML = right ? `${read[arm]} ✓` : `<span class="wrong">${read[arm]}</span> ✗`;
    list.append(who, what);
  }
  item.append(canvas, list);
  return item;
}
