/** What the terminal behind a stream can do, asked in one place: live lines, colours, columns. */

export interface Terminal {
  write(text: string): void;
  /** A line may be drawn again over itself. */
  readonly live: boolean;
  readonly columns: () => number;
  /** Wraps in a colour where colours are wanted (https://no-color.org). */
  readonly paint: (colour: Colour, text: string) => string;
}

const CODES = { green: 32, yellow: 33, cyan: 36, grey: 90, bold: 1 } as const;
export type Colour = keyof typeof CODES;

export function terminal(
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Terminal {
  const live = Boolean(stream.isTTY) && env.TERM !== "dumb";
  const coloured = live && !env.NO_COLOR;
  return {
    write: (text) => {
      stream.write(text);
    },
    live,
    columns: () => stream.columns || 80,
    paint: (colour, text) => (coloured ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text),
  };
}
