/**
 * Text on a terminal: width in cells (wide East Asian characters and emoji take two), cutting, wrapping, and
 * taking control characters out of names that came from files.
 */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;
const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Without control characters: a class or arm name must not be able to move the cursor or recolour a terminal. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
}

/** The longest beginning of `text` that fits into `room` cells, with its width; cut text ends in "…". */
export function cut(text: string, room: number): { text: string; width: number } {
  let kept = "";
  let width = 0;
  let beforeEllipsis = { text: "", width: 0 };
  for (const { segment } of segmenter.segment(text)) {
    const cells = WIDE.test(segment) ? 2 : 1;
    if (width + cells > room) return { text: `${beforeEllipsis.text}…`, width: beforeEllipsis.width + 1 };
    kept += segment;
    width += cells;
    if (width <= room - 1) beforeEllipsis = { text: kept, width };
  }
  return { text: kept, width };
}

/** Exactly `room` cells: cut or filled with spaces on the right. */
export function pad(text: string, room: number): string {
  const fitted = cut(text, room);
  return fitted.text + " ".repeat(Math.max(0, room - fitted.width));
}

/** Lines of at most `width` cells, broken at spaces; following lines start with `indent`. */
export function wrap(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line ? `${line} ${word}` : (lines.length ? indent : "") + word;
    if (line && cut(longer, Number.POSITIVE_INFINITY).width > width) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return line ? [...lines, line] : lines;
}
