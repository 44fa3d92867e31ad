/** A page that answers questions: `await check("drawn")`, each in a worker of its own. */
declare global {
  var check: (name: string, argument?: unknown) => Promise<unknown>;
}

globalThis.check = (name, argument) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./checks.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => {
      worker.terminate();
      if ("error" in data) reject(new Error(data.error));
      else resolve(data.value);
    };
    worker.onerror = (event) => reject(new Error(event.message || "The worker could not be started."));
    worker.postMessage({ name, argument });
  });

export {};
