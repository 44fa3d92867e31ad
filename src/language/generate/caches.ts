/**
 * Keys and values of the sequences being generated, one slot each: [slots, G, capacity, E] per layer, keys only for
 * layers that lead. Slots come first, so that the first n of them, or one alone, are views without copying; sequences
 * in use stand in front without gaps.
 */
import { type HostTensor, host } from "../../tensor/index.ts";
import type { DecoderConfig } from "../decoder/index.ts";

/** The same memory as a graph's inputs and as its outputs. */
export interface CacheTensors {
  readonly before: Readonly<Record<string, HostTensor>>;
  readonly after: Readonly<Record<string, HostTensor>>;
}

export interface Caches {
  readonly slots: number;
  /** Tokens that fit into a slot. */
  readonly capacity: number;
  /** layers·slots·capacity·G·E·(2 - followers/layers)·4. */
  readonly bytes: number;
  /** `count` slots from `first` on. */
  view(first: number, count: number): CacheTensors;
  /** Copies the first `length` tokens of a slot to another. */
  move(from: number, to: number, length: number): void;
  /** Room for at least so much; what is there stays. */
  reserve(slots: number, capacity: number): void;
}

/** Names of the caches in a graph. */
export function cacheNames({ leaders }: DecoderConfig): string[] {
  return leaders.flatMap((leader, i) => (leader === i ? [`keys${i}`, `values${i}`] : [`values${i}`]));
}

export function caches(config: DecoderConfig, firstSlots: number, firstCapacity: number): Caches {
  const { keyHeads, headWidth } = config;
  const names = cacheNames(config);
  let [slots, capacity] = [firstSlots, firstCapacity];
  const allocate = () => names.map(() => new Float32Array(slots * keyHeads * capacity * headWidth));
  let memory = allocate();
  let views = new Map<string, CacheTensors>();
  return {
    get slots() {
      return slots;
    },
    get capacity() {
      return capacity;
    },
    get bytes() {
      return memory.reduce((sum, { byteLength }) => sum + byteLength, 0);
    },
    view(first, count) {
      const name = `${first},${count}`;
      let known = views.get(name);
      if (!known) {
        const size = keyHeads * capacity * headWidth;
        const tensors = memory.map((all) =>
          host(all.subarray(first * size, (first + count) * size), [count, keyHeads, capacity, headWidth]),
        );
        known = {
          before: Object.fromEntries(names.map((n, i) => [n, tensors[i]!])),
          after: Object.fromEntries(names.map((n, i) => [`${n}+`, tensors[i]!])),
        };
        views.set(name, known);
      }
      return known;
    },
    move(from, to, length) {
      const head = capacity * headWidth;
      for (const all of memory) {
        for (let g = 0; g < keyHeads; g++) {
          const start = (from * keyHeads + g) * head;
          all.copyWithin((to * keyHeads + g) * head, start, start + length * headWidth);
        }
      }
    },
    reserve(wantedSlots, wantedCapacity) {
      if (wantedSlots <= slots && wantedCapacity <= capacity) return;
      const [old, rows, before] = [memory, slots * keyHeads, capacity * headWidth];
      [slots, capacity] = [Math.max(slots, wantedSlots), Math.max(capacity, wantedCapacity)];
      memory = allocate();
      views = new Map();
      memory.forEach((all, i) => {
        for (let row = 0; row < rows; row++) {
          all.set(old[i]!.subarray(row * before, (row + 1) * before), row * capacity * headWidth);
        }
      });
    },
  };
}
