/**
 * SHA-256 in Node and browsers (Web Crypto), for files and for the content of a dataset.
 *
 * A dataset's hash is the hash of the hashes of its parts, so that nothing large is concatenated. Names are left out:
 * the same pictures under another name are the same content, and the teacher store may reuse its answers.
 */
import type { ArrayDataset } from "./dataset.ts";

/** Lower-case hex SHA-256 of the bytes of `data`. */
export async function sha256(data: ArrayBufferView | string): Promise<string> {
  const view = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  // Web Crypto refuses shared memory: copy only then.
  const plain = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
  return Array.from(digest, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Content hash of a dataset: element type, shape, classes, inputs and labels; not its name nor its normalisation. */
export async function hashDataset(dataset: ArrayDataset): Promise<string> {
  const { inputs, inputShape, labels, classes } = dataset;
  const header = JSON.stringify({ type: inputs instanceof Uint8Array ? "u8" : "f32", inputShape, classes });
  const parts = await Promise.all([sha256(header), sha256(inputs), sha256(labels)]);
  return sha256(parts.join("\n"));
}
