/** Teachers behind OpenAI-compatible endpoints: single questions, scored texts and labelling jobs. */
export { type AskOptions, type ChatTeacher, chatTeacher, type Reply } from "./chat-model.ts";
export type { Bound, Budget, Prices } from "./cost.ts";
export { type Endpoint, parseEndpoint } from "./endpoint.ts";
export type { Failure, FailureKind } from "./failures.ts";
export { itemsFromLines, type LabelItem } from "./items.ts";
export { type Around, label } from "./job.ts";
export type { LabelOptions } from "./options.ts";
export type { FailedItem, LabelEvent, LabelReport } from "./report.ts";
export type { Answer, ChatRequest, Message, Sampling, Token, TokenChoice, Usage } from "./request.ts";
export { type ScoredText, type ScoreOptions, scoreText } from "./score.ts";
