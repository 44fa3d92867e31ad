/** Text for language models: reading it, splitting it, and rows and batches of tokens. */
export {
  CHAT_ROLES,
  type ChatFormat,
  chatExample,
  chatFormat,
  chatPrompt,
  converses,
  OWN_TEMPLATE,
  ownChat,
} from "./chat.ts";
export { type ChatTemplate, loadChatTemplate } from "./chat-template.ts";
export { type Document, knownText, type Message, parseJsonLines, readCorpus } from "./corpus.ts";
export {
  type Example,
  IGNORED,
  type PackOptions,
  packDocuments,
  packExamples,
  pairExample,
  type Rows,
} from "./pack.ts";
export { type RowBatch, type RowBatches, rowBatches, takeRows } from "./row-batches.ts";
export { CUSTOMARY_SHARES, type Share, splitByShares } from "./split.ts";
