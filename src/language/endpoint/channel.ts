/** Events from work that runs on its own to one reader: a queue with an end. */
export interface Channel<T> {
  send(value: T): void;
  /** What is in the queue is still read; then the reading ends, or throws `error`. */
  end(error?: unknown): void;
  read(): AsyncGenerator<T, void>;
}

export function channel<T>(): Channel<T> {
  let queue: T[] = [];
  let ended: { readonly error: unknown } | undefined;
  let wake = () => {};
  return {
    send: (value) => {
      queue.push(value);
      wake();
    },
    end: (error) => {
      ended ??= { error };
      wake();
    },
    async *read() {
      for (;;) {
        const ready = queue;
        queue = [];
        yield* ready;
        if (queue.length > 0) continue;
        if (ended) {
          if (ended.error !== undefined) throw ended.error;
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
