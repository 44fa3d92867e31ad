/**
 * Which endpoint, which model and with which key: `URL#model` or `service#model`.
 *
 * The key lives in a closure, so that no log, report, event or inspection of the object can show it, and a service's
 * variable is read for that service's own host only: an address from elsewhere never receives the key of another.
 */
import { fail } from "../../errors.ts";

/** Services by name. Anything else is given by its URL. */
const SERVICES: Readonly<Record<string, { readonly url: string; readonly variable?: string }>> = {
  openai: { url: "https://api.openai.com/v1", variable: "OPENAI_API_KEY" },
  openrouter: { url: "https://openrouter.ai/api/v1", variable: "OPENROUTER_API_KEY" },
  mistral: { url: "https://api.mistral.ai/v1", variable: "MISTRAL_API_KEY" },
  deepseek: { url: "https://api.deepseek.com/v1", variable: "DEEPSEEK_API_KEY" },
  groq: { url: "https://api.groq.com/openai/v1", variable: "GROQ_API_KEY" },
  together: { url: "https://api.together.xyz/v1", variable: "TOGETHER_API_KEY" },
  ollama: { url: "http://localhost:11434/v1" },
};

export interface Endpoint {
  /** Without a slash at its end and without the key. */
  readonly url: string;
  readonly model: string;
  /** `URL#model`: what reports say. */
  readonly name: string;
  /** Where the key was looked for, for advice. */
  readonly variable: string;
  /** Headers that authorise; empty where there is no key. */
  authorisation(): Record<string, string>;
  /** The text with the key blotted out: services quote wrong keys in their errors. */
  hide(text: string): string;
}

/**
 * Reads `http://localhost:8000/v1#model` or `openai#model`. The key comes from LYCEUM_API_KEY, else from the variable of
 * the service (`openai`: OPENAI_API_KEY).
 * @throws E_ENDPOINT
 */
export function parseEndpoint(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Endpoint {
  const at = text.indexOf("#");
  const [place, model] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  if (place === "" || model === "") wrong(text, "it lacks the address or the model");
  const named = Object.hasOwn(SERVICES, place) ? SERVICES[place] : undefined;
  const url = addressOf(named?.url ?? place, text);
  const service = named ?? Object.values(SERVICES).find((one) => new URL(one.url).host === new URL(url).host);
  const own = service?.variable;
  const key = environment.LYCEUM_API_KEY || (own && environment[own]) || "";
  // It becomes a header: a line break in it would be refused later, in words that quote it.
  if (!/^[\x21-\x7e]*$/.test(key)) {
    fail("E_ENDPOINT", "The key holds spaces or other characters that no key has.", "Look at how the variable is set.");
  }
  return {
    url,
    model,
    name: `${url}#${model}`,
    variable: own ? `LYCEUM_API_KEY or ${own}` : "LYCEUM_API_KEY",
    authorisation: (): Record<string, string> => (key ? { Authorization: `Bearer ${key}` } : {}),
    hide: (said) => (key ? said.replaceAll(key, "***") : said),
  };
}

function addressOf(place: string, text: string): string {
  let url: URL;
  try {
    url = new URL(place);
  } catch {
    return wrong(text, `"${place}" is neither a URL nor one of ${Object.keys(SERVICES).join(", ")}`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") wrong(text, "the URL must begin with http:// or https://");
  if (url.username || url.password) {
    // The text holds a password: it is not repeated.
    fail("E_ENDPOINT", "The URL of the teacher holds a user name or password.", "Put the key into LYCEUM_API_KEY.");
  }
  if (url.search) {
    fail("E_ENDPOINT", "The URL of the teacher has a query (?...).", "Put the key into LYCEUM_API_KEY.");
  }
  return url.href.replace(/\/+$/, "").replace(/\/(chat\/)?completions$/, "");
}

const wrong = (text: string, why: string): never =>
  fail(
    "E_ENDPOINT",
    `The teacher "${text}" cannot be reached that way: ${why}.`,
    "Write URL#model, for example http://localhost:8000/v1#my-model or openai#name-of-the-model.",
  );
