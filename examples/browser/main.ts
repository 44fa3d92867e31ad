const w = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
w.onmessage = (e) => { console.log(JSON.stringify(e.data).slice(0,300)); };
w.postMessage({examples:1000,epochs:1});
