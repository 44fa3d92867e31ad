/**
 * What really came over the wire, beside what a library makes of it: status, headers and every byte of the body, also of
 * one that broke off. Accounts are kept by this, since a body that is useless as an answer may still say what it cost.
 */
export interface Wire {
  /** Undefined until the head of an answer arrived. */
  status?: number;
  headers: Headers;
  body: string;
  /** The body arrived to its end. */
  complete: boolean;
  /** What ended the exchange early. */
  error?: unknown;
}

export const newWire = (): Wire => ({ headers: new Headers(), body: "", complete: false });

/** `fetch` that reads the whole answer and keeps it in the wire of the request. */
export function tapped(wireOf: () => Wire): typeof fetch {
  return async (input, init) => {
    const wire = wireOf();
    const chunks: Uint8Array[] = [];
    try {
      const response = await fetch(input, init);
      wire.status = response.status;
      wire.headers = response.headers;
      for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array);
      wire.complete = true;
    } catch (error) {
      wire.error = error;
      throw error;
    } finally {
      wire.body = Buffer.concat(chunks).toString("utf8");
    }
    // These have no body by definition, and Response refuses one.
    const empty = [204, 205, 304].includes(wire.status);
    return new Response(empty ? null : wire.body, { status: wire.status, headers: wire.headers });
  };
}
