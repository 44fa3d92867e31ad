/** The prompt of the AI SDK as plain messages: texts of three roles. What a model thought earlier is left out. */
import { fail } from "../../errors.ts";
import type { Message } from "../endpoint/request.ts";
import type { CallOptions } from "./options.ts";

/** @throws E_PROVIDER for files, pictures, and calls and results of tools */
export function messagesOf(prompt: CallOptions["prompt"]): Message[] {
  return prompt.map(({ role, content }): Message => {
    if (role === "tool") return refuse("result of a tool");
    if (role === "system") return { role, content };
    const texts = content.map((part) => {
      if (part.type === "text") return part.text;
      return part.type === "reasoning" ? "" : refuse(part.type);
    });
    return { role, content: texts.join("") };
  });
}

function refuse(what: string): never {
  return fail("E_PROVIDER", `The prompt holds a ${what}, but models of Lyceum read text only.`, "Leave it out.");
}
