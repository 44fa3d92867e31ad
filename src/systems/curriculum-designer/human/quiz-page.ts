/**
 * The quiz as one HTML file without network: pictures are embedded as paths, a policy in the page forbids every
 * request, and the log is offered as a file at the end. Inside JATOS (`jatos: true`) it loads JATOS's own script and
 * hands the log over. Each curriculum is one plan; a participant draws one, or opens `page.html#3` for the third.
 */
import type { QuizPlan } from "./quiz.ts";

/** What people read instead of the codes, which would give the super-families away. */
const WORDS: Readonly<Record<string, string>> = { fa1: "dax", fa2: "wuggle", fb1: "toma", fb3: "blicket", fc1: "zorp" };

export interface PageOptions {
  readonly jatos?: boolean;
  readonly title?: string;
}

export function quizPage(
  plans: readonly QuizPlan[],
  { jatos = false, title = "Learn new things" }: PageOptions = {},
): string {
  const policy = jatos
    ? "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'"
    : "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";
  // "<" would end the script element early.
  const embed = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");
  const heading = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${heading}</title>
<style>${STYLE}</style>
${jatos ? '<script src="jatos.js"></script>\n' : ""}</head>
<body>
<main id="page" aria-live="polite"></main>
<script>
"use strict";
const PLANS = ${embed(plans)};
const WORDS = ${embed(WORDS)};
const TITLE = ${embed(title)};
${SCRIPT}
</script>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 9rem; height: 9rem; border: 1px solid #8886; border-radius: 0.5rem; margin: 0.25rem; }
path { fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
button { font: inherit; padding: 0.5rem 1.2rem; margin: 0.25rem; border: 1px solid #888; border-radius: 0.5rem; cursor: pointer; }
.question svg { width: 14rem; height: 14rem; }
progress { width: 100%; }
`;

const SCRIPT = `
const page = document.getElementById("page");
const wanted = Number(location.hash.slice(1));
const number = wanted >= 1 && wanted <= PLANS.length ? wanted - 1 : crypto.getRandomValues(new Uint32Array(1))[0] % PLANS.length;
const plan = PLANS[number];
const events = [{ kind: "begin", curriculum: number + 1, order: plan.order }];
const element = (tag, text, children = []) => {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
};
const picture = (path) => {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("role", "img");
  const line = document.createElementNS(NS, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
};
const word = (name) => WORDS[name] || name;
const ask = (label) => {
  const button = element("button", label);
  page.append(button);
  button.focus();
  return new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
};
const show = (...children) => page.replaceChildren(...children);

async function question(item, phase, done, of) {
  const bar = element("progress");
  bar.max = of;
  bar.value = done;
  const { isAttentionCheck, answerIdx } = item.question;
  const text = isAttentionCheck ? "A check that you are reading: please choose " + word(item.choices[answerIdx]) + "." : "What is this?";
  const box = element("div", "", [picture(item.path)]);
  box.className = "question";
  show(bar, element("p", text), box);
  const begun = performance.now();
  const answer = await new Promise((resolve) => {
    item.choices.forEach((name, i) => {
      const button = element("button", word(name));
      button.addEventListener("click", () => resolve(i), { once: true });
      page.append(button);
    });
  });
  events.push({ kind: "question", phase, answer, question: item.question, reactionTime: Math.round(performance.now() - begun) });
}

async function run() {
  show(element("h1", TITLE), element("p", "You will meet things that you have never seen. Look at each kind and its name. After every part you are asked about all kinds so far. It takes about ten minutes; nothing is sent anywhere before the end."));
  await ask("Begin");
  for (const { phase, families, questions } of plan.phases) {
    events.push({ families: families.map(({ name, images }) => ({ name, images: images.map(({ id }) => id) })) });
    for (const { name, images } of families) {
      show(element("h2", "This is a " + word(name)), element("div", "", images.map(({ path }) => picture(path))));
      await ask("Next");
    }
    for (const [i, item] of questions.entries()) await question(item, phase, i, questions.length);
  }
  const log = JSON.stringify(events);
  if (typeof jatos !== "undefined") {
    await jatos.submitResultData(log);
    return jatos.endStudy();
  }
  const link = element("a", "Save the results");
  link.href = URL.createObjectURL(new Blob([log], { type: "application/json" }));
  link.download = "data.txt";
  show(element("h1", "Thank you"), element("p", "Please save the results and hand them to whoever invited you."), link);
}
run();
`;
